#include "gateway/consultation/consultation_snapshot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/consultation/consultation.h"

/* tsunagi-consultation 1
 * <one line per row of FIELDS, in that order: key value>
 * seat <index> <status> <role> <person> <device> <was_present> <since_us> <lost_at_us> [<consent> <sharing>]  six times
 * fact <name> <supplier> <value> <at_us> <expires_us>                                      for each known one
 * acknowledged <rule id>                                                                   for each
 * end
 * A seat's last two are left out when the patient said nothing and no screen is shown.
 * An empty id, code or set is "-". Enumerations and sets go by name, sets as a+b. */
#define VERSION_LINE "tsunagi-consultation 1"
#define TOKENS_MAX   11
#define TOKEN_SIZE   2048 /* a set of 32 names fits */

enum field_kind { KIND_ID, KIND_CODE, KIND_BOOL, KIND_TIME, KIND_REVISION, KIND_NAME, KIND_HASH };

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    const char *const *names; /* KIND_NAME */
    int names_count;
};

static const char *const STATE_NAMES[] = {
#define X(name, text) text,
    CONSULTATION_STATE_LIST(X)
#undef X
};
static const char *const REC_NAMES[] = {"off", "asked", "on"};
static const char *const RX_NAMES[] = {"locked", "open", "submitted", "locked_for_good"};
static const char *const PRESENCE_NAMES[] = {"clean", "held"};
static const char *const CONSENT_NAMES[] = {"none", "given", "refused"};

#define AT(member) offsetof(struct consultation, member)
#define PLAIN(member, kind)                                                                        \
    {                                                                                              \
#member, kind, AT(member), NULL, 0                                                         \
    }
#define NAMED(member, names)                                                                       \
    {                                                                                              \
#member, KIND_NAME, AT(member), names, ARRAY_LENGTH(names)                                 \
    }

/* pack_hash and pack_pinned come first: consultation_text_pack() reads no further. */
static const struct field FIELDS[] = {
    PLAIN(pack_hash, KIND_HASH),
    PLAIN(pack_pinned, KIND_BOOL),
    PLAIN(id, KIND_ID),
    PLAIN(institution, KIND_ID),
    PLAIN(patient, KIND_ID),
    PLAIN(physician, KIND_ID),
    NAMED(state, STATE_NAMES),
    PLAIN(revision, KIND_REVISION),
    NAMED(rec, REC_NAMES),
    NAMED(rx, RX_NAMES),
    NAMED(presence, PRESENCE_NAMES),
    PLAIN(picture_lost, KIND_BOOL),
    PLAIN(sound_lost, KIND_BOOL),
    PLAIN(evidence_lost, KIND_BOOL),
    PLAIN(hold_reason, KIND_CODE),
    NAMED(before_hold, STATE_NAMES),
    PLAIN(confirm_needed, KIND_BOOL),
    PLAIN(second_device, KIND_BOOL),
    PLAIN(held_device, KIND_ID),
    PLAIN(booked_for_us, KIND_TIME),
    PLAIN(lobby_at_us, KIND_TIME),
    PLAIN(admitted_at_us, KIND_TIME),
    PLAIN(started_at_us, KIND_TIME),
    PLAIN(finished_at_us, KIND_TIME),
    PLAIN(ended_at_us, KIND_TIME),
    PLAIN(live_since_us, KIND_TIME),
    PLAIN(live_exam_us, KIND_TIME),
    PLAIN(deadline_us, KIND_TIME),
    PLAIN(outcome, KIND_CODE),
    PLAIN(end_reason, KIND_CODE),
};
enum { FIELD_PACK_HASH, FIELD_PACK_PINNED };

/* ---- writing ---- */

struct text_out {
    char *text;
    size_t size, used;
    enum result result; /* of the first failure */
};

static void PRINTF_LIKE(2, 3) out_line(struct text_out *out, const char *format, ...)
{
    if (out->result != RESULT_OK)
        return;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(out->text + out->used, out->size - out->used, format, values);
    va_end(values);
    if (length < 0 || (size_t)length + 1 >= out->size - out->used) {
        out->result = RESULT_TOO_LARGE;
        return;
    }
    out->used += (size_t)length;
    out->text[out->used++] = '\n';
    out->text[out->used] = 0;
}

static bool is_token(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    return length > 0 && length < size && strcmp(text, "-") != 0 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-") ==
               length;
}

