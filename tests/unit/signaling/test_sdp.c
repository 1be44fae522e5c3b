/* Session descriptions: what we offer, what real browsers answered to it, every bound, and writing what was read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/sdp/sdp.h"

static char *read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = malloc(SDP_TEXT_MAX + 1);
    *ret_length = fread(text, 1, SDP_TEXT_MAX, file);
    fclose(file);
    text[*ret_length] = 0;
    return text;
}

static enum result parse(const char *text, struct sdp_description *description)
{
    size_t length = strlen(text);
    char *copy =
        malloc(length > 0 ? length : 1); /* exact, so the sanitizer sees one byte too far */
    memcpy(copy, text, length);
    enum result result = sdp_parse(span_of(copy, length), description);
    free(copy);
    return result;
}

static struct sdp_description *parse_file(const char *path)
{
    size_t length;
    char *text = read_file(path, &length);
    struct sdp_description *description = malloc(sizeof(*description));
    assert_int_equal(parse(text, description), RESULT_OK);
    free(text);
    return description;
}

static const struct sdp_codec *codec_named(const struct sdp_media *media, const char *name)
{
    for (uint32_t i = 0; i < media->codecs_count; i++)
        if (strcmp(media->codecs[i].name, name) == 0)
            return &media->codecs[i];
    return NULL;
}

#define ALL_VIDEO_FEEDBACK                                                                         \
    (SDP_FEEDBACK_NACK | SDP_FEEDBACK_NACK_PLI | SDP_FEEDBACK_CCM_FIR | SDP_FEEDBACK_GOOG_REMB |   \
     SDP_FEEDBACK_TRANSPORT_CC)

static void check_common_answer(const struct sdp_description *answer, const char *ufrag)
{
    static const enum sdp_direction directions[] = {SDP_SENDONLY, SDP_SENDONLY, SDP_RECVONLY,
                                                    SDP_RECVONLY};
    assert_int_equal(answer->media_count, 4);
    assert_true(answer->ice_trickle);
    assert_false(answer->ice_lite);
    for (uint32_t i = 0; i < 4; i++) {
        const struct sdp_media *media = &answer->media[i];
        char mid[2] = {(char)('0' + i), 0};
        assert_string_equal(media->mid, mid);
        assert_int_equal(media->kind, i % 2 == 0 ? SDP_AUDIO : SDP_VIDEO);
        assert_false(media->rejected);
        assert_true(media->bundled && media->rtcp_mux);
        assert_int_equal(media->port, 9);
        assert_int_equal(media->direction, directions[i]);
        assert_int_equal(media->setup, SDP_SETUP_ACTIVE);
        assert_string_equal(media->ice_ufrag, ufrag);
        assert_string_equal(media->fingerprint.hash, "sha-256");
        assert_int_equal(media->fingerprint.length, 32);
        assert_int_equal(media->extmaps_count, 3);
    }
    for (uint32_t i = 1; i < 4; i += 2) {
        const struct sdp_codec *vp8 = codec_named(&answer->media[i], "VP8"),
                               *rtx = codec_named(&answer->media[i], "rtx");
        assert_int_equal(vp8->payload_type, 96);
        assert_int_equal(vp8->clock, 90000);
        assert_int_equal(vp8->feedback, ALL_VIDEO_FEEDBACK);
        assert_true(rtx->has_apt);
        assert_int_equal(rtx->apt, 96);
    }
    const struct sdp_codec *opus = codec_named(&answer->media[0], "opus");
    assert_int_equal(opus->payload_type, 111);
    assert_int_equal(opus->channels, 2);
    assert_int_equal(opus->feedback, SDP_FEEDBACK_TRANSPORT_CC);
}

