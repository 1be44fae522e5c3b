#include "signaling/sdp/sdp_value.h"

#include <ctype.h>
#include <string.h>

#include "gateway/base/text.h"

const struct sdp_feedback_name SDP_FEEDBACK_NAMES[SDP_FEEDBACK_NAMES_COUNT] = {
    {"nack", SDP_FEEDBACK_NACK},
    {"nack pli", SDP_FEEDBACK_NACK_PLI},
    {"ccm fir", SDP_FEEDBACK_CCM_FIR},
    {"goog-remb", SDP_FEEDBACK_GOOG_REMB},
    {"transport-cc", SDP_FEEDBACK_TRANSPORT_CC},
};

static const char *const DIRECTIONS[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
static const char *const SETUPS[] = {"", "actpass", "active", "passive"};

enum result sdp_value_word(const char **at, const char *stops, char *ret_word, size_t size)
{
    size_t length = strcspn(*at, stops);
    if (length == 0)
        return RESULT_PARSE;
    if (length >= size)
        return RESULT_TOO_LARGE;
    memcpy(ret_word, *at, length);
    ret_word[length] = 0;
    *at += length;
    if (**at != 0)
        (*at)++;
    return RESULT_OK;
}

enum result sdp_value_number(const char **at, const char *stops, uint64_t maximum,
                             uint64_t *ret_number)
{
    char word[24];
    enum result result = sdp_value_word(at, stops, word, sizeof(word));
    uint64_t number = 0;
    for (const char *digit = word; result_ok(result) && *digit != 0; digit++) {
        if (*digit < '0' || *digit > '9')
            return RESULT_PARSE;
        uint64_t value = (uint64_t)(*digit - '0');
        if (value > maximum || number > (maximum - value) / 10)
            return RESULT_TOO_LARGE;
        number = number * 10 + value;
    }
    if (result_ok(result))
        *ret_number = number;
    return result;
}

enum result sdp_value_token(const char *value, const char *allowed, size_t least, char *ret_token,
                            size_t size)
{
    size_t length = strlen(value);
    if (length < least || strspn(value, allowed) != length)
        return RESULT_PARSE;
    return text_copy(ret_token, size, value) ? RESULT_OK : RESULT_TOO_LARGE;
}

static void lower(char *text)
{
    for (; *text != 0; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* RFC 8122 §5: hash name, then bytes in hexadecimal with colons between. */
enum result sdp_value_fingerprint(const char *value, struct sdp_fingerprint *ret_fingerprint)
{
    static const struct {
        const char *name;
        uint8_t length;
    } hashes[] = {{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};
    struct sdp_fingerprint fingerprint = {.length = 0};
    char digits[2 * sizeof(fingerprint.bytes) + 1];
    size_t used = 0, length = 0;
    enum result result = sdp_value_word(&value, " ", fingerprint.hash, sizeof(fingerprint.hash));
    if (!result_ok(result))
        return result;
    lower(fingerprint.hash);
    for (size_t i = 0; i < ARRAY_LENGTH(hashes); i++)
        if (strcmp(hashes[i].name, fingerprint.hash) == 0)
            fingerprint.length = hashes[i].length;
    if (fingerprint.length == 0)
        return RESULT_UNSUPPORTED;
    for (size_t i = 0; value[i] != 0; i++) {
        if (i % 3 == 2 ? value[i] != ':' : value[i] == ':')
            return RESULT_PARSE;
        if (i % 3 == 2)
            continue;
        if (used + 1 >= sizeof(digits))
            return RESULT_PARSE;
        digits[used++] = value[i];
    }
    digits[used] = 0;
    if (!text_from_hex(digits, fingerprint.bytes, sizeof(fingerprint.bytes), &length) ||
        length != fingerprint.length)
        return RESULT_PARSE;
    *ret_fingerprint = fingerprint;
    return RESULT_OK;
}

/* The words after the type are pairs of name and value; only tcptype (RFC 6544 §4.5) says something to us. */
static enum result candidate_extensions(const char *value, struct sdp_candidate *candidate)
{
    while (*value != 0) {
        char name[SDP_ATTRIBUTE_MAX], word[SDP_ATTRIBUTE_MAX];
        enum result result = sdp_value_word(&value, " ", name, sizeof(name));
        if (result_ok(result))
            result = sdp_value_word(&value, " ", word, sizeof(word));
        if (!result_ok(result))
            return result;
        if (strcmp(name, "tcptype") == 0 &&
            !text_copy(candidate->tcptype, sizeof(candidate->tcptype), word))
            return RESULT_PARSE;
    }
    return RESULT_OK;
}

static bool is_candidate_word(const char *word, const char *extra)
{
    for (; *word != 0; word++)
        if (!isalnum((unsigned char)*word) && strchr(extra, *word) == NULL)
            return false;
    return true;
}

/* RFC 8839 §5.1: foundation component transport priority address port "typ" type *(name value) */
enum result sdp_value_candidate(const char *value, struct sdp_candidate *ret_candidate)
{
    struct sdp_candidate candidate = {.media = ret_candidate->media};
    char typ[8];
    uint64_t component = 0, priority = 0, port = 0;
    enum result result =
        sdp_value_word(&value, " ", candidate.foundation, sizeof(candidate.foundation));
    if (result_ok(result))
        result = sdp_value_number(&value, " ", 255, &component);
    if (result_ok(result))
        result = sdp_value_word(&value, " ", candidate.transport, sizeof(candidate.transport));
    if (result_ok(result))
        result = sdp_value_number(&value, " ", UINT32_MAX, &priority);
    if (result_ok(result))
        result = sdp_value_word(&value, " ", candidate.address, sizeof(candidate.address));
    if (result_ok(result))
        result = sdp_value_number(&value, " ", UINT16_MAX, &port);
    if (result_ok(result))
        result = sdp_value_word(&value, " ", typ, sizeof(typ));
    if (result_ok(result))
        result = sdp_value_word(&value, " ", candidate.type, sizeof(candidate.type));
    if (result_ok(result))
        result = candidate_extensions(value, &candidate);
    if (!result_ok(result))
        return result;
    if (strcmp(typ, "typ") != 0 || !is_candidate_word(candidate.foundation, "+/") ||
        !is_candidate_word(candidate.transport, "-") ||
        !is_candidate_word(candidate.address, ".:-") || !is_candidate_word(candidate.type, "") ||
        !is_candidate_word(candidate.tcptype, ""))
        return RESULT_PARSE;
    lower(candidate.transport);
    candidate.component = (uint8_t)component;
    candidate.priority = (uint32_t)priority;
    candidate.port = (uint16_t)port;
    *ret_candidate = candidate;
    return RESULT_OK;
}

static bool find_name(const char *const *names, size_t count, const char *name, unsigned *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_index = (unsigned)i;
            return true;
        }
    }
    return false;
}

const char *sdp_direction_name(enum sdp_direction direction)
{
    return DIRECTIONS[direction];
}

bool sdp_direction_parse(const char *name, enum sdp_direction *ret_direction)
{
    unsigned index;
    if (!find_name(DIRECTIONS, ARRAY_LENGTH(DIRECTIONS), name, &index))
        return false;
    *ret_direction = (enum sdp_direction)index;
    return true;
}

const char *sdp_setup_name(enum sdp_setup setup)
{
    return SETUPS[setup];
}

bool sdp_setup_parse(const char *name, enum sdp_setup *ret_setup)
{
    unsigned index;
    if (!find_name(SETUPS, ARRAY_LENGTH(SETUPS), name, &index) || index == SDP_SETUP_NONE)
        return false;
    *ret_setup = (enum sdp_setup)index;
    return true;
}