/* The text as a token; what could not be read back is not written. */
static const char *token_of(struct text_out *out, const char *text, size_t size)
{
    if (text[0] == 0)
        return "-";
    if (!is_token(text, size) && out->result == RESULT_OK)
        out->result = RESULT_INVALID;
    return text;
}

static const char *id_token(struct text_out *out, const struct id *id)
{
    struct id parsed;
    if (id_is_set(id) && !id_parse(id->text, &parsed) && out->result == RESULT_OK)
        out->result = RESULT_INVALID;
    return id_is_set(id) ? id->text : "-";
}

static void write_field(struct text_out *out, const struct consultation *consultation,
                        const struct field *field)
{
    const char *at = (const char *)consultation + field->offset;
    char hex[2 * SHA256_BYTES + 1];
    int64_t number = 0;
    switch (field->kind) {
    case KIND_ID:
        out_line(out, "%s %s", field->key, id_token(out, (const struct id *)(const void *)at));
        return;
    case KIND_CODE:
        out_line(out, "%s %s", field->key, token_of(out, at, REASON_CODE_SIZE));
        return;
    case KIND_NAME: {
        int value = 0;
        memcpy(&value, at, sizeof(value));
        if (value < 0 || value >= field->names_count)
            out->result = out->result == RESULT_OK ? RESULT_INVALID : out->result;
        else
            out_line(out, "%s %s", field->key, field->names[value]);
        return;
    }
    case KIND_HASH:
        text_hex(span_of(at, SHA256_BYTES), hex, sizeof(hex));
        out_line(out, "%s %s", field->key, hex);
        return;
    case KIND_BOOL:
        number = *(const bool *)(const void *)at;
        break;
    case KIND_REVISION:
        number = *(const uint32_t *)(const void *)at;
        break;
    case KIND_TIME:
        memcpy(&number, at, sizeof(number));
        break;
    }
    if (number < 0 && out->result == RESULT_OK)
        out->result = RESULT_INVALID;
    out_line(out, "%s %lld", field->key, (long long)number);
}

static void write_seat(struct text_out *out, const struct seat *seat, int index)
{
    char guest[16] = "";
    if (seat->consent != SEAT_CONSENT_NONE || seat->sharing)
        (void)!text_format(guest, sizeof(guest), " %s %d", CONSENT_NAMES[seat->consent],
                           seat->sharing);
    out_line(out, "seat %d %s %s %s %s %d %lld %lld%s", index, seat_status_name(seat->status),
             role_name(seat->role), id_token(out, &seat->person), id_token(out, &seat->device),
             seat->was_present, (long long)seat->since_us, (long long)seat->lost_at_us, guest);
}

/* A fact's value as its pack names it. */
static bool value_text(const struct fact_info *info, int64_t value, char *ret_text, size_t size)
{
    size_t used = 0;
    if (info->type == FACT_ENUM)
        return value >= 0 && value < info->values_count &&
               text_format(ret_text, size, "%s", info->values[value]);
    if (info->type != FACT_SET)
        return text_format(ret_text, size, "%lld", (long long)value);
    if (value < 0 || (info->values_count < 63 && value >> info->values_count != 0))
        return false;
    if (value == 0)
        return text_format(ret_text, size, "-");
    for (uint32_t i = 0; i < info->values_count; i++) {
        if ((value & 1ll << i) == 0)
            continue;
        if (!text_format(ret_text + used, size - used, "%s%s", used > 0 ? "+" : "",
                         info->values[i]))
            return false;
        used += strlen(ret_text + used);
    }
    return true;
}

static void write_fact(struct text_out *out, const struct fact_info *info,
                       const struct fact_value *value)
{
    char text[TOKEN_SIZE];
    if (!value_text(info, value->value, text, sizeof(text)) || strchr(text, ' ') != NULL) {
        out->result = out->result == RESULT_OK ? RESULT_INVALID : out->result;
        return;
    }
    out_line(out, "fact %s %s %s %lld %lld", token_of(out, info->name, FACT_NAME_SIZE),
             supplier_name(value->supplier), text, (long long)value->at_us,
             (long long)value->expires_us);
}

