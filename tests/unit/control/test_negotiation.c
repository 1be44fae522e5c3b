/* The offer parses back to what it was made of; recorded browser answers become media parameters; broken ones do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/control/negotiation.h"

#define TEXT_SIZE 40960

static struct negotiation_offer offer_new(void)
{
    struct negotiation_offer offer;
    struct media_ice ice = {.ufrag = "abcdefgh", .pwd = "abcdefghijklmnopqrstuvwx"};
    negotiation_offer_init(&ice, &offer);
    return offer;
}

static struct media_fingerprint fingerprint(void)
{
    struct media_fingerprint print = {.hash = "sha-256", .length = 32};
    for (unsigned i = 0; i < 32; i++)
        print.bytes[i] = (uint8_t)(i * 7);
    return print;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, TEXT_SIZE);
    assert_true(fread(text, 1, TEXT_SIZE - 1, file) > 0);
    fclose(file);
    return text;
}

static void offer_parses_back(void **state)
{
    struct negotiation_offer offer = offer_new();
    struct media_fingerprint print = fingerprint();
    const struct media_candidate candidates[] = {
        {.address = "192.0.2.10", .port = 40000, .priority = 2130706431u, .foundation = "1"},
        {.address = "2001:db8::1", .port = 40000, .priority = 2130706430u, .foundation = "2"},
    };
    char *text = malloc(TEXT_SIZE);
    struct sdp_description *read = calloc(1, sizeof(*read));
    (void)state;
    assert_int_equal(negotiation_write(&offer, &print, candidates, 2, text, TEXT_SIZE), RESULT_OK);
    assert_int_equal(sdp_parse(span_of(text, strlen(text)), read), RESULT_OK);
    assert_true(read->ice_lite);
    assert_int_equal(read->session_id, offer.session_id);
    assert_true(read->session_id < 1ull << 62);
    assert_int_equal(read->media_count, NEGOTIATION_SLOTS);
    assert_int_equal(read->candidates_count, 2);
    assert_string_equal(read->candidates[1].address, "2001:db8::1");
    for (unsigned i = 0; i < NEGOTIATION_SLOTS; i++) {
        const struct sdp_media *media = &read->media[i];
        const struct media_slot *slot = &offer.slots[i];
        assert_string_equal(media->mid, slot->mid);
        assert_int_equal(media->kind, slot->kind == MEDIA_AUDIO ? SDP_AUDIO : SDP_VIDEO);
        assert_int_equal(media->direction, slot->up ? SDP_RECVONLY : SDP_SENDONLY);
        assert_int_equal(media->setup, SDP_SETUP_ACTPASS);
        assert_true(media->bundled && media->rtcp_mux);
        assert_string_equal(media->ice_ufrag, "abcdefgh");
        assert_int_equal(media->fingerprint.length, 32);
        assert_memory_equal(media->fingerprint.bytes, print.bytes, 32);
        assert_int_equal(media->ssrcs_count, slot->up ? 0 : 1);
        if (!slot->up) {
            assert_int_equal(media->ssrcs[0].ssrc, slot->ssrc);
            assert_int_equal(media->ssrcs[0].rtx_ssrc, slot->rtx_ssrc);
            assert_true(slot->ssrc != 0 && (slot->kind == MEDIA_AUDIO || slot->rtx_ssrc != 0));
        }
    }
    assert_int_equal(negotiation_write(&offer, &print, candidates, 2, text, 100), RESULT_TOO_LARGE);
    free(read);
    free(text);
}

static struct sdp_media *offered_media(const struct negotiation_offer *offer, unsigned slot)
{
    struct media_fingerprint print = fingerprint();
    char *text = malloc(TEXT_SIZE);
    struct sdp_description *read = calloc(1, sizeof(*read));
    struct sdp_media *media = malloc(sizeof(*media));
    assert_int_equal(negotiation_write(offer, &print, NULL, 0, text, TEXT_SIZE), RESULT_OK);
    assert_int_equal(sdp_parse(span_of(text, strlen(text)), read), RESULT_OK);
    *media = read->media[slot];
    free(read);
    free(text);
    return media;
}

static void sound_is_asked_for_as_lines_need_it(void **state)
{
    struct negotiation_offer offer = offer_new();
    uint64_t version = offer.version;
    (void)state;
    struct sdp_media *up = offered_media(&offer, SLOT_AUDIO_UP);
    assert_string_equal(up->codecs[0].name, "opus"); /* what comes first is sent */
    assert_string_equal(up->codecs[1].name, "red");
    assert_string_equal(up->codecs[1].fmtp, "111/111"); /* RFC 2198 §5: of the type Opus has */
    assert_int_equal(up->codecs[0].payload_type, 111);
    assert_int_equal(up->ptime_ms, 0);
    assert_null(strstr(up->codecs[0].fmtp, "maxaveragebitrate"));
    assert_non_null(strstr(up->codecs[0].fmtp, "usedtx=1"));
    free(up);
    struct negotiation_sound sound = {.bitrate_bps = 12000, .frame_ms = 60, .redundant = true};
    negotiation_offer_sound(&offer, &sound);
    assert_int_equal(offer.version, version + 1);
    up = offered_media(&offer, SLOT_AUDIO_UP);
    assert_string_equal(up->codecs[0].name, "red");
    assert_string_equal(up->codecs[1].name, "opus");
    assert_int_equal(up->ptime_ms, 60);
    assert_non_null(strstr(up->codecs[1].fmtp, ";maxaveragebitrate=12000"));
    free(up);
    struct sdp_media *down = offered_media(&offer, SLOT_AUDIO_DOWN); /* ours to send: no wish */
    assert_string_equal(down->codecs[0].name, "opus");
    assert_int_equal(down->ptime_ms, 0);
    free(down);
}

