/* A narrow line pauses the picture of its owner alone; sound and the gate stay as they are. Offline worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "media/path/path.h"
#include "media/worker/worker.h"

enum { AUDIO_UP, VIDEO_UP, AUDIO_DOWN, VIDEO_DOWN, SLOTS };

struct rig {
    struct media_options options;
    struct dtls_identity *identity;
    struct media_worker *worker;
    struct endpoint *people[3];
    struct route *sound, *picture, *other_picture; /* 0 → 1, 0 → 2 */
};

static struct endpoint *open_one(struct rig *rig, uint32_t slot)
{
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_OPEN,
                                    .endpoint = {.slot = slot, .generation = 1}};
    snprintf(command.open.ice.ufrag, sizeof(command.open.ice.ufrag), "ufrag%u", slot);
    memcpy(command.open.ice.pwd, "0123456789012345678901", 23);
    for (unsigned i = 0; i < SLOTS; i++) {
        struct media_slot *info = &command.open.slots[i];
        *info = (struct media_slot){.kind = i % 2 == 0 ? MEDIA_AUDIO : MEDIA_VIDEO,
                                    .up = i < AUDIO_DOWN,
                                    .ssrc = i < AUDIO_DOWN ? 0 : slot * 10 + i};
        snprintf(info->mid, sizeof(info->mid), "%u", i);
    }
    command.open.slots_count = SLOTS;
    assert_int_equal(endpoint_open(rig->worker, &command), RESULT_OK);
    return worker_endpoint(rig->worker, command.endpoint);
}

static struct route *connect_slots(struct rig *rig, unsigned to, unsigned up, unsigned down)
{
    struct publisher *publisher = rig->people[0]->slots[up].publisher;
    struct subscriber *subscriber = rig->people[to]->slots[down].subscriber;
    assert_int_equal(route_add(publisher, subscriber), RESULT_OK);
    struct route *route = route_find(publisher, subscriber);
    assert_non_null(route);
    route_set_gate(route, true, rig->worker->now_us);
    return route;
}

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    rig->options = (struct media_options){.workers = 1,
                                          .bind_address = "127.0.0.1",
                                          .endpoints_max = 4,
                                          .consent_timeout_us = 30 * US_PER_S,
                                          .handshake_timeout_us = 15 * US_PER_S,
                                          .gap_notice_us = US_PER_S,
                                          .random_seed = 3};
    assert_int_equal(dtls_identity_new(&rig->identity), RESULT_OK);
    assert_int_equal(worker_new_offline(&rig->options, rig->identity, &rig->worker), RESULT_OK);
    rig->worker->now_us = US_PER_S;
    for (uint32_t i = 0; i < 3; i++)
        rig->people[i] = open_one(rig, i);
    rig->sound = connect_slots(rig, 1, AUDIO_UP, AUDIO_DOWN);
    rig->picture = connect_slots(rig, 1, VIDEO_UP, VIDEO_DOWN);
    rig->other_picture = connect_slots(rig, 2, VIDEO_UP, VIDEO_DOWN);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    worker_close_all(rig->worker);
    worker_free(rig->worker);
    dtls_identity_free(rig->identity);
    free(rig);
    return 0;
}

/* The rung as the ladder would have set it; the tick carries it out. */
static void put_on(struct rig *rig, unsigned person, enum media_rung rung)
{
    rig->people[person]->ladder.rung = rung;
    rig->worker->now_us += 2 * US_PER_S;
    endpoint_ladder_tick(rig->people[person], rig->worker->now_us);
}

static bool maps(struct route *route, bool keyframe)
{
    static int64_t sequence = 70000;
    struct rtp_source source = {.sequence = ++sequence, .timestamp = 1, .keyframe = keyframe};
    struct rtp_place place;
    return result_ok(rtp_rewriter_map(route->subscriber->rewriter, &source, US_PER_S, &place));
}

static void narrow_line_pauses_its_picture_alone(void **state)
{
    struct rig *rig = *state;
    assert_true(maps(rig->picture, true) && maps(rig->picture, false));
    put_on(rig, 1, MEDIA_RUNG_SOUND);
    assert_true(rig->picture->paused && rig->picture->open);
    assert_false(rig->sound->paused || rig->other_picture->paused);
    assert_true(rig->sound->open);
    assert_false(maps(rig->picture, true)); /* nothing is numbered that is not sent */
    assert_true(maps(rig->sound, false));
    assert_int_equal(rig->worker->routes_open, 3); /* the gate's bookkeeping is not the pause's */
}

static void picture_goes_on_at_a_keyframe(void **state)
{
    struct rig *rig = *state;
    put_on(rig, 1, MEDIA_RUNG_FAINT);
    struct publisher *publisher = rig->picture->publisher;
    keyframe_request_packet(&publisher->keyframe, true, 1, 1000, rig->worker->now_us);
    put_on(rig, 1, MEDIA_RUNG_SMALL);
    assert_false(rig->picture->paused);
    assert_false(maps(rig->picture, false));
    assert_true(rtp_rewriter_wants_keyframe(rig->picture->subscriber->rewriter));
    assert_true(keyframe_request_take(&publisher->keyframe, 0, rig->worker->now_us));
    assert_true(maps(rig->picture, true));
}

static void pause_and_gate_do_not_replace_each_other(void **state)
{
    struct rig *rig = *state;
    put_on(rig, 1, MEDIA_RUNG_SOUND);
    route_set_gate(rig->picture, false, rig->worker->now_us);
    put_on(rig, 1, MEDIA_RUNG_FULL);
    assert_false(rig->picture->open);
    assert_false(maps(rig->picture, true)); /* a better line opens no gate (P1) */
    put_on(rig, 1, MEDIA_RUNG_SOUND);
    route_set_gate(rig->picture, true, rig->worker->now_us);
    assert_true(rig->picture->paused);
    assert_false(maps(rig->picture, true)); /* and the gate widens no line */
    put_on(rig, 1, MEDIA_RUNG_FULL);
    assert_true(maps(rig->picture, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(narrow_line_pauses_its_picture_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(picture_goes_on_at_a_keyframe, setup, teardown),
        cmocka_unit_test_setup_teardown(pause_and_gate_do_not_replace_each_other, setup, teardown),
    };
    return cmocka_run_group_tests_name("media_line", tests, NULL, NULL);
}