static void chromium_answers(void **state)
{
    (void)state;
    struct sdp_description *answer = parse_file("tests/data/sdp/chromium_156_answer.sdp");
    check_common_answer(answer, "tKPV");
    assert_true(answer->session_id == 6070473070412950523ull);
    assert_string_equal(answer->media[0].ice_pwd, "YjIk26P5Copps4t/NWw7+00Q");
    assert_int_equal(answer->media[0].fingerprint.bytes[0], 0x2e);
    assert_int_equal(answer->media[0].fingerprint.bytes[31], 0x38);
    assert_int_equal(answer->media[1].codecs_count, 4);
    assert_string_equal(codec_named(&answer->media[1], "H264")->fmtp,
                        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
    assert_int_equal(answer->media[0].ssrcs_count, 1);
    assert_true(answer->media[0].ssrcs[0].ssrc == 3937916976u);
    assert_string_equal(answer->media[0].ssrcs[0].cname, "/Yf+TFEsj0oZGeng");
    assert_int_equal(answer->media[1].ssrcs_count,
                     1); /* the repair source is no source of its own */
    assert_true(answer->media[1].ssrcs[0].ssrc == 2012903767u);
    assert_true(answer->media[1].ssrcs[0].rtx_ssrc == 1488584377u);
    assert_int_equal(answer->media[2].ssrcs_count, 0);
    assert_string_equal(answer->media[1].msid, "- 5af49394-1e77-4ced-80c8-ada1f16b01f5");
    assert_int_equal(answer->candidates_count, 2);
    assert_string_equal(answer->candidates[0].address,
                        "80022273-f822-40c1-9e1e-72c62026fa1f.local");
    assert_int_equal(answer->candidates[0].port, 40953);
    assert_true(answer->candidates[1].priority == 2113942271u);
    free(answer);
}

/* Fingerprint and a stray a=sendrecv at session level, numbers before names, upper-case transports, no rtcp-rsize for audio. */
static void firefox_answers(void **state)
{
    (void)state;
    struct sdp_description *answer = parse_file("tests/data/sdp/firefox_153_answer.sdp");
    check_common_answer(answer, "4c034143");
    assert_string_equal(answer->media[0].ice_pwd, "a164ee4ea9c7de6e576a0c4f6e97bd91");
    assert_int_equal(answer->media[3].fingerprint.bytes[0], 0xaf);
    assert_false(answer->media[0].rtcp_rsize);
    assert_true(answer->media[1].rtcp_rsize);
    assert_null(codec_named(&answer->media[1], "H264")); /* it refused it */
    assert_string_equal(codec_named(&answer->media[0], "opus")->fmtp,
                        "maxplaybackrate=48000;stereo=1;useinbandfec=1");
    assert_true(answer->media[1].ssrcs[0].ssrc == 3766306025u);
    assert_true(answer->media[1].ssrcs[0].rtx_ssrc == 335408759u);
    assert_string_equal(answer->media[1].ssrcs[0].cname, "{14add3a8-f856-49c1-aff4-ff6183944d3a}");
    assert_int_equal(answer->candidates_count, 4);
    assert_string_equal(answer->candidates[2].transport, "tcp");
    assert_string_equal(answer->candidates[2].tcptype, "active");
    assert_true(answer->media[0].end_of_candidates);
    free(answer);
}

/* The text that both browsers accepted comes out of the struct again, byte for byte. */
static void our_offer_is_written_as_recorded(void **state)
{
    (void)state;
    size_t length, written;
    char *text = read_file("tests/data/sdp/gateway_offer.sdp", &length),
         *again = malloc(SDP_TEXT_MAX);
    struct sdp_description *offer = parse_file("tests/data/sdp/gateway_offer.sdp");
    assert_true(offer->ice_lite);
    assert_int_equal(offer->media[3].ssrcs[0].rtx_ssrc, 2000);
    assert_int_equal(sdp_write(offer, again, SDP_TEXT_MAX, &written), RESULT_OK);
    assert_int_equal(written, length);
    assert_string_equal(again, text);
    assert_int_equal(sdp_write(offer, again, length, &written),
                     RESULT_TOO_LARGE); /* no room for the NUL */
    free(offer);
    free(again);
    free(text);
}

static void answers_survive_the_round_trip(void **state)
{
    (void)state;
    static const char *const files[] = {"tests/data/sdp/chromium_156_answer.sdp",
                                        "tests/data/sdp/firefox_153_answer.sdp",
                                        "tests/data/sdp/gateway_offer.sdp"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        size_t length;
        char *text = malloc(SDP_TEXT_MAX);
        struct sdp_description *first = parse_file(files[i]), *second = malloc(sizeof(*second));
        assert_int_equal(sdp_write(first, text, SDP_TEXT_MAX, &length), RESULT_OK);
        assert_int_equal(parse(text, second), RESULT_OK);
        assert_memory_equal(first, second, sizeof(*first));
        free(first);
        free(second);
        free(text);
    }
}

#define HEAD "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define AUDIO                                                                                      \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtpmap:111 "              \
    "opus/48000/2\r\n"

/* One line added to a good m-line: what comes out. */
static void one_bad_line_refuses_the_whole(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum result result;
    } cases[] = {
        {"a=ice-ufrag:abc", RESULT_PARSE},
        {"a=ice-ufrag:ab cd", RESULT_PARSE},
        {"a=ice-ufrag:123456789012345678901234567890123", RESULT_TOO_LARGE},
        {"a=ice-pwd:short", RESULT_PARSE},
        {"a=ice-ufrag:good", RESULT_PARSE}, /* half a pair */
        {"a=ice-pwd:0123456789012345678901", RESULT_PARSE},
        {"a=fingerprint:sha-256 AA:BB", RESULT_PARSE},
        {"a=fingerprint:sha-256 ", RESULT_PARSE},
        {"a=fingerprint:sha-1 AA:BB", RESULT_OK}, /* not accepted, not fatal: read as absent */
        {"a=setup:holdconn", RESULT_PARSE},
        {"a=rtpmap:111 opus", RESULT_PARSE},
        {"a=rtpmap:128 opus/48000", RESULT_TOO_LARGE},
        {"a=rtpmap:-1 opus/48000", RESULT_PARSE},
        {"a=rtpmap:111 opus/0", RESULT_PARSE},
        {"a=rtpmap:111 opus/48000/2/2", RESULT_PARSE},
        {"a=rtpmap:111 averyveryverylongcodecname/48000", RESULT_TOO_LARGE},
        {"a=rtpmap:5 unlisted/8000", RESULT_OK},
        {"a=fmtp:111 apt=x", RESULT_PARSE},
        {"a=extmap:0 urn:x", RESULT_PARSE},
        {"a=extmap:1/both urn:x", RESULT_PARSE},
        {"a=extmap:1", RESULT_PARSE},
        {"a=extmap:4096 urn:x", RESULT_OK},
        {"a=extmap:2/sendonly urn:x", RESULT_OK},
        {"a=ssrc:0 cname:x", RESULT_PARSE},
        {"a=ssrc:4294967296 cname:x", RESULT_TOO_LARGE},
        {"a=ssrc-group:FID 1", RESULT_PARSE},
        {"a=ssrc-group:FID 1 1", RESULT_PARSE},
        {"a=ssrc-group:SIM 1 2 3", RESULT_OK},
        {"a=candidate:1 1 udp 1 127.0.0.1 1 host", RESULT_PARSE},
        {"a=candidate:1 1 udp 1 127.0.0.1 65536 typ host", RESULT_TOO_LARGE},
        {"a=candidate:1 1 udp 1 $(id) 1 typ host", RESULT_PARSE},
        {"a=candidate:1 1 udp 1 127.0.0.1 1 typ host raddr", RESULT_PARSE},
        {"a=mid:has space", RESULT_PARSE},
        {"a=unheard-of:anything", RESULT_OK},
        {"x=unknown line type", RESULT_OK},
        {"not a line", RESULT_PARSE},
        {"a=\x01", RESULT_PARSE},
        {"a=\xff", RESULT_PARSE},
        {"m=audio 9 RTP/AVP 0", RESULT_UNSUPPORTED},
        {"m=audio 9 UDP/TLS/RTP/SAVPF 200", RESULT_TOO_LARGE},
        {"m=audio 9 UDP/TLS/RTP/SAVPF 1 1", RESULT_PARSE},
        {"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0", RESULT_PARSE}, /* a mid twice */
    };
    struct sdp_description *description = malloc(sizeof(*description));
    char text[2048];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        snprintf(text, sizeof(text), HEAD AUDIO "%s\r\n", cases[i].line);
        enum result result = parse(text, description);
        if (result != cases[i].result)
            print_error("%s → %s\n", cases[i].line, result_name(result));
        assert_int_equal(result, cases[i].result);
    }
    assert_int_equal(parse("", description), RESULT_PARSE);
    assert_int_equal(parse("v=1\r\n", description), RESULT_PARSE);
    assert_int_equal(parse("v=0\r\ns=-\r\nt=0 0\r\n", description), RESULT_PARSE); /* no o= */
    assert_int_equal(parse("v=0\r\no=- x 2 IN IP4 1.1.1.1\r\ns=-\r\n", description), RESULT_PARSE);
    assert_int_equal(parse(HEAD "a=group:BUNDLE 0 1\r\n" AUDIO, description),
                     RESULT_PARSE); /* 1 does not exist */
    assert_int_equal(parse(HEAD "a=group:BUNDLE 0 0\r\n" AUDIO, description), RESULT_PARSE);
    assert_int_equal(parse(HEAD "a=group:BUNDLE 0\r\na=group:BUNDLE 0\r\n" AUDIO, description),
                     RESULT_PARSE);
    free(description);
}

