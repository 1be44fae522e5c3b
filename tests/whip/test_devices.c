/* A consultation with devices in it, over the real binary: doors, refusals, the gate, both directions decoded, an ICE
 * restart, removal and revocation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <gst/gst.h>

#include "tests/whip/device.h"
#include "tests/whip/room.h"

#define ROOM_SEAT    2
#define MONITOR_SEAT 3
#define NEXT_SEAT    4  /* the first two keep the names of who was sent away */
#define MEDIA_S      30 /* how long decoded media may take on a loaded machine */
#define SILENCE_MS   1500

static struct {
    const char *binary;
    struct room room;
    char *whip, *whep;
    char *room_token, *room_device;       /* publishes, plays the physician */
    char *monitor_token, *monitor_device; /* plays the patient first */
    struct device *camera, *screen, *monitor;
} test;

/* ---- before the consultation begins ---------------------------------------------------------------------------- */

static char *copied(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return g_strdup(text);
}

static void staff_make_tokens(void **state)
{
    (void)state;
    json_t *made = room_token(&test.room, true, true, "physician");
    assert_non_null(made);
    test.room_token = copied(made, "token");
    test.room_device = copied(made, "device");
    test.whip = copied(made, "whip");
    test.whep = copied(made, "whep");
    assert_int_equal(strlen(test.room_token), 43);
    json_decref(made);
    made = room_token(&test.room, false, true, "patient");
    assert_non_null(made);
    test.monitor_token = copied(made, "token");
    test.monitor_device = copied(made, "device");
    json_decref(made);
    char path[256];
    snprintf(path, sizeof(path), "/api/consultations/%s/devices", test.room.story.consultation);
    json_t *list = person_call(test.room.story.physician, "GET", path, NULL);
    char *text = json_dumps(list, 0);
    assert_int_equal(json_array_size(json_object_get(list, "devices")), 2);
    assert_null(strstr(text, test.room_token)); /* shown once */
    free(text);
    json_decref(list);
}

struct door {
    const char *method, *url, *token, *type, *if_match, *body;
    long status;
    const char *code; /* of the problem document */
};

static void expect_door(const struct door *door, size_t length)
{
    struct http_answer answer;
    device_http(house_certificate(test.room.house), door->method, door->url, door->token,
                door->type, door->if_match, door->body, length, &answer);
    if (answer.status != door->status)
        print_error("%s %s: %ld %s\n", door->method, door->url, answer.status,
                    answer.body == NULL ? "" : answer.body);
    assert_int_equal(answer.status, door->status);
    if (door->code != NULL) {
        char code[64];
        snprintf(code, sizeof(code), "\"code\":\"%s\"", door->code);
        assert_string_equal(answer.type, "application/problem+json");
        assert_non_null(strstr(answer.body, code));
    }
    if (door->status == 401)
        assert_non_null(strstr(answer.authenticate, "Bearer realm=\"tsunagi\""));
    if (door->status == 405)
        assert_non_null(strstr(answer.allow, "OPTIONS"));
    http_answer_done(&answer);
}

static void doors_say_what_they_want(void **state)
{
    (void)state;
    char unknown[512];
    snprintf(unknown, sizeof(unknown), "%s/w_00000000000000000000000000000000", test.whip);
    const char *sdp = "application/sdp", *fragment = "application/trickle-ice-sdpfrag";
    const struct door doors[] = {
        {"GET", test.whip, test.room_token, NULL, NULL, NULL, 405, "method"},
        {"PUT", test.whip, test.room_token, sdp, NULL, "v=0\r\n", 405, "method"},
        {"POST", test.whip, NULL, sdp, NULL, "v=0\r\n", 401, "token_missing"},
        {"POST", test.whip, "guess", sdp, NULL, "v=0\r\n", 401, "device_token"},
        {"POST", test.whip, test.room_token, "text/plain", NULL, "v=0\r\n", 415, "content_type"},
        {"POST", test.whip, test.room_token, sdp, NULL, "", 400, "empty"},
        {"POST", test.whip, test.room_token, sdp, NULL, "hello", 400, "sdp"},
        {"POST", test.whip, test.room_token, sdp, NULL,
         "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", 422, "no_media"},
        {"POST", test.whip, test.monitor_token, sdp, NULL, "v=0\r\n", 403, "device_kind"},
        {"PATCH", unknown, test.room_token, fragment, "*", "a=x\r\n", 404, "not_found"},
        {"DELETE", unknown, test.room_token, NULL, NULL, NULL, 404, "not_found"},
        {"GET", unknown, test.room_token, NULL, NULL, NULL, 405, "method"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(doors); i++)
        expect_door(&doors[i], doors[i].body == NULL ? 0 : strlen(doors[i].body));
    char *large = g_strnfill(65537, 'a');
    expect_door(&(struct door){"POST", test.whip, test.room_token, sdp, NULL, large, 413, NULL},
                65537);
    g_free(large);
    struct http_answer answer;
    device_http(house_certificate(test.room.house), "OPTIONS", test.whip, NULL, NULL, NULL, NULL, 0,
                &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.accept_post, "application/sdp");
    http_answer_done(&answer);
}

/* ---- the gate -------------------------------------------------------------------------------------------------- */

static struct device *joined(bool publish, unsigned lines, const char *token)
{
    struct http_answer answer;
    struct device *device = device_new(publish, lines, house_certificate(test.room.house),
                                       publish ? test.whip : test.whep, token, &answer);
    if (device == NULL)
        print_error("refused: %ld %s\n", answer.status, answer.body == NULL ? "" : answer.body);
    assert_non_null(device);
    assert_string_equal(answer.type, "application/sdp");
    assert_int_equal(answer.etag[0], '"');
    http_answer_done(&answer);
    return device;
}

static bool all_connected(void *owner)
{
    struct device *devices[] = {test.camera, test.screen, test.monitor};
    (void)owner;
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++) {
        struct device_counts counts;
        device_counts(devices[i], &counts);
        if (!counts.connected)
            return false;
    }
    return strcmp(room_status(&test.room, ROOM_SEAT), "waiting") == 0 &&
           strcmp(room_status(&test.room, MONITOR_SEAT), "waiting") == 0;
}

