#include "gateway/audit/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"

#define KEY_ID_BYTES       4
#define ROOT_TEXT_SIZE     45 /* base64 of 32 bytes, and NUL */
#define COSIGN_TIME_BYTES  8
#define COSIGN_AHEAD_MAX_S 300
/* C2SP signed-note: each signature line begins with an em dash and a space. */
#define LINE_PREFIX "\xe2\x80\x94 "

bool checkpoint_origin_is_valid(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length < CHECKPOINT_ORIGIN_SIZE && text_is_plain_utf8(name, length) &&
           strpbrk(name, " +") == NULL;
}

/* First four bytes of SHA-256(name ‖ "\n" ‖ type ‖ public key). */
static uint32_t key_id_of(const struct checkpoint_key *key)
{
    const uint8_t middle[2] = {'\n', (uint8_t)key->type};
    const struct span parts[] = {span_of(key->name, strlen(key->name)),
                                 span_of(middle, sizeof(middle)),
                                 span_of(key->public_key, sizeof(key->public_key))};
    struct sha256 digest = sha256_of_parts(parts, ARRAY_LENGTH(parts));
    return bytes_get_u32(digest.bytes);
}

enum result checkpoint_key_parse(const char *text, struct checkpoint_key *ret_key)
{
    const char *id_at = strchr(text, '+');
    const char *key_at = id_at == NULL ? NULL : strchr(id_at + 1, '+');
    if (key_at == NULL || key_at - id_at != 9 || (size_t)(id_at - text) >= CHECKPOINT_ORIGIN_SIZE)
        return RESULT_PARSE;
    struct checkpoint_key key = {.id = 0};
    memcpy(key.name, text, (size_t)(id_at - text));
    char id_text[9];
    memcpy(id_text, id_at + 1, 8);
    id_text[8] = 0;
    uint8_t id[KEY_ID_BYTES], data[1 + CHECKPOINT_PUBLIC_BYTES];
    size_t id_length, length;
    if (!checkpoint_origin_is_valid(key.name) || strspn(id_text, "0123456789abcdef") != 8 ||
        !text_from_hex(id_text, id, sizeof(id), &id_length) ||
        !text_from_base64(key_at + 1, data, sizeof(data), &length) || length < 1)
        return RESULT_PARSE;
    if (data[0] != CHECKPOINT_KEY_LOG && data[0] != CHECKPOINT_KEY_WITNESS)
        return RESULT_UNSUPPORTED;
    if (length != sizeof(data))
        return RESULT_PARSE;
    key.type = data[0] == CHECKPOINT_KEY_LOG ? CHECKPOINT_KEY_LOG : CHECKPOINT_KEY_WITNESS;
    key.id = bytes_get_u32(id);
    memcpy(key.public_key, data + 1, CHECKPOINT_PUBLIC_BYTES);
    if (key.id != key_id_of(&key))
        return RESULT_INVALID;
    *ret_key = key;
    return RESULT_OK;
}

void checkpoint_key_format(const struct checkpoint_key *key, char *ret_text)
{
    uint8_t data[1 + CHECKPOINT_PUBLIC_BYTES];
    char encoded[ROOT_TEXT_SIZE];
    data[0] = (uint8_t)key->type;
    memcpy(data + 1, key->public_key, CHECKPOINT_PUBLIC_BYTES);
    text_base64(span_of(data, sizeof(data)), encoded, sizeof(encoded));
    CHECK(text_format(ret_text, CHECKPOINT_KEY_TEXT_SIZE, "%s+%08" PRIx32 "+%s", key->name, key->id,
                      encoded));
}

enum result checkpoint_key_of_seed(const char *name, enum checkpoint_key_type type,
                                   const uint8_t seed[CHECKPOINT_SEED_BYTES],
                                   struct checkpoint_key *ret_key)
{
    if (!checkpoint_origin_is_valid(name))
        return RESULT_INVALID;
    CHECK(sodium_init() >= 0);
    struct checkpoint_key key = {.type = type};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    CHECK(text_copy(key.name, sizeof(key.name), name));
    CHECK(crypto_sign_seed_keypair(key.public_key, secret, seed) == 0);
    sodium_memzero(secret, sizeof(secret));
    key.id = key_id_of(&key);
    *ret_key = key;
    return RESULT_OK;
}

struct sha256 checkpoint_genesis(const char *origin, const char *vkey)
{
    static const char title[] = "audit-genesis/v1\n";
    const struct span parts[] = {span_of(title, strlen(title)), span_of(origin, strlen(origin)),
                                 span_of("\n", 1), span_of(vkey, strlen(vkey)), span_of("\n", 1)};
    return sha256_of_parts(parts, ARRAY_LENGTH(parts));
}