static void meaning_of_the_odd_shapes(void **state)
{
    (void)state;
    struct sdp_description *description = malloc(sizeof(*description));
    /* session-level values, a rejected line, a data channel, bundle-only, a wildcard, an extension with direction */
    assert_int_equal(
        parse(HEAD
              "a=group:BUNDLE 0 1 "
              "2\r\na=ice-ufrag:sess\r\na=ice-pwd:0123456789012345678901\r\na=setup:passive\r\n"
              "a=inactive\r\n" AUDIO "a=extmap:7/sendonly urn:seven attributes follow\r\n"
              "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
              "m=video 0 UDP/TLS/RTP/SAVPF 96 "
              "97\r\na=mid:2\r\na=bundle-only\r\na=sendrecv\r\na=rtcp-fb:* nack\r\n"
              "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 "
              "H264/90000\r\na=ice-ufrag:mine\r\na=ice-pwd:9999999999999999999999\r\n"
              "m=application 9 UDP/DTLS/SCTP "
              "webrtc-datachannel\r\na=mid:data\r\na=sctp-port:5000\r\n",
              description),
        RESULT_OK);
    assert_int_equal(description->media_count, 4);
    const struct sdp_media *media = description->media;
    assert_string_equal(media[0].ice_ufrag, "sess");
    assert_int_equal(media[0].setup, SDP_SETUP_PASSIVE);
    assert_int_equal(media[0].direction, SDP_INACTIVE);
    assert_true(media[0].extmaps[0].has_direction);
    assert_int_equal(media[0].extmaps[0].direction, SDP_SENDONLY);
    assert_string_equal(media[0].extmaps[0].uri, "urn:seven");
    assert_true(media[1].rejected);
    assert_int_equal(media[1].codecs_count, 0);
    assert_false(media[2].rejected);
    assert_true(media[2].bundle_only);
    assert_int_equal(media[2].direction, SDP_SENDRECV);
    assert_string_equal(media[2].ice_ufrag, "mine");
    assert_int_equal(media[2].codecs[1].feedback, SDP_FEEDBACK_NACK);
    assert_int_equal(media[3].kind, SDP_OTHER);
    assert_true(media[3].rejected);
    assert_false(media[3].bundled);
    assert_string_equal(media[3].mid, "data");
    /* values only the first bundled m-line carries hold for the others */
    assert_int_equal(
        parse(HEAD "a=group:BUNDLE 0 1\r\n" AUDIO
                   "a=ice-ufrag:frst\r\na=ice-pwd:0123456789012345678901\r\na=setup:active\r\n"
                   "a=fingerprint:sha-256 "
                   "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:"
                   "1A:1B:1C:1D:1E:1F\r\n"
                   "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n",
              description),
        RESULT_OK);
    assert_string_equal(media[1].ice_ufrag, "frst");
    assert_int_equal(media[1].setup, SDP_SETUP_ACTIVE);
    assert_int_equal(media[1].fingerprint.bytes[31], 0x1f);
    free(description);
}