enum result consultation_write_text(const struct consultation *consultation,
                                    const struct rule_pack *pack, char *ret_text, size_t size)
{
    struct text_out out = {.text = ret_text, .size = size, .result = RESULT_OK};
    const struct pack_info *info = rule_pack_info(pack);
    out_line(&out, VERSION_LINE);
    for (size_t i = 0; i < ARRAY_LENGTH(FIELDS); i++)
        write_field(&out, consultation, &FIELDS[i]);
    for (int i = 0; i < SEATS_MAX; i++)
        write_seat(&out, &consultation->seats[i], i);
    for (uint32_t i = 0; i < info->facts_count; i++)
        if (consultation->facts.values[i].known)
            write_fact(&out, rule_pack_fact(pack, i), &consultation->facts.values[i]);
    for (uint32_t i = 0; i < info->rules_count; i++)
        if ((consultation->acknowledged[i / 8] & 1u << i % 8) != 0)
            out_line(&out, "acknowledged %s",
                     token_of(&out, rule_pack_rule(pack, i)->id, RULE_ID_SIZE));
    out_line(&out, "end");
    return out.result;
}

/* ---- reading ---- */

/* The present line, split at single blanks. */
struct text_in {
    const char *at, *end;
    unsigned count;
    char tokens[TOKENS_MAX][TOKEN_SIZE];
};

static bool in_line(struct text_in *in)
{
    const char *stop = memchr(in->at, '\n', (size_t)(in->end - in->at));
    in->count = 0;
    if (stop == NULL)
        return false;
    while (in->at <= stop) {
        const char *blank = memchr(in->at, ' ', (size_t)(stop - in->at));
        size_t length = (size_t)((blank != NULL ? blank : stop) - in->at);
        if (in->count == TOKENS_MAX || length == 0 || length >= TOKEN_SIZE ||
            memchr(in->at, 0, length) != NULL)
            return false;
        memcpy(in->tokens[in->count], in->at, length);
        in->tokens[in->count++][length] = 0;
        in->at += length + 1;
    }
    return true;
}

/* The next line, which has to be this one with so many tokens. */
static bool in_expect(struct text_in *in, const char *key, unsigned tokens)
{
    return in_line(in) && in->count == tokens && strcmp(in->tokens[0], key) == 0;
}

/* Only what the writer writes: no sign but minus, no leading zero, no blank. */
static bool read_number(const char *text, int64_t minimum, int64_t maximum, int64_t *ret_number)
{
    char again[24], *stop = NULL;
    errno = 0;
    long long number = strtoll(text, &stop, 10);
    if (errno != 0 || *stop != 0 || number < minimum || number > maximum)
        return false;
    if (!text_format(again, sizeof(again), "%lld", number) || strcmp(again, text) != 0)
        return false;
    *ret_number = number;
    return true;
}

static bool read_bool(const char *text, bool *ret_value)
{
    *ret_value = text[0] == '1';
    return (text[0] == '0' || text[0] == '1') && text[1] == 0;
}

static bool read_id(const char *text, struct id *ret_id)
{
    return strcmp(text, "-") == 0 || id_parse(text, ret_id);
}

static bool read_name(const char *text, const char *const *names, int count, int *ret_value)
{
    for (int i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret_value = i;
            return true;
        }
    return false;
}

static bool read_hash(const char *text, struct sha256 *ret_hash)
{
    size_t length = 0;
    char again[2 * SHA256_BYTES + 1];
    if (!text_from_hex(text, ret_hash->bytes, SHA256_BYTES, &length) || length != SHA256_BYTES)
        return false;
    text_hex(span_of(ret_hash->bytes, SHA256_BYTES), again, sizeof(again));
    return strcmp(again, text) == 0;
}

static bool read_field(struct text_in *in, struct consultation *consultation,
                       const struct field *field)
{
    char *at = (char *)consultation + field->offset;
    const char *text = in->tokens[1];
    int64_t number = 0;
    int name = 0;
    if (!in_expect(in, field->key, 2))
        return false;
    switch (field->kind) {
    case KIND_ID:
        return read_id(text, (struct id *)(void *)at);
    case KIND_CODE:
        return strcmp(text, "-") == 0 ||
               (is_token(text, REASON_CODE_SIZE) && text_copy(at, REASON_CODE_SIZE, text));
    case KIND_BOOL:
        return read_bool(text, (bool *)(void *)at);
    case KIND_TIME:
        return read_number(text, 0, INT64_MAX, (int64_t *)(void *)at);
    case KIND_REVISION:
        if (!read_number(text, 0, UINT32_MAX, &number))
            return false;
        *(uint32_t *)(void *)at = (uint32_t)number;
        return true;
    case KIND_NAME:
        if (!read_name(text, field->names, field->names_count, &name))
            return false;
        memcpy(at, &name, sizeof(name));
        return true;
    case KIND_HASH:
        return read_hash(text, (struct sha256 *)(void *)at);
    }
    return false;
}

