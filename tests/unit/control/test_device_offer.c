/* Offers of devices: what one asks for is answered in its own numbers; each flaw is refused by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/control/device_offer.h"
#include "signaling/sdp/sdp.h"

#define TEXT_SIZE 16384

#define FINGERPRINT                                                                                \
    "a=fingerprint:sha-256 "                                                                       \
    "F7:EB:F3:3E:AC:D2:EA:A7:C1:EC:79:D9:B3:8A:35:DA:70:86:4F:46:D9:2D:CC:D0:BC:81:9F:67:EF:34:"   \
    "2E:BD\r\n"
#define SESSION "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE snd pic\r\n"
#define TRANSPORT                                                                                  \
    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n" FINGERPRINT   \
    "a=setup:actpass\r\na=rtcp-mux\r\na=sendonly\r\n"
#define SOUND                                                                                      \
    "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n" TRANSPORT                                                 \
    "a=mid:snd\r\na=rtpmap:96 OPUS/48000/2\r\na=extmap:7 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"  \
    "a=ssrc:1111 cname:box\r\n"
#define PICTURE                                                                                    \
    "m=video 9 UDP/TLS/RTP/SAVPF 121 120 119 118\r\n" TRANSPORT                                    \
    "a=mid:pic\r\na=rtpmap:121 H264/90000\r\n"                                                     \
    "a=fmtp:121 packetization-mode=1;profile-level-id=640c1f\r\n"                                  \
    "a=rtpmap:120 VP8/90000\r\na=rtcp-fb:120 nack\r\na=rtcp-fb:120 nack pli\r\n"                   \
    "a=rtpmap:119 rtx/90000\r\na=fmtp:119 apt=120\r\n"                                             \
    "a=rtpmap:118 H264/90000\r\na=fmtp:118 packetization-mode=1;profile-level-id=42c01e\r\n"       \
    "a=extmap:7 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"                                           \
    "a=extmap:11 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
#define WHOLE SESSION SOUND PICTURE

/* All of `from` become `to`. Heap. */
static char *replaced(const char *text, const char *from, const char *to)
{
    char *out = calloc(1, TEXT_SIZE);
    size_t used = 0;
    while (*text != 0) {
        bool here = from[0] != 0 && strncmp(text, from, strlen(from)) == 0;
        const char *piece = here ? to : text;
        size_t length = here ? strlen(to) : 1;
        assert_true(used + length + 1 < TEXT_SIZE);
        memcpy(out + used, piece, length);
        used += length;
        text += here ? strlen(from) : 1;
    }
    return out;
}

static enum device_offer_flaw flaw_of(bool publishes, const char *text)
{
    struct device_offer offer;
    enum device_offer_flaw flaw;
    enum result result = device_offer_read(publishes, span_of(text, strlen(text)), &offer, &flaw);
    assert_int_equal(result_ok(result), flaw == DEVICE_OFFER_NONE);
    return flaw;
}

static void publisher_keeps_its_numbers(void **state)
{
    struct device_offer offer;
    enum device_offer_flaw flaw;
    (void)state;
    assert_int_equal(device_offer_read(true, span_of(WHOLE, strlen(WHOLE)), &offer, &flaw),
                     RESULT_OK);
    assert_int_equal(offer.slots_count, 2);
    assert_string_equal(offer.slots[0].mid, "snd");
    assert_true(offer.slots[0].up && offer.slots[1].up);
    assert_int_equal(offer.slots[0].ssrc, 1111);
    assert_int_equal(offer.slots[1].ssrc, 0); /* not said: learned from the first packet */
    assert_int_equal(offer.maps.payload_type[MEDIA_CODEC_OPUS], 96);
    assert_int_equal(offer.maps.payload_type[MEDIA_CODEC_VP8], 120);
    assert_int_equal(offer.maps.rtx_payload_type[MEDIA_CODEC_VP8], 119);
    assert_int_equal(offer.maps.payload_type[MEDIA_CODEC_H264], 118); /* not the high profile */
    assert_int_equal(offer.maps.extension_id[MEDIA_EXTENSION_MID], 7);
    assert_int_equal(offer.maps.extension_id[MEDIA_EXTENSION_ABS_SEND_TIME], 11);
    assert_int_equal(offer.maps.extension_id[MEDIA_EXTENSION_TRANSPORT_CC], 0);
    assert_false(offer.h264_first);
    assert_string_equal(offer.theirs.ufrag, "EsAw");
    struct media_command remote;
    device_offer_remote(&offer, &remote);
    assert_int_equal(remote.kind, MEDIA_COMMAND_ENDPOINT_REMOTE);
    assert_int_equal(remote.remote.maps.payload_type[MEDIA_CODEC_OPUS], 96);
    assert_int_equal(remote.remote.slots_count, 2);
    assert_string_equal(remote.remote.ice.pwd, "P2uYro0UCOQ4zxjKXaWCBui1");
    assert_int_equal(remote.remote.fingerprint.length, 32);
}

