#include "gateway/control/ice_servers.h"

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/identity/turn_credential.h"

void ice_servers_fill(const struct control_turn *turn, int64_t wall_us, struct message_offer *offer)
{
    char name[TURN_NAME_SIZE];
    struct turn_credential credential;
    if (turn->urls_count == 0)
        return;
    turn_name_new(name);
    turn_credential_make(turn->secret, name, wall_us, turn->lifetime_us, &credential);
    for (uint32_t i = 0; i < turn->urls_count; i++) {
        CHECK(offer->ice_servers_count < ARRAY_LENGTH(offer->ice_servers));
        struct message_ice_server *server = &offer->ice_servers[offer->ice_servers_count++];
        /* The configuration knows the same bounds. */
        CHECK(text_copy(server->urls, sizeof(server->urls), turn->urls[i]));
        CHECK(text_copy(server->username, sizeof(server->username), credential.username));
        CHECK(text_copy(server->credential, sizeof(server->credential), credential.password));
    }
}