static bool read_guest(const struct text_in *in, struct seat *seat)
{
    int consent = 0;
    if (in->count == 9)
        return true;
    if (!read_name(in->tokens[9], CONSENT_NAMES, ARRAY_LENGTH(CONSENT_NAMES), &consent) ||
        !read_bool(in->tokens[10], &seat->sharing))
        return false;
    seat->consent = (enum seat_consent)consent;
    return seat->consent != SEAT_CONSENT_NONE || seat->sharing;
}

static bool read_seat(struct text_in *in, int index, struct seat *seat)
{
    int64_t number = 0;
    if (!in_line(in) || (in->count != 9 && in->count != 11) || strcmp(in->tokens[0], "seat") != 0 ||
        !read_number(in->tokens[1], index, index, &number))
        return false;
    bool status = false, role = false;
    for (int i = 0; i < SEAT_STATUS_COUNT; i++)
        if (strcmp(in->tokens[2], seat_status_name((enum seat_status)i)) == 0) {
            seat->status = (enum seat_status)i;
            status = true;
        }
    for (int i = 0; i < ROLE_COUNT; i++)
        if (strcmp(in->tokens[3], role_name((enum role)i)) == 0) {
            seat->role = (enum role)i;
            role = true;
        }
    return status && role && read_id(in->tokens[4], &seat->person) &&
           read_id(in->tokens[5], &seat->device) && read_bool(in->tokens[6], &seat->was_present) &&
           read_number(in->tokens[7], 0, INT64_MAX, &seat->since_us) &&
           read_number(in->tokens[8], 0, INT64_MAX, &seat->lost_at_us) && read_guest(in, seat);
}

static bool read_set(const struct fact_info *info, const char *text, int64_t *ret_value)
{
    *ret_value = 0;
    if (strcmp(text, "-") == 0)
        return true;
    while (true) {
        size_t length = strcspn(text, "+");
        uint32_t i = 0;
        while (i < info->values_count &&
               (strlen(info->values[i]) != length || memcmp(info->values[i], text, length) != 0))
            i++;
        /* rising order, as written, so a name cannot come twice */
        if (i == info->values_count || (*ret_value >> i) != 0)
            return false;
        *ret_value |= 1ll << i;
        if (text[length] == 0)
            return true;
        text += length + 1;
    }
}

static bool read_value(const struct fact_info *info, const char *text, int64_t *ret_value)
{
    int name = 0;
    if (info->type == FACT_SET)
        return read_set(info, text, ret_value);
    if (info->type != FACT_ENUM)
        return read_number(text, INT64_MIN, INT64_MAX, ret_value);
    if (!read_name(text, info->values, (int)info->values_count, &name))
        return false;
    *ret_value = name;
    return true;
}

/* `same_pack` false: the text speaks of another pack, whose facts may not exist or mean something else here. */
static bool read_fact(const struct text_in *in, const struct rule_pack *pack, bool same_pack,
                      struct fact_set *facts)
{
    int supplier = -1;
    struct fact_value value = {.known = true};
    for (int i = 0; i < SUPPLIER_COUNT; i++)
        if (strcmp(in->tokens[2], supplier_name((enum supplier)i)) == 0)
            supplier = i;
    if (in->count != 6 || supplier < 0 || !is_token(in->tokens[1], FACT_NAME_SIZE) ||
        !read_number(in->tokens[4], 0, INT64_MAX, &value.at_us) ||
        !read_number(in->tokens[5], 0, INT64_MAX, &value.expires_us))
        return false;
    int fact = rule_pack_find_fact(pack, in->tokens[1]);
    if (fact < 0)
        return !same_pack;
    value.supplier = (enum supplier)supplier;
    if (!read_value(rule_pack_fact(pack, (uint32_t)fact), in->tokens[3], &value.value) ||
        fact_check(pack, (uint32_t)fact, value.supplier, value.value) != RESULT_OK)
        return !same_pack;
    if (facts->values[fact].known)
        return false;
    facts->values[fact] = value;
    return true;
}

static bool read_acknowledged(const struct text_in *in, const struct rule_pack *pack,
                              bool same_pack, uint8_t *acknowledged)
{
    if (in->count != 2 || !is_token(in->tokens[1], RULE_ID_SIZE))
        return false;
    if (!same_pack)
        return true;
    int rule = rule_pack_find_rule(pack, in->tokens[1]);
    if (rule < 0 || (acknowledged[rule / 8] & 1u << rule % 8) != 0)
        return false;
    acknowledged[rule / 8] |= (uint8_t)(1u << rule % 8);
    return true;
}

