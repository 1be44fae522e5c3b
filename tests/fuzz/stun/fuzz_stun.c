/* Connectivity checks from anybody. Each input is tried twice: as it is, and as the attributes of a Binding request that
 * carries a right USERNAME, MESSAGE-INTEGRITY and FINGERPRINT, so that what lies behind authentication is reached too.
 * Must hold: no reply to what does not authenticate, and never a reply beyond the buffer. */
#include <stdlib.h>
#include <string.h>

#include <stun/stunagent.h>

#include "gateway/base/check.h"
#include "media/ice/ice_agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char PASSWORD[] = "0123456789012345678901";

struct known_lookup {
    struct ice_lookup base;
    bool found;
};

static struct span known_password(struct ice_lookup *base, struct span ufrag)
{
    struct known_lookup *lookup = CONTAINER_OF(base, struct known_lookup, base);
    if (ufrag.length != 4 || memcmp(ufrag.data, "ours", 4) != 0)
        return span_of(NULL, 0);
    lookup->found = true;
    return span_of(PASSWORD, sizeof(PASSWORD) - 1);
}

static void check_one(struct ice_agent *agent, const uint8_t *data, size_t size)
{
    struct net_address source = {.family = size % 2 == 0 ? NET_UDP4 : NET_UDP6, .port = 9};
    struct known_lookup lookup = {.base.password = known_password};
    uint8_t reply[ICE_REPLY_MAX];
    uint8_t *exact = malloc(size > 0 ? size : 1); /* so that one byte too far is seen */
    CHECK(exact != NULL);
    if (size > 0)
        memcpy(exact, data, size);
    struct ice_verdict verdict =
        ice_agent_check(agent, span_of(exact, size), &source, &lookup.base, reply);
    CHECK(verdict.reply_length <= sizeof(reply));
    if (verdict.outcome == ICE_INVALID || verdict.outcome == ICE_INDICATION)
        CHECK(verdict.reply_length == 0);
    else
        CHECK(lookup.found && verdict.reply_length >= 20);
    free(exact);
}

static void check_authenticated(struct ice_agent *agent, const uint8_t *data, size_t size)
{
    StunAgent writer;
    StunMessage message;
    uint8_t datagram[1500];
    static const uint16_t known[] = {0};
    stun_agent_init(&writer, known, STUN_COMPATIBILITY_RFC5389,
                    STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
    if (!stun_agent_init_request(&writer, &message, datagram, sizeof(datagram), STUN_BINDING))
        return;
    stun_message_append_bytes(&message, STUN_ATTRIBUTE_USERNAME, "ours:theirs", 11);
    /* attribute after attribute: type, length, that many bytes */
    while (size >= 3) {
        uint16_t type = bytes_get_u16(data);
        size_t length = data[2] < size - 3 ? data[2] : size - 3;
        if (stun_message_append_bytes(&message, (StunAttribute)type, data + 3, length) !=
            STUN_MESSAGE_RETURN_SUCCESS)
            break;
        data += 3 + length;
        size -= 3 + length;
    }
    size_t length = stun_agent_finish_message(&writer, &message, (const uint8_t *)PASSWORD,
                                              sizeof(PASSWORD) - 1);
    check_one(agent, datagram, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ice_agent *agent;
    if (!result_ok(ice_agent_new(&agent)))
        return 0;
    check_one(agent, data, size);
    check_authenticated(agent, data, size);
    ice_agent_free(agent);
    return 0;
}