static void restart_changes_credentials_alone(void **state)
{
    struct negotiation_offer offer = offer_new(), before = offer;
    struct media_ice ice = {.ufrag = "zzzzzzzz", .pwd = "zzzzzzzzzzzzzzzzzzzzzzzz"};
    (void)state;
    negotiation_offer_restart(&offer, &ice);
    assert_int_equal(offer.version, before.version + 1);
    assert_string_equal(offer.ice.ufrag, "zzzzzzzz");
    assert_int_equal(offer.session_id, before.session_id);
    assert_memory_equal(offer.slots, before.slots, sizeof(offer.slots));
}

/* Six people and a screen: what was there keeps its place and numbers; the description still fits its message. */
static void an_offer_grows_behind_what_it_had(void **state)
{
    struct negotiation_offer offer = offer_new(), before = offer;
    struct media_fingerprint print = fingerprint();
    char *text = malloc(TEXT_SIZE);
    struct sdp_description *read = calloc(1, sizeof(*read));
    (void)state;
    assert_true(negotiation_offer_widen(&offer));
    assert_false(negotiation_offer_widen(&offer));
    assert_int_equal(offer.slots_count, 2 + 2 * NEGOTIATION_PEOPLE_MAX);
    assert_true(negotiation_offer_add(&offer, TRACK_SCREEN, false, 0));
    assert_true(negotiation_offer_add(&offer, TRACK_SCREEN, true, 0));
    assert_false(negotiation_offer_add(&offer, TRACK_SCREEN, true, 0));
    negotiation_offer_again(&offer);
    assert_int_equal(offer.version, before.version + 1);
    assert_memory_equal(offer.slots, before.slots, NEGOTIATION_SLOTS * sizeof(offer.slots[0]));
    assert_int_equal(negotiation_offer_find(&offer, TRACK_VIDEO, false, 0), SLOT_VIDEO_DOWN);
    assert_int_equal(negotiation_offer_find(&offer, TRACK_AUDIO, false, 1), NEGOTIATION_SLOTS);
    assert_int_equal(negotiation_offer_find(&offer, TRACK_SCREEN, true, 0),
                     NEGOTIATION_SLOTS_MAX - 1);
    for (int i = 0; i < offer.slots_count; i++)
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(offer.slots[i].mid, offer.slots[k].mid);
            assert_true(offer.slots[i].up || offer.slots[i].ssrc != offer.slots[k].ssrc);
        }
    assert_int_equal(negotiation_write(&offer, &print, NULL, 0, text, TEXT_SIZE), RESULT_OK);
    assert_true(strlen(text) < 32768);
    assert_int_equal(sdp_parse(span_of(text, strlen(text)), read), RESULT_OK);
    assert_int_equal(read->media_count, NEGOTIATION_SLOTS_MAX);
    print_message("m-lines: %d, %zu bytes\n", offer.slots_count, strlen(text));
    free(read);
    free(text);
}