static void waiting_devices_hear_nothing(void **state)
{
    (void)state;
    assert_true(person_connect(test.room.story.patient, "patient"));
    assert_true(room_until_state(&test.room, "consult", 60));
    test.camera = joined(true, 1, test.room_token);
    test.screen = joined(false, 1, test.room_token);
    test.monitor = joined(false, 3, test.monitor_token);
    assert_true(room_until(&test.room, all_connected, NULL, MEDIA_S));
    room_run(SILENCE_MS);
    assert_int_equal(device_frames(test.screen) + device_sounds(test.screen), 0);
    assert_int_equal(device_frames(test.monitor) + device_sounds(test.monitor), 0);
}

/* The patient agrees, the physician lets it in: both, in this order (JP-OC-1.6-06, 2.5-09). */
static bool is_present(void *owner)
{
    return strcmp(room_status(&test.room, *(int *)owner), "present") == 0;
}

static void let_in(int seat)
{
    room_act(test.room.story.patient, &test.room, "seat_consent", seat, "given");
    room_run(300); /* two sockets: the physician's tap comes second */
    room_act(test.room.story.physician, &test.room, "seat_admit", seat, NULL);
    assert_true(room_until(&test.room, is_present, &seat, MEDIA_S));
}

static bool screen_plays(void *owner)
{
    (void)owner;
    return device_frames(test.screen) > 10 && device_sounds(test.screen) > 50;
}

static bool monitor_plays_all(void *owner)
{
    struct device_counts counts;
    (void)owner;
    device_counts(test.monitor, &counts);
    for (int person = 0; person < 3; person++) /* patient, physician, the camera in the room */
        if (counts.audio_buffers[2 * person] < 50 || counts.video_frames[2 * person + 1] < 10)
            return false;
    return true;
}

static void admitted_devices_play(void **state)
{
    (void)state;
    let_in(ROOM_SEAT);
    assert_true(room_until(&test.room, screen_plays, NULL, MEDIA_S));
    assert_int_equal(device_frames(test.monitor), 0); /* it still waits */
    let_in(MONITOR_SEAT);
    if (!room_until(&test.room, monitor_plays_all, NULL, MEDIA_S)) {
        struct device_counts counts;
        device_counts(test.monitor, &counts);
        for (int i = 0; i < 6; i++)
            print_error("m-line %d: %d buffers, %d frames\n", i, (int)counts.audio_buffers[i],
                        (int)counts.video_frames[i]);
        fail();
    }
}

/* ---- while it runs --------------------------------------------------------------------------------------------- */

