/* The table of consultations that are not over, and the packs they hang on. */
#include <stdlib.h>
#include <string.h>

#include "gateway/control/control_state.h"
#include "gateway/control/devices.h"

struct live_consultation *live_find(struct control *control, const struct id *id)
{
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        if (!live->unborn && id_equal(&live->now.id, id))
            return live;
    }
    return NULL;
}

struct live_consultation *live_new(struct control *control, const struct control_pack *pack)
{
    if (control->live_count >= CONTROL_LIVE_MAX)
        return NULL;
    struct live_consultation *live = calloc(1, sizeof(*live));
    if (live == NULL)
        return NULL;
    live->control = control;
    live->pack = pack;
    list_append(&control->live, &live->link);
    control->live_count++;
    return live;
}

void live_free(struct live_consultation *live)
{
    list_remove(&live->link);
    live->control->live_count--;
    device_media_free(live);
    submit_free(live->committing);
    free(live->waiting);
    memset(live, 0, sizeof(*live)); /* the patient's name */
    free(live);
}

const struct control_pack *control_pack_by_hash(struct control *control, const struct sha256 *hash)
{
    for (uint32_t i = 0; i < control->packs_count; i++)
        if (sha256_equal(&rule_pack_info(control->packs[i].pack)->hash, hash))
            return &control->packs[i];
    return NULL;
}

struct visitor *live_visitor(const struct live_consultation *live, int seat)
{
    struct control *control = live->control;
    if (seat < 0 || !handle_is_set(live->seats[seat].session))
        return NULL;
    return signaling_session_context(control->signaling, live->seats[seat].session);
}

int live_seat_of_role(const struct consultation *consultation, enum role role)
{
    for (int seat = 0; seat < SEATS_MAX; seat++)
        if (consultation->seats[seat].status != SEAT_EMPTY &&
            consultation->seats[seat].status != SEAT_GONE && consultation->seats[seat].role == role)
            return seat;
    return -1;
}

int live_seat_of(const struct consultation *consultation, const struct actor *actor)
{
    for (int seat = 0; seat < SEATS_MAX; seat++)
        if (consultation->seats[seat].role == actor->role &&
            id_equal(&consultation->seats[seat].person, &actor->person) &&
            (seat < SEAT_FIRST_GUEST || consultation->seats[seat].status != SEAT_GONE))
            return seat;
    return -1;
}

const struct consultation *control_find(struct control *control, const struct id *consultation)
{
    const struct live_consultation *live = live_find(control, consultation);
    return live == NULL ? NULL : &live->now;
}

uint32_t control_live_count(const struct control *control)
{
    uint32_t count = 0;
    LIST_FOR_EACH_CONST(&control->live, link)
    {
        const struct live_consultation *live =
            CONST_CONTAINER_OF(link, struct live_consultation, link);
        count +=
            live->now.state != CONSULTATION_STATE_BOOKED && !consultation_is_over(live->now.state);
    }
    return count;
}

const struct rule_pack *control_pack_in_use(const struct control *control)
{
    return control->packs[control->pack_current].pack;
}

const struct directory *control_directory(const struct control *control)
{
    return control->directory;
}

enum result control_use_pack(struct control *control, struct control_pack *pack)
{
    const struct control_pack *known =
        control_pack_by_hash(control, &rule_pack_info(pack->pack)->hash);
    if (known == NULL) {
        if (control->packs_count == ARRAY_LENGTH(control->packs))
            return RESULT_FULL;
        known = &control->packs[control->packs_count];
        control->packs[control->packs_count++] = *pack;
    } else {
        rule_pack_free(pack->pack);
        free(pack->bytes);
    }
    control->pack_current = (uint32_t)(known - control->packs);
    memset(pack, 0, sizeof(*pack));
    return RESULT_OK;
}