static void two_offers_share_nothing(void **state)
{
    struct negotiation_offer a = offer_new(), b = offer_new();
    (void)state;
    assert_int_not_equal(a.session_id, b.session_id);
    assert_string_not_equal(a.cname, b.cname);
    assert_int_not_equal(a.slots[SLOT_AUDIO_DOWN].ssrc, b.slots[SLOT_AUDIO_DOWN].ssrc);
}

static void chromium_answer(void **state)
{
    struct negotiation_offer offer = offer_new();
    struct media_command command;
    char *text = read_file("tests/data/sdp/chromium_156_answer.sdp");
    (void)state;
    assert_int_equal(negotiation_read_answer(&offer, text, strlen(text), &command), RESULT_OK);
    assert_int_equal(command.kind, MEDIA_COMMAND_ENDPOINT_REMOTE);
    assert_string_equal(command.remote.ice.ufrag, "tKPV");
    assert_string_equal(command.remote.ice.pwd, "YjIk26P5Copps4t/NWw7+00Q");
    assert_string_equal(command.remote.fingerprint.hash, "sha-256");
    assert_int_equal(command.remote.fingerprint.length, 32);
    assert_int_equal(command.remote.fingerprint.bytes[0], 0x2e);
    assert_int_equal(command.remote.maps.payload_type[MEDIA_CODEC_OPUS], 111);
    assert_int_equal(command.remote.maps.payload_type[MEDIA_CODEC_VP8], 96);
    assert_int_equal(command.remote.maps.rtx_payload_type[MEDIA_CODEC_VP8], 97);
    assert_int_equal(command.remote.maps.payload_type[MEDIA_CODEC_H264], 102);
    assert_int_equal(command.remote.maps.rtx_payload_type[MEDIA_CODEC_H264], 103);
    assert_int_equal(command.remote.maps.extension_id[MEDIA_EXTENSION_MID], 1);
    assert_int_equal(command.remote.maps.extension_id[MEDIA_EXTENSION_TRANSPORT_CC], 2);
    assert_int_equal(command.remote.maps.extension_id[MEDIA_EXTENSION_ABS_SEND_TIME], 3);
    assert_int_equal(command.remote.maps.extension_id[MEDIA_EXTENSION_AUDIO_LEVEL], 4);
    assert_int_equal(command.remote.slots_count, NEGOTIATION_SLOTS);
    assert_int_equal(command.remote.slots[SLOT_AUDIO_UP].ssrc, 3937916976u);
    assert_int_equal(command.remote.slots[SLOT_VIDEO_UP].ssrc, 2012903767u);
    assert_int_equal(command.remote.slots[SLOT_VIDEO_UP].rtx_ssrc, 1488584377u);
    assert_int_equal(command.remote.slots[SLOT_VIDEO_DOWN].ssrc, offer.slots[SLOT_VIDEO_DOWN].ssrc);
    free(text);
}

/* Fingerprint at session level, no H.264. */
static void firefox_answer(void **state)
{
    struct negotiation_offer offer = offer_new();
    struct media_command command;
    char *text = read_file("tests/data/sdp/firefox_153_answer.sdp");
    (void)state;
    assert_int_equal(negotiation_read_answer(&offer, text, strlen(text), &command), RESULT_OK);
    assert_string_equal(command.remote.ice.ufrag, "4c034143");
    assert_int_equal(command.remote.fingerprint.bytes[0], 0xaf);
    assert_int_equal(command.remote.maps.payload_type[MEDIA_CODEC_VP8], 96);
    assert_int_equal(command.remote.maps.payload_type[MEDIA_CODEC_H264], 0);
    assert_int_equal(command.remote.slots[SLOT_AUDIO_UP].ssrc, 4175918543u);
    assert_int_equal(command.remote.slots[SLOT_VIDEO_UP].rtx_ssrc, 335408759u);
    /* What Firefox says about lines it only receives on is not ours. */
    assert_int_equal(command.remote.slots[SLOT_AUDIO_DOWN].ssrc, offer.slots[SLOT_AUDIO_DOWN].ssrc);
    free(text);
}