static void fragments_have_preconditions(void **state)
{
    (void)state;
    assert_non_null(test.screen);
    const char *url = device_location(test.screen), *etag = device_etag(test.screen);
    const char *fragment = "application/trickle-ice-sdpfrag", *token = test.room_token;
    const char *candidate = "a=mid:audio0\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ "
                            "host\r\na=end-of-candidates\r\n";
    const struct door doors[] = {
        {"PATCH", url, token, fragment, NULL, candidate, 428, "if_match"},
        {"PATCH", url, token, fragment, "\"other\"", candidate, 412, "etag"},
        {"PATCH", url, token, "application/sdp", etag, candidate, 415, "content_type"},
        {"PATCH", url, token, fragment, etag, "not a line\r\n", 400, "malformed"},
        {"PATCH", url, token, fragment, "*", candidate, 400, "malformed"},
        {"PATCH", url, token, fragment, etag,
         "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n", 409, "ice_conflict"},
        {"PATCH", url, token, fragment, etag, candidate, 204, NULL},
        {"PATCH", url, test.monitor_token, fragment, etag, candidate, 401, "token"},
        {"PATCH", url, NULL, fragment, etag, candidate, 401, "token_missing"},
        {"DELETE", url, test.monitor_token, NULL, NULL, NULL, 401, "token"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(doors); i++)
        expect_door(&doors[i], doors[i].body == NULL ? 0 : strlen(doors[i].body));
}

static bool plays_on(void *owner)
{
    return device_frames(test.screen) > *(uint64_t *)owner;
}

static void ice_restart_keeps_media(void **state)
{
    struct http_answer answer;
    (void)state;
    assert_non_null(test.screen);
    char *before = g_strdup(device_etag(test.screen));
    device_restart_ice(test.screen, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.type, "application/trickle-ice-sdpfrag");
    assert_non_null(strstr(answer.body, "a=ice-lite"));
    assert_string_not_equal(answer.etag, before);
    http_answer_done(&answer);
    expect_door(&(struct door){"PATCH", device_location(test.screen), test.room_token,
                               "application/trickle-ice-sdpfrag", before, "a=end-of-candidates\r\n",
                               412, "etag"},
                strlen("a=end-of-candidates\r\n"));
    g_free(before);
    uint64_t wanted = device_frames(test.screen) + 60; /* four seconds: longer than any queue */
    assert_true(room_until(&test.room, plays_on, &wanted, MEDIA_S));
}

static bool seat_is_empty(void *owner)
{
    return room_status(&test.room, *(int *)owner)[0] == 0;
}

/* Nothing comes once what was under way has been decoded. */
static void falls_silent(struct device *device)
{
    room_run(500);
    uint64_t before = device_frames(device) + device_sounds(device);
    room_run(SILENCE_MS);
    assert_int_equal(device_frames(device) + device_sounds(device), before);
}

static void removed_device_is_out(void **state)
{
    (void)state;
    int seat = ROOM_SEAT;
    assert_non_null(test.screen);
    room_act(test.room.story.physician, &test.room, "remove", seat, NULL);
    assert_true(room_until(&test.room, seat_is_empty, &seat, MEDIA_S));
    falls_silent(test.screen);
    expect_door(&(struct door){"DELETE", device_location(test.screen), test.room_token, NULL, NULL,
                               NULL, 404, "not_found"},
                0);
    struct http_answer answer;
    assert_null(device_new(false, 1, house_certificate(test.room.house), test.whep, test.room_token,
                           &answer));
    assert_int_equal(answer.status, 409);
    assert_non_null(strstr(answer.body, "device_removed"));
    http_answer_done(&answer);
}

static void revoked_token_opens_nothing(void **state)
{
    (void)state;
    int seat = MONITOR_SEAT;
    assert_non_null(test.monitor);
    json_t *revoked = room_revoke(&test.room, test.monitor_device);
    assert_non_null(revoked);
    json_decref(revoked);
    assert_true(room_until(&test.room, seat_is_empty, &seat, MEDIA_S));
    falls_silent(test.monitor);
    struct http_answer answer;
    assert_null(device_new(false, 1, house_certificate(test.room.house), test.whep,
                           test.monitor_token, &answer));
    assert_int_equal(answer.status, 401);
    assert_non_null(strstr(answer.authenticate, "invalid_token"));
    http_answer_done(&answer);
}

static bool waits_again(void *owner)
{
    return strcmp(room_status(&test.room, *(int *)owner), "waiting") == 0;
}

static bool is_away(void *owner)
{
    return strcmp(room_status(&test.room, *(int *)owner), "away") == 0;
}

/* DELETE is a farewell: who comes back with the same token waits again. */
static void deleted_session_may_come_back(void **state)
{
    (void)state;
    int seat = NEXT_SEAT;
    json_t *made = room_token(&test.room, true, false, "physician");
    char *token = copied(made, "token");
    struct device *device = joined(true, 1, token);
    assert_true(room_until(&test.room, waits_again, &seat, MEDIA_S));
    expect_door(
        &(struct door){"DELETE", device_location(device), token, NULL, NULL, NULL, 200, NULL}, 0);
    assert_true(room_until(&test.room, is_away, &seat, MEDIA_S));
    device_free(device);
    device = joined(true, 1, token);
    assert_true(room_until(&test.room, waits_again, &seat, MEDIA_S));
    device_free(device);
    g_free(token);
    json_decref(made);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(staff_make_tokens),
        cmocka_unit_test(doors_say_what_they_want),
        cmocka_unit_test(waiting_devices_hear_nothing),
        cmocka_unit_test(admitted_devices_play),
        cmocka_unit_test(fragments_have_preconditions),
        cmocka_unit_test(ice_restart_keeps_media),
        cmocka_unit_test(removed_device_is_out),
        cmocka_unit_test(revoked_token_opens_nothing),
        cmocka_unit_test(deleted_session_may_come_back),
    };
    if (argc != 2) {
        fprintf(stderr, "test_devices PATH-OF-TSUNAGI\n");
        return 4;
    }
    test.binary = argv[1];
    gst_init(NULL, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = room_open(&test.room, test.binary) ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    device_free(test.camera);
    device_free(test.screen);
    device_free(test.monitor);
    room_close(&test.room);
    g_free(test.whip);
    g_free(test.whep);
    g_free(test.room_token);
    g_free(test.room_device);
    g_free(test.monitor_token);
    g_free(test.monitor_device);
    return failed;
}