enum result checkpoint_sign(const struct checkpoint *checkpoint,
                            const uint8_t seed[CHECKPOINT_SEED_BYTES], char *ret_note, size_t size)
{
    struct checkpoint_key key;
    enum result result = checkpoint_key_of_seed(checkpoint->origin, CHECKPOINT_KEY_LOG, seed, &key);
    if (result != RESULT_OK)
        return result;
    char root[ROOT_TEXT_SIZE], text[CHECKPOINT_SIGNED_SIZE];
    text_base64(span_of(checkpoint->root.bytes, SHA256_BYTES), root, sizeof(root));
    if (!text_format(text, sizeof(text), "%s\n%" PRIu64 "\n%s\n", checkpoint->origin,
                     checkpoint->size, root))
        return RESULT_TOO_LARGE;

    uint8_t public_key[CHECKPOINT_PUBLIC_BYTES], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t line[KEY_ID_BYTES + crypto_sign_BYTES];
    bytes_put_u32(line, key.id);
    CHECK(crypto_sign_seed_keypair(public_key, secret, seed) == 0);
    CHECK(crypto_sign_detached(line + KEY_ID_BYTES, NULL, (const uint8_t *)text, strlen(text),
                               secret) == 0);
    sodium_memzero(secret, sizeof(secret));
    char encoded[128];
    text_base64(span_of(line, sizeof(line)), encoded, sizeof(encoded));
    return text_format(ret_note, size, "%s\n" LINE_PREFIX "%s %s\n", text, key.name, encoded)
               ? RESULT_OK
               : RESULT_TOO_LARGE;
}

/* Takes one line without its newline from the front of `rest`; false at the end or without a newline. */
static bool line_take(struct span *rest, struct span *ret_line)
{
    const uint8_t *end = rest->length == 0 ? NULL : memchr(rest->data, '\n', rest->length);
    if (end == NULL)
        return false;
    *ret_line = span_of(rest->data, (size_t)(end - rest->data));
    *rest = span_of(end + 1, rest->length - ret_line->length - 1);
    return true;
}

/* Splits at the last empty line: `ret_text` keeps its final newline, `ret_lines` is the signature block. */
static bool note_split(struct span note, struct span *ret_text, struct span *ret_lines)
{
    if (note.length < 4 || note.length > CHECKPOINT_NOTE_MAX || note.data[note.length - 1] != '\n')
        return false;
    for (size_t i = note.length - 1; i >= 2; i--) {
        if (note.data[i - 1] != '\n' || note.data[i - 2] != '\n')
            continue;
        *ret_text = span_of(note.data, i - 1);
        *ret_lines = span_of(note.data + i, note.length - i);
        return true;
    }
    return false;
}

/* Canonical decimal: no sign, no leading zero, fits the tree. */
static bool size_parse(struct span line, uint64_t *ret_size)
{
    uint64_t value = 0;
    if (line.length == 0 || line.length > 18 || (line.length > 1 && line.data[0] == '0'))
        return false;
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(line.data[i] - '0');
    }
    *ret_size = value;
    return true;
}

static enum result text_parse(struct span text, struct checkpoint *ret_checkpoint)
{
    struct checkpoint parsed = {.size = 0};
    struct span origin, size, root, extension;
    if (!line_take(&text, &origin) || !line_take(&text, &size) || !line_take(&text, &root) ||
        origin.length >= sizeof(parsed.origin) || root.length != ROOT_TEXT_SIZE - 1)
        return RESULT_PARSE;
    memcpy(parsed.origin, origin.data, origin.length);
    char root_text[ROOT_TEXT_SIZE] = {0};
    memcpy(root_text, root.data, root.length);
    size_t root_length;
    /* A NUL inside would shorten the copy: strlen tells. */
    if (strlen(parsed.origin) != origin.length || !checkpoint_origin_is_valid(parsed.origin) ||
        !size_parse(size, &parsed.size) || strlen(root_text) != root.length ||
        !text_from_base64(root_text, parsed.root.bytes, SHA256_BYTES, &root_length) ||
        root_length != SHA256_BYTES)
        return RESULT_PARSE;
    /* tlog-checkpoint allows further lines after the root; they mean nothing to us, but the signature covers them. */
    while (text.length > 0)
        if (!line_take(&text, &extension) || extension.length == 0 ||
            !text_is_plain_utf8((const char *)extension.data, extension.length))
            return RESULT_PARSE;
    *ret_checkpoint = parsed;
    return RESULT_OK;
}

enum result checkpoint_parse(struct span note, struct checkpoint *ret_checkpoint)
{
    struct span text, lines;
    if (!note_split(note, &text, &lines))
        return RESULT_PARSE;
    return text_parse(text, ret_checkpoint);
}

struct signature_line {
    char name[CHECKPOINT_ORIGIN_SIZE]; /* empty when longer than any name we could know */
    uint32_t key_id;
    size_t length; /* of `signature` */
    uint8_t signature[CHECKPOINT_LINE_MAX];
};