/* A damaged row must not open a gate: what consultation_step() keeps true has to be true here. */
static bool consistent(const struct consultation *consultation)
{
    bool live = consultation_is_live(consultation->state);
    bool interrupted = consultation->state == CONSULTATION_STATE_PAUSED ||
                       consultation->state == CONSULTATION_STATE_RECONNECTING;
    enum consultation_state back = consultation->before_hold;
    if (live && (consultation->admitted_at_us == 0 || !consultation->pack_pinned))
        return false;
    if (interrupted ? back != CONSULTATION_STATE_IDENT && back != CONSULTATION_STATE_CONSULT
                    : back != CONSULTATION_STATE_BOOKED)
        return false;
    if (consultation->live_since_us != 0 && consultation->state != CONSULTATION_STATE_CONSULT)
        return false;
    if (consultation->second_device != id_is_set(&consultation->held_device))
        return false;
    for (int i = 0; i < SEATS_MAX; i++) {
        const struct seat *seat = &consultation->seats[i];
        bool lost = seat->status == SEAT_AWAY || seat->status == SEAT_WAITING;
        if (seat->status == SEAT_PRESENT && !live)
            return false;
        if (seat->was_present && (!live || !lost || seat->lost_at_us == 0))
            return false;
        if (seat->sharing && seat->status != SEAT_PRESENT)
            return false;
        if (seat->consent != SEAT_CONSENT_NONE && (!live || i < SEAT_FIRST_GUEST))
            return false;
    }
    return true;
}

static bool read_rest(struct text_in *in, const struct rule_pack *pack, bool same_pack,
                      struct consultation *consultation)
{
    for (size_t i = FIELD_PACK_PINNED + 1; i < ARRAY_LENGTH(FIELDS); i++)
        if (!read_field(in, consultation, &FIELDS[i]))
            return false;
    for (int i = 0; i < SEATS_MAX; i++)
        if (!read_seat(in, i, &consultation->seats[i]))
            return false;
    while (in_line(in)) {
        if (in->count == 1 && strcmp(in->tokens[0], "end") == 0)
            return in->at == in->end && consistent(consultation);
        bool read = strcmp(in->tokens[0], "fact") == 0
                        ? read_fact(in, pack, same_pack, &consultation->facts)
                    : strcmp(in->tokens[0], "acknowledged") == 0
                        ? read_acknowledged(in, pack, same_pack, consultation->acknowledged)
                        : false;
        if (!read)
            return false;
    }
    return false;
}

static enum result read_head(struct text_in *in, struct sha256 *ret_hash, bool *ret_pinned)
{
    struct consultation head = {.pack_pinned = false};
    if (!in_line(in) || in->count != 2 || strcmp(in->tokens[0], "tsunagi-consultation") != 0)
        return RESULT_PARSE;
    if (strcmp(in->tokens[1], "1") != 0)
        return RESULT_UNSUPPORTED;
    if (!read_field(in, &head, &FIELDS[FIELD_PACK_HASH]) ||
        !read_field(in, &head, &FIELDS[FIELD_PACK_PINNED]))
        return RESULT_PARSE;
    *ret_hash = head.pack_hash;
    *ret_pinned = head.pack_pinned;
    return RESULT_OK;
}

enum result consultation_text_pack(struct span text, struct sha256 *ret_hash, bool *ret_pinned)
{
    struct text_in in = {.at = (const char *)text.data,
                         .end = (const char *)text.data + text.length};
    return text.length == 0 ? RESULT_PARSE : read_head(&in, ret_hash, ret_pinned);
}

enum result consultation_read_text(const struct rule_pack *pack, struct span text,
                                   struct consultation *ret_consultation)
{
    struct text_in in = {.at = (const char *)text.data,
                         .end = (const char *)text.data + text.length};
    struct consultation read;
    memset(&read, 0, sizeof(read));
    if (text.length == 0)
        return RESULT_PARSE;
    enum result result = read_head(&in, &read.pack_hash, &read.pack_pinned);
    if (result != RESULT_OK)
        return result;
    bool same_pack = sha256_equal(&read.pack_hash, &rule_pack_info(pack)->hash);
    if (!same_pack && read.pack_pinned)
        return RESULT_STALE;
    if (!read_rest(&in, pack, same_pack, &read))
        return RESULT_PARSE;
    read.pack_hash = rule_pack_info(pack)->hash;
    *ret_consultation = read;
    return RESULT_OK;
}