/* `count` times `line` behind a good m-line; %zu in the line becomes the number. */
static enum result with_lines(const char *start, const char *line, size_t count,
                              struct sdp_description *description)
{
    char *text = malloc(SDP_TEXT_MAX * 4);
    size_t used = (size_t)sprintf(text, "%s", start);
    for (size_t i = 0; i < count; i++) {
        char number[24], *mark;
        used += (size_t)sprintf(text + used, "%s", line);
        snprintf(number, sizeof(number), "%03zu", i + 1);
        while ((mark = strstr(text, "###")) != NULL)
            memcpy(mark, number, 3);
    }
    enum result result = parse(text, description);
    free(text);
    return result;
}

static void bounds_at_the_limit_and_one_past(void **state)
{
    (void)state;
    struct sdp_description *description = malloc(sizeof(*description));
    const char *media = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v###\r\n";
    assert_int_equal(with_lines(HEAD AUDIO, media, SDP_MEDIA_MAX - 1, description), RESULT_OK);
    assert_int_equal(with_lines(HEAD AUDIO, media, SDP_MEDIA_MAX, description), RESULT_TOO_MANY);
    const char *candidate = "a=candidate:### 1 udp 1 127.0.0.1 1 typ host\r\n";
    assert_int_equal(with_lines(HEAD AUDIO, candidate, SDP_CANDIDATES_MAX, description), RESULT_OK);
    assert_int_equal(with_lines(HEAD AUDIO, candidate, SDP_CANDIDATES_MAX + 1, description),
                     RESULT_TOO_MANY);
    assert_int_equal(with_lines(HEAD AUDIO, "a=x\r\n", SDP_LINES_MAX - 8, description), RESULT_OK);
    assert_int_equal(with_lines(HEAD AUDIO, "a=x\r\n", SDP_LINES_MAX - 7, description),
                     RESULT_TOO_MANY);
    const char *extmap = "a=extmap:### urn:x\r\n";
    assert_int_equal(with_lines(HEAD AUDIO, extmap, SDP_EXTMAPS_MAX, description), RESULT_OK);
    assert_int_equal(with_lines(HEAD AUDIO, extmap, SDP_EXTMAPS_MAX + 1, description),
                     RESULT_TOO_MANY);
    const char *ssrc = "a=ssrc:### cname:x\r\n";
    assert_int_equal(with_lines(HEAD AUDIO, ssrc, SDP_SSRCS_MAX, description), RESULT_OK);
    assert_int_equal(with_lines(HEAD AUDIO, ssrc, SDP_SSRCS_MAX + 1, description), RESULT_TOO_MANY);
    assert_int_equal(with_lines(HEAD AUDIO, ssrc, 17, description), RESULT_TOO_MANY);

    char *text = malloc(SDP_TEXT_MAX * 2);
    for (size_t extra = 0; extra <= 1; extra++) {
        /* a line that is used: 256; any line: 4096; the text: 64 KiB */
        size_t used = (size_t)sprintf(text, HEAD AUDIO "a=fmtp:111 ");
        size_t pad = SDP_ATTRIBUTE_MAX - strlen("a=fmtp:111 ") + extra;
        memset(text + used, 'f', pad);
        strcpy(text + used + pad, "\r\n");
        assert_int_equal(parse(text, description),
                         RESULT_TOO_LARGE); /* 245 do not fit sdp_codec.fmtp either */
        memset(text + used, 'f', 199 + extra);
        strcpy(text + used + 199 + extra, "\r\n");
        assert_int_equal(parse(text, description), extra == 0 ? RESULT_OK : RESULT_TOO_LARGE);
        used = (size_t)sprintf(text, HEAD AUDIO "a=unused:");
        pad = SDP_LINE_MAX - strlen("a=unused:") + extra;
        memset(text + used, 'u', pad);
        strcpy(text + used + pad, "\r\n");
        assert_int_equal(parse(text, description), extra == 0 ? RESULT_OK : RESULT_TOO_LARGE);
        used = (size_t)sprintf(text, HEAD AUDIO);
        while (used + 1000 < SDP_TEXT_MAX)
            used += (size_t)sprintf(text + used, "a=x:%0990d\r\n", 0);
        used += (size_t)sprintf(text + used, "a=x:%0*d", (int)(SDP_TEXT_MAX - used - 4 + extra), 0);
        assert_int_equal(used, SDP_TEXT_MAX + extra);
        assert_int_equal(parse(text, description), extra == 0 ? RESULT_OK : RESULT_TOO_LARGE);
    }
    free(text);
    free(description);
}