/* `text` with every `from` replaced; there has to be one, and room. */
static void replace_all(char *text, const char *from, const char *to)
{
    unsigned changed = 0;
    for (char *at = strstr(text, from); at != NULL; at = strstr(at + strlen(to), from), changed++) {
        memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
        memcpy(at, to, strlen(to));
    }
    assert_true(changed > 0);
}

/* The recorded answer with every `from` replaced. */
static enum result read_changed(const char *from, const char *to)
{
    struct negotiation_offer offer = offer_new();
    struct media_command command;
    char *text = read_file("tests/data/sdp/chromium_156_answer.sdp");
    replace_all(text, from, to);
    enum result result = negotiation_read_answer(&offer, text, strlen(text), &command);
    free(text);
    return result;
}

/* The lines Chromium adds to its answer when the offer has RED and the newer extensions. */
static void answer_with_red(void **state)
{
    struct negotiation_offer offer = offer_new();
    struct media_command command;
    char *text = read_file("tests/data/sdp/chromium_156_answer.sdp");
    (void)state;
    assert_int_equal(negotiation_read_answer(&offer, text, strlen(text), &command), RESULT_OK);
    assert_int_equal(command.remote.maps.red_payload_type, 0);
    replace_all(text, "SAVPF 111\r\n", "SAVPF 111 63\r\n");
    replace_all(text, "a=fmtp:111 minptime=10;useinbandfec=1\r\n",
                "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
                "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
                "a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\n");
    assert_int_equal(negotiation_read_answer(&offer, text, strlen(text), &command), RESULT_OK);
    assert_int_equal(command.remote.maps.red_payload_type, 63);
    assert_int_equal(command.remote.maps.payload_type[MEDIA_CODEC_OPUS], 111);
    assert_int_equal(command.remote.maps.extension_id[MEDIA_EXTENSION_ABS_CAPTURE_TIME], 6);
    replace_all(text, "red/48000/2", "red/90000"); /* that of video is another thing */
    assert_int_equal(negotiation_read_answer(&offer, text, strlen(text), &command), RESULT_OK);
    assert_int_equal(command.remote.maps.red_payload_type, 0);
    free(text);
}

static void answers_that_cannot_carry_a_consultation(void **state)
{
    (void)state;
    assert_int_equal(read_changed("a=mid:1", "a=mid:0"), RESULT_PARSE);
    assert_int_equal(read_changed("a=mid:1", "a=mid:7"), RESULT_PARSE); /* in no group */
    assert_int_equal(read_changed("opus/48000/2", "opus/8000/1"), RESULT_UNSUPPORTED);
    assert_int_equal(read_changed("a=setup:active", "a=setup:passive"), RESULT_INVALID);
    assert_int_equal(read_changed("a=fingerprint:sha-256", "a=fingerprint:sha-1"), RESULT_INVALID);
    assert_int_equal(read_changed("a=ice-ufrag:tKPV\r\n", ""), RESULT_PARSE);
    assert_int_equal(read_changed("v=0", "x=0"), RESULT_PARSE);
}

/* RFC 3264 §6: the same m-lines in the same order. */
static void moved_m_lines(void **state)
{
    struct negotiation_offer offer = offer_new();
    struct media_command command;
    char *text = read_file("tests/data/sdp/chromium_156_answer.sdp");
    (void)state;
    strcpy(offer.slots[SLOT_VIDEO_UP].mid, "9");
    assert_int_equal(negotiation_read_answer(&offer, text, strlen(text), &command),
                     RESULT_UNSUPPORTED);
    offer = offer_new();
    offer.slots[SLOT_VIDEO_DOWN].kind = MEDIA_AUDIO;
    assert_int_equal(negotiation_read_answer(&offer, text, strlen(text), &command),
                     RESULT_UNSUPPORTED);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offer_parses_back),
        cmocka_unit_test(sound_is_asked_for_as_lines_need_it),
        cmocka_unit_test(answer_with_red),
        cmocka_unit_test(restart_changes_credentials_alone),
        cmocka_unit_test(an_offer_grows_behind_what_it_had),
        cmocka_unit_test(two_offers_share_nothing),
        cmocka_unit_test(chromium_answer),
        cmocka_unit_test(firefox_answer),
        cmocka_unit_test(answers_that_cannot_carry_a_consultation),
        cmocka_unit_test(moved_m_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
