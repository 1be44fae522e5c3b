#include "tests/load/sdp_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
    const char *text;
    size_t length;
};

/* The next line of `*at`, without its end; false at the end of the text. */
static bool next_line(const char **at, struct line *ret_line)
{
    if (**at == 0)
        return false;
    size_t length = strcspn(*at, "\r\n");
    *ret_line = (struct line){*at, length};
    *at += length;
    *at += strspn(*at, "\r\n");
    return true;
}

static bool begins(struct line line, const char *prefix)
{
    return line.length >= strlen(prefix) && strncmp(line.text, prefix, strlen(prefix)) == 0;
}

static void copy_value(struct line line, const char *prefix, char *value, size_t size)
{
    if (begins(line, prefix))
        snprintf(value, size, "%.*s", (int)(line.length - strlen(prefix)),
                 line.text + strlen(prefix));
}

static bool read_fingerprint(struct line line, uint8_t *bytes)
{
    const char *at = line.text + strlen("a=fingerprint:sha-256 ");
    for (int i = 0; i < 32; i++) {
        unsigned byte;
        if (sscanf(at + 3 * i, "%2x", &byte) != 1)
            return false;
        bytes[i] = (uint8_t)byte;
    }
    return true;
}

static void read_extension(struct line line, struct stream_numbers *numbers)
{
    char text[160] = "";
    int id = 0;
    copy_value(line, "a=extmap:", text, sizeof(text));
    if (sscanf(text, "%d", &id) != 1 || id < 1 || id > 14)
        return;
    if (strstr(text, "hdrext:sdes:mid") != NULL)
        numbers->mid_id = (uint8_t)id;
    else if (strstr(text, "transport-wide-cc") != NULL)
        numbers->transport_cc_id = (uint8_t)id;
    else if (strstr(text, "abs-send-time") != NULL)
        numbers->send_time_id = (uint8_t)id;
}

bool sdp_offer_read(const char *sdp, struct sdp_offer *ret_offer)
{
    struct stream_numbers unused = {0}, *numbers = &unused;
    struct line line;
    bool fingerprint = false;
    *ret_offer = (struct sdp_offer){0};
    while (next_line(&sdp, &line)) {
        unsigned type = 0, port = 0;
        if (begins(line, "m="))
            numbers = begins(line, "m=audio")
                          ? (ret_offer->audio.mid[0] == 0 ? &ret_offer->audio : &unused)
                          : (ret_offer->video.mid[0] == 0 ? &ret_offer->video : &unused);
        copy_value(line, "a=mid:", numbers->mid, sizeof(numbers->mid));
        copy_value(line, "a=ice-ufrag:", ret_offer->ufrag, sizeof(ret_offer->ufrag));
        copy_value(line, "a=ice-pwd:", ret_offer->pwd, sizeof(ret_offer->pwd));
        read_extension(line, numbers);
        if (begins(line, "a=fingerprint:sha-256 "))
            fingerprint = read_fingerprint(line, ret_offer->fingerprint);
        if (begins(line, "a=candidate:") && ret_offer->port == 0 &&
            sscanf(line.text, "a=candidate:%*s 1 udp %*u %47s %u typ", ret_offer->address, &port) ==
                2)
            ret_offer->port = (uint16_t)port;
        if (begins(line, "a=rtpmap:") && sscanf(line.text, "a=rtpmap:%u", &type) == 1 &&
            numbers->payload_type == 0 &&
            (memmem(line.text, line.length, " opus/", 6) != NULL ||
             memmem(line.text, line.length, " VP8/", 5) != NULL))
            numbers->payload_type = (uint8_t)type;
    }
    return fingerprint && ret_offer->port != 0 && ret_offer->ufrag[0] != 0 &&
           ret_offer->pwd[0] != 0 && ret_offer->audio.payload_type != 0 &&
           ret_offer->video.payload_type != 0;
}

/* Codecs and extensions are taken as offered; what is said about oneself is replaced (RFC 3264 §6, RFC 8829 §5.3.1). */
static bool answer_keeps(struct line line)
{
    static const char *const kept[] = {
        "m=",         "c=",           "t=",        "s=",        "v=",         "a=group:", "a=mid:",
        "a=rtcp-mux", "a=rtcp-rsize", "a=extmap:", "a=rtpmap:", "a=rtcp-fb:", "a=fmtp:"};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (begins(line, kept[i]))
            return true;
    return false;
}

static void write_transport(FILE *out, const struct sdp_self *self)
{
    fprintf(out, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=setup:active\r\na=fingerprint:sha-256 ",
            self->ufrag, self->pwd);
    for (int i = 0; i < 32; i++)
        fprintf(out, "%s%02X", i > 0 ? ":" : "", self->fingerprint[i]);
    fprintf(out, "\r\n");
}

char *sdp_answer_write(const char *offer, const struct sdp_self *self)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct line line;
    bool audio = false;
    if (out == NULL)
        return NULL;
    while (next_line(&offer, &line)) {
        if (begins(line, "m="))
            audio = begins(line, "m=audio");
        if (begins(line, "o="))
            fprintf(out, "o=- 4711 1 IN IP4 127.0.0.1\r\n");
        if (answer_keeps(line))
            fprintf(out, "%.*s\r\n", (int)line.length, line.text);
        if (begins(line, "a=mid:"))
            write_transport(out, self);
        if (begins(line, "a=sendonly"))
            fprintf(out, "a=recvonly\r\n");
        if (begins(line, "a=recvonly"))
            fprintf(out, "a=sendonly\r\na=ssrc:%u cname:load\r\n",
                    audio ? self->audio_ssrc : self->video_ssrc);
    }
    fclose(out);
    return text;
}