static struct sdp_description *answer_to(const struct device_offer *offer)
{
    struct media_ice ice = {.ufrag = "ourufrag", .pwd = "abcdefghijklmnopqrstuvwx"};
    struct media_fingerprint print = {.hash = "sha-256", .bytes = {1, 2, 3}, .length = 32};
    const struct media_candidate candidates[] = {
        {.address = "192.0.2.10", .port = 40000, .priority = 2130706431u, .foundation = "1"}};
    char *text = malloc(TEXT_SIZE);
    struct sdp_description *answer = calloc(1, sizeof(*answer));
    assert_int_equal(device_offer_answer(offer, &ice, &print, candidates, 1, text, TEXT_SIZE),
                     RESULT_OK);
    assert_int_equal(sdp_parse(span_of(text, strlen(text)), answer), RESULT_OK);
    free(text);
    return answer;
}

static void answer_to_a_publisher(void **state)
{
    struct device_offer offer;
    enum device_offer_flaw flaw;
    (void)state;
    assert_int_equal(device_offer_read(true, span_of(WHOLE, strlen(WHOLE)), &offer, &flaw),
                     RESULT_OK);
    struct sdp_description *answer = answer_to(&offer);
    assert_true(answer->ice_lite);
    assert_int_equal(answer->media_count, 2);
    assert_int_equal(answer->candidates_count, 1);
    const struct sdp_media *sound = &answer->media[0], *picture = &answer->media[1];
    assert_string_equal(sound->mid, "snd");
    assert_int_equal(sound->direction, SDP_RECVONLY);
    assert_int_equal(sound->setup, SDP_SETUP_PASSIVE);
    assert_true(sound->rtcp_mux && sound->bundled && picture->bundled);
    assert_string_equal(picture->ice_ufrag, "ourufrag");
    assert_int_equal(sound->codecs_count, 1);
    assert_int_equal(sound->codecs[0].payload_type, 96);
    assert_int_equal(sound->codecs[0].channels, 2);
    assert_int_equal(sound->extmaps_count,
                     1); /* abs-send-time was offered for the picture alone, */
    assert_int_equal(sound->extmaps[0].id, 7);
    assert_int_equal(picture->codecs_count, 3);
    assert_int_equal(picture->codecs[0].payload_type, 120);
    assert_int_equal(picture->codecs[0].feedback, SDP_FEEDBACK_NACK | SDP_FEEDBACK_NACK_PLI);
    assert_true(picture->codecs[1].has_apt && picture->codecs[1].apt == 120);
    assert_string_equal(picture->codecs[2].fmtp, "packetization-mode=1;profile-level-id=42c01e");
    assert_int_equal(picture->ssrcs_count, 0);
    free(answer);
}

static void player_gets_our_streams(void **state)
{
    char *text = replaced(WHOLE, "a=sendonly", "a=recvonly");
    struct device_offer offer;
    enum device_offer_flaw flaw;
    (void)state;
    assert_int_equal(device_offer_read(false, span_of(text, strlen(text)), &offer, &flaw),
                     RESULT_OK);
    assert_false(offer.slots[0].up);
    assert_int_not_equal(offer.slots[0].ssrc, 0);
    assert_int_not_equal(offer.slots[1].rtx_ssrc, 0);
    struct sdp_description *answer = answer_to(&offer);
    assert_int_equal(answer->media[1].direction, SDP_SENDONLY);
    assert_int_equal(answer->media[1].ssrcs_count, 1);
    assert_int_equal(answer->media[1].ssrcs[0].ssrc, offer.slots[1].ssrc);
    assert_int_equal(answer->media[1].ssrcs[0].rtx_ssrc, offer.slots[1].rtx_ssrc);
    assert_string_not_equal(answer->media[0].msid, "");
    free(answer);
    free(text);
}