static void the_writer_refuses_what_would_break_a_line(void **state)
{
    (void)state;
    struct sdp_description *offer = parse_file("tests/data/sdp/gateway_offer.sdp");
    struct sdp_description *copy = malloc(sizeof(*copy));
    char *text = malloc(SDP_TEXT_MAX);
    size_t length;
    *copy = *offer;
    strcpy(copy->media[2].msid, "peer a\r\na=evil");
    assert_int_equal(sdp_write(copy, text, SDP_TEXT_MAX, &length), RESULT_INVALID);
    *copy = *offer;
    copy->media[1].mid[0] = 0;
    assert_int_equal(sdp_write(copy, text, SDP_TEXT_MAX, &length), RESULT_INVALID);
    *copy = *offer;
    copy->media[1].codecs[2].clock = 0;
    assert_int_equal(sdp_write(copy, text, SDP_TEXT_MAX, &length), RESULT_INVALID);
    *copy = *offer;
    copy->media_count = SDP_MEDIA_MAX + 1;
    assert_int_equal(sdp_write(copy, text, SDP_TEXT_MAX, &length), RESULT_INVALID);
    free(offer);
    free(copy);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chromium_answers),
        cmocka_unit_test(firefox_answers),
        cmocka_unit_test(our_offer_is_written_as_recorded),
        cmocka_unit_test(answers_survive_the_round_trip),
        cmocka_unit_test(one_bad_line_refuses_the_whole),
        cmocka_unit_test(meaning_of_the_odd_shapes),
        cmocka_unit_test(bounds_at_the_limit_and_one_past),
        cmocka_unit_test(the_writer_refuses_what_would_break_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