/* "— name base64(key id ‖ signature)". */
static bool signature_parse(struct span line, struct signature_line *ret_line)
{
    const size_t prefix = strlen(LINE_PREFIX);
    char text[CHECKPOINT_LINE_MAX + 1];
    uint8_t data[CHECKPOINT_LINE_MAX];
    size_t length;
    if (line.length <= prefix || line.length > CHECKPOINT_LINE_MAX ||
        memcmp(line.data, LINE_PREFIX, prefix) != 0 ||
        !text_is_plain_utf8((const char *)line.data, line.length))
        return false;
    memcpy(text, line.data + prefix, line.length - prefix);
    text[line.length - prefix] = 0;
    char *space = strchr(text, ' ');
    if (space == NULL || space == text)
        return false;
    *space = 0;
    if (strchr(text, '+') != NULL || !text_from_base64(space + 1, data, sizeof(data), &length) ||
        length <= KEY_ID_BYTES)
        return false;
    /* A name too long to be a known one stays empty: such a line is of an unknown key. */
    (void)!text_copy(ret_line->name, sizeof(ret_line->name), text);
    ret_line->key_id = bytes_get_u32(data);
    ret_line->length = length - KEY_ID_BYTES;
    memcpy(ret_line->signature, data + KEY_ID_BYTES, ret_line->length);
    return true;
}

static bool line_is_of(const struct signature_line *line, const struct checkpoint_key *key)
{
    return line->key_id == key->id && strcmp(line->name, key->name) == 0;
}

static bool log_signature_holds(const struct signature_line *line, const struct checkpoint_key *key,
                                struct span text)
{
    return line->length == crypto_sign_BYTES &&
           crypto_sign_verify_detached(line->signature, text.data, text.length, key->public_key) ==
               0;
}

/* C2SP tlog-cosignature v1: the witness signs its own time with the text. */
static bool cosignature_holds(const struct signature_line *line, const struct checkpoint_key *key,
                              struct span text, int64_t now_us, int64_t *ret_time_s)
{
    if (line->length != COSIGN_TIME_BYTES + crypto_sign_BYTES)
        return false;
    uint64_t time_s =
        (uint64_t)bytes_get_u32(line->signature) << 32 | bytes_get_u32(line->signature + 4);
    if (time_s > (uint64_t)(now_us / US_PER_S + COSIGN_AHEAD_MAX_S))
        return false;
    char message[64 + CHECKPOINT_SIGNED_SIZE];
    CHECK(text_format(message, sizeof(message), "cosignature/v1\ntime %" PRIu64 "\n", time_s));
    size_t title = strlen(message);
    /* Longer texts (many extension lines) are nothing we or our witnesses sign. */
    if (text.length > sizeof(message) - title)
        return false;
    memcpy(message + title, text.data, text.length);
    *ret_time_s = (int64_t)time_s;
    return crypto_sign_verify_detached(line->signature + COSIGN_TIME_BYTES,
                                       (const uint8_t *)message, title + text.length,
                                       key->public_key) == 0;
}

/* One line against all keys we know; RESULT_TAMPERED when a known key's does not hold. */
static enum result line_check(const struct signature_line *line, struct span text,
                              const struct checkpoint_key *log,
                              const struct checkpoint_key *witnesses, size_t witness_count,
                              int64_t now_us, bool *log_signed, struct checkpoint_witnessed *seen)
{
    if (line_is_of(line, log)) {
        if (!log_signature_holds(line, log, text))
            return RESULT_TAMPERED;
        *log_signed = true;
    }
    for (size_t i = 0; i < witness_count; i++) {
        int64_t time_s;
        if (!line_is_of(line, &witnesses[i]))
            continue;
        if (!cosignature_holds(line, &witnesses[i], text, now_us, &time_s))
            return RESULT_TAMPERED;
        if (!seen->signed_by[i] || time_s > seen->time_s[i])
            seen->time_s[i] = time_s;
        seen->count += seen->signed_by[i] ? 0 : 1;
        seen->signed_by[i] = true;
    }
    return RESULT_OK;
}

enum result checkpoint_verify(struct span note, const struct checkpoint_key *log,
                              const struct checkpoint_key *witnesses, size_t witness_count,
                              int64_t now_us, struct checkpoint *ret_checkpoint,
                              struct checkpoint_witnessed *ret_witnessed)
{
    struct span text, lines, one;
    struct checkpoint parsed;
    struct checkpoint_witnessed seen = {.count = 0};
    bool log_signed = false;
    CHECK(sodium_init() >= 0);
    CHECK(witness_count <= CHECKPOINT_WITNESSES_MAX);
    if (!note_split(note, &text, &lines) || text_parse(text, &parsed) != RESULT_OK)
        return RESULT_PARSE;
    for (unsigned count = 0; lines.length > 0; count++) {
        struct signature_line line;
        if (count == CHECKPOINT_LINES_MAX || !line_take(&lines, &one) ||
            !signature_parse(one, &line))
            return RESULT_PARSE;
        enum result result =
            line_check(&line, text, log, witnesses, witness_count, now_us, &log_signed, &seen);
        if (result != RESULT_OK)
            return result;
    }
    if (!log_signed || strcmp(parsed.origin, log->name) != 0)
        return RESULT_TAMPERED;
    *ret_checkpoint = parsed;
    *ret_witnessed = seen;
    return RESULT_OK;
}