/* A camera without a microphone and a microphone without a camera are devices too. */
static void one_track_is_enough(void **state)
{
    (void)state;
    static const char sound[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" SOUND;
    static const char picture[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" PICTURE;
    assert_int_equal(flaw_of(true, sound), DEVICE_OFFER_NONE);
    assert_int_equal(flaw_of(true, picture), DEVICE_OFFER_NONE);
    char *sendrecv =
        replaced(WHOLE, "a=sendonly", "a=sendrecv"); /* what webrtcbin says by itself */
    assert_int_equal(flaw_of(true, sendrecv), DEVICE_OFFER_NONE);
    assert_int_equal(flaw_of(false, sendrecv), DEVICE_OFFER_NONE);
    free(sendrecv);
}

static void each_flaw_has_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        enum device_offer_flaw flaw;
    } cases[] = {
        {"v=0", "hello", DEVICE_OFFER_UNREADABLE},
        {"a=group:BUNDLE snd pic\r\n" SOUND PICTURE, "", DEVICE_OFFER_NO_MEDIA},
        {PICTURE,
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:pic\r\n",
         DEVICE_OFFER_OTHER_MEDIA},
        {"m=video 9", "m=video 0", DEVICE_OFFER_OTHER_MEDIA},
        {"m=video 9 UDP/TLS/RTP/SAVPF 121 120 119 118", "m=audio 9 UDP/TLS/RTP/SAVPF 97",
         DEVICE_OFFER_TRACKS},
        {"a=sendonly", "a=inactive", DEVICE_OFFER_DIRECTION},
        {"a=sendonly", "a=recvonly", DEVICE_OFFER_DIRECTION},
        {"OPUS/48000", "PCMU/8000", DEVICE_OFFER_NO_SOUND},
        {"OPUS/48000", "OPUS/16000", DEVICE_OFFER_NO_SOUND},
        {"VP8/90000\r\n", "VP9/90000\r\n", DEVICE_OFFER_NONE}, /* H.264 is left */
        {"9 UDP/TLS/RTP/SAVPF 121 120 119 118", "9 UDP/TLS/RTP/SAVPF 121", DEVICE_OFFER_NO_PICTURE},
        {"a=group:BUNDLE snd pic\r\n", "", DEVICE_OFFER_BUNDLE},
        {"a=rtcp-mux\r\n", "", DEVICE_OFFER_BUNDLE},
        {"a=mid:pic", "a=mid:snd", DEVICE_OFFER_UNREADABLE},
        {"a=mid:snd\r\n", "", DEVICE_OFFER_UNREADABLE},
        {"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", "", DEVICE_OFFER_ICE},
        {"t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", DEVICE_OFFER_ICE},
        {FINGERPRINT, "", DEVICE_OFFER_FINGERPRINT},
        {"a=setup:actpass", "a=setup:passive", DEVICE_OFFER_SETUP},
        {"a=setup:actpass", "a=setup:active", DEVICE_OFFER_NONE},
        {"96", "120", DEVICE_OFFER_NUMBERS}, /* one number for sound and picture */
        {"a=ssrc:1111 cname:box\r\n", "a=extmap:11 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n",
         DEVICE_OFFER_NUMBERS},
    };
    int wrong = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *text = replaced(WHOLE, cases[i].from, cases[i].to);
        enum device_offer_flaw flaw = flaw_of(true, text);
        if (flaw != cases[i].flaw)
            print_error("case %zu: %s\n", i, device_offer_flaw_code(flaw));
        wrong += flaw != cases[i].flaw;
        free(text);
    }
    assert_int_equal(wrong, 0);
}

/* Seen from webrtcbin 1.22: RTX of the picture with the number of the sound. */
static void rtx_with_a_taken_number_is_left_out(void **state)
{
    struct device_offer offer;
    enum device_offer_flaw flaw;
    char *text = replaced(WHOLE, "119", "96");
    (void)state;
    assert_int_equal(device_offer_read(true, span_of(text, strlen(text)), &offer, &flaw),
                     RESULT_OK);
    assert_int_equal(offer.maps.payload_type[MEDIA_CODEC_OPUS], 96);
    assert_int_equal(offer.maps.rtx_payload_type[MEDIA_CODEC_VP8], 0);
    struct sdp_description *answer = answer_to(&offer);
    assert_int_equal(answer->media[1].codecs_count, 2); /* VP8 and H.264, no rtx */
    free(answer);
    free(text);
}

static void player_needs_what_browsers_send(void **state)
{
    char *text = replaced(WHOLE, "a=sendonly", "a=recvonly");
    char *no_vp8 = replaced(text, "VP8/90000", "AV1/90000");
    (void)state;
    assert_int_equal(flaw_of(false, text), DEVICE_OFFER_NONE);
    assert_int_equal(flaw_of(false, no_vp8), DEVICE_OFFER_NO_PICTURE);
    free(no_vp8);
    free(text);
}

/* Several of a kind to play; all have to count alike. */
static void several_lines_agree(void **state)
{
    char *second = replaced(SOUND, "a=mid:snd", "a=mid:more");
    char *text = calloc(1, TEXT_SIZE), *whole;
    (void)state;
    snprintf(text, TEXT_SIZE, "%s%s%s%s",
             "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE snd pic more\r\n",
             SOUND, PICTURE, second);
    whole = replaced(text, "a=sendonly", "a=recvonly");
    assert_int_equal(flaw_of(false, whole), DEVICE_OFFER_NONE);
    assert_int_equal(flaw_of(true, text), DEVICE_OFFER_TRACKS);
    free(whole);
    free(second);
    second = replaced(SOUND, "a=mid:snd\r\na=rtpmap:96", "a=mid:more\r\na=rtpmap:97");
    char *moved = replaced(second, "SAVPF 96", "SAVPF 97");
    snprintf(text, TEXT_SIZE, "%s%s%s%s",
             "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE snd pic more\r\n",
             SOUND, PICTURE, moved);
    whole = replaced(text, "a=sendonly", "a=recvonly");
    assert_int_equal(flaw_of(false, whole), DEVICE_OFFER_NUMBERS);
    free(whole);
    free(moved);
    free(second);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publisher_keeps_its_numbers),
        cmocka_unit_test(answer_to_a_publisher),
        cmocka_unit_test(player_gets_our_streams),
        cmocka_unit_test(one_track_is_enough),
        cmocka_unit_test(each_flaw_has_its_name),
        cmocka_unit_test(rtx_with_a_taken_number_is_left_out),
        cmocka_unit_test(player_needs_what_browsers_send),
        cmocka_unit_test(several_lines_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
