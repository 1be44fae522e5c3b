#include "gateway/audit/entry.h"

#include <string.h>

#include <jansson.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/model/consultation.h"

#define DEPTH_MAX 3 /* record → sealed → its members */

static void json_free_p(json_t **json)
{
    json_decref(*json);
}

static bool text_is_code(const char *text, size_t length)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/+=-";
    return length > 0 && strlen(text) == length && strspn(text, alphabet) == length;
}

static bool key_is_plain(const char *key)
{
    size_t length = strlen(key);
    return length >= 1 && length <= 24 && strspn(key, "abcdefghijklmnopqrstuvwxyz_") == length;
}

/* Objects, lists, codes and small integers, nothing else; this is also what makes the canonical form simple: no
 * character needs an escape and sorting by bytes is sorting by UTF-16 units (RFC 8785 §3.2.3). */
static bool value_is_plain(json_t *value, int depth)
{
    if (json_is_string(value))
        return text_is_code(json_string_value(value), json_string_length(value));
    if (json_is_integer(value))
        return json_integer_value(value) <= AUDIT_INTEGER_MAX &&
               json_integer_value(value) >= -AUDIT_INTEGER_MAX;
    if (depth >= DEPTH_MAX)
        return false;
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!value_is_plain(json_array_get(value, i), depth + 1))
                return false;
        return true;
    }
    if (!json_is_object(value))
        return false;
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at))
        if (!key_is_plain(json_object_iter_key(at)) ||
            !value_is_plain(json_object_iter_value(at), depth + 1))
            return false;
    return true;
}

/* NULL unless the bytes are what the canonical writer makes of them. Owner: caller. */
static json_t *canonical_load(struct span bytes)
{
    json_error_t error;
    json_t *record =
        json_loadb((const char *)bytes.data, bytes.length, JSON_REJECT_DUPLICATES, &error);
    CHECK(record != NULL || json_error_code(&error) != json_error_out_of_memory);
    if (record == NULL)
        return NULL;
    char again[AUDIT_RECORD_BYTES_MAX];
    size_t length = 0;
    if (json_is_object(record) && value_is_plain(record, 0))
        length = json_dumpb(record, again, sizeof(again), JSON_COMPACT | JSON_SORT_KEYS);
    if (length != bytes.length || memcmp(again, bytes.data, length) != 0) {
        json_decref(record);
        return NULL;
    }
    return record;
}

enum field_kind { FIELD_CODE, FIELD_INTEGER, FIELD_HASH, FIELD_OBJECT, FIELD_SEALED, FIELD_EXTRA };

struct field {
    const char *name;
    enum field_kind kind;
    bool required;
    const struct field *members; /* FIELD_OBJECT, FIELD_SEALED */
    size_t member_count;
};

static const struct field ACTOR_FIELDS[] = {
    {"auth", FIELD_CODE, false, NULL, 0},
    {"id", FIELD_CODE, false, NULL, 0},
    {"k", FIELD_CODE, true, NULL, 0},
};
static const struct field OBJECT_FIELDS[] = {
    {"id", FIELD_CODE, false, NULL, 0},
    {"k", FIELD_CODE, true, NULL, 0},
};
static const struct field RULE_FIELDS[] = {
    {"id", FIELD_CODE, true, NULL, 0},
    {"in", FIELD_HASH, true, NULL, 0},
    {"set", FIELD_HASH, true, NULL, 0},
};
static const struct field SEALED_FIELDS[] = {
    {"c", FIELD_HASH, true, NULL, 0},
    {"kid", FIELD_CODE, true, NULL, 0},
    {"n", FIELD_CODE, true, NULL, 0},
};
static const struct field RECORD_FIELDS[] = {
    {"act", FIELD_CODE, true, NULL, 0},
    {"actor", FIELD_OBJECT, true, ACTOR_FIELDS, ARRAY_LENGTH(ACTOR_FIELDS)},
    {"boot", FIELD_CODE, true, NULL, 0},
    {"log", FIELD_CODE, true, NULL, 0},
    {"mono", FIELD_INTEGER, true, NULL, 0},
    {"obj", FIELD_OBJECT, false, OBJECT_FIELDS, ARRAY_LENGTH(OBJECT_FIELDS)},
    {"out", FIELD_CODE, true, NULL, 0},
    {"prev", FIELD_HASH, true, NULL, 0},
    {"ref", FIELD_INTEGER, false, NULL, 0},
    {"req", FIELD_CODE, false, NULL, 0},
    {"rule", FIELD_OBJECT, false, RULE_FIELDS, ARRAY_LENGTH(RULE_FIELDS)},
    {"sealed", FIELD_SEALED, false, SEALED_FIELDS, ARRAY_LENGTH(SEALED_FIELDS)},
    {"seq", FIELD_INTEGER, true, NULL, 0},
    {"t", FIELD_CODE, true, NULL, 0},
    {"tenant", FIELD_CODE, false, NULL, 0},
    {"terr", FIELD_INTEGER, true, NULL, 0},
    {"v", FIELD_INTEGER, true, NULL, 0},
    {"x", FIELD_EXTRA, false, NULL, 0},
};

static bool hash_get(const json_t *value, struct sha256 *ret_hash)
{
    size_t length;
    return json_is_string(value) &&
           text_from_base64(json_string_value(value), ret_hash->bytes, SHA256_BYTES, &length) &&
           length == SHA256_BYTES;
}

/* The versioned object of further members: "v":1, codes and integers. */
static bool extra_matches(json_t *value)
{
    if (!json_is_object(value) || json_integer_value(json_object_get(value, "v")) != 1)
        return false;
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at))
        if (!json_is_string(json_object_iter_value(at)) &&
            !json_is_integer(json_object_iter_value(at)))
            return false;
    return true;
}

/* Each member known, each required one there. The members of a member are leaves, so this goes one level down at most. */
static bool members_match(const json_t *object, const struct field *fields, size_t count);

static bool sealed_matches(const json_t *list, const struct field *field)
{
    if (!json_is_array(list) || json_array_size(list) == 0)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!members_match(json_array_get(list, i), field->members, field->member_count))
            return false;
    return true;
}

static bool value_matches(json_t *value, const struct field *field)
{
    struct sha256 hash;
    switch (field->kind) {
    case FIELD_CODE:
        return json_is_string(value);
    case FIELD_INTEGER:
        return json_is_integer(value);
    case FIELD_HASH:
        return hash_get(value, &hash);
    case FIELD_OBJECT:
        return members_match(value, field->members, field->member_count);
    case FIELD_SEALED:
        return sealed_matches(value, field);
    case FIELD_EXTRA:
        return extra_matches(value);
    }
    return false;
}

static bool members_match(const json_t *object, const struct field *fields, size_t count)
{
    size_t known = 0;
    if (!json_is_object(object))
        return false;
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(object, fields[i].name);
        if (value == NULL ? fields[i].required : !value_matches(value, &fields[i]))
            return false;
        known += value != NULL;
    }
    return known == json_object_size(object);
}

/* Days since 1970-01-01 of a civil date: 400-year eras, the year beginning in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, year_of_era = year % 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

/* Decimal digits [from, from + count) of `text`; the caller has checked the length. */
static int64_t digits_at(const char *text, size_t from, size_t count)
{
    int64_t value = 0;
    for (size_t i = from; i < from + count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* "2026-11-22T00:00:02.000000Z", and only what clock_format_utc writes. */
static bool time_parse(const char *text, int64_t *ret_wall_us)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    if (strlen(text) != strlen(shape))
        return false;
    for (size_t i = 0; i < strlen(shape); i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    int64_t year = digits_at(text, 0, 4), month = digits_at(text, 5, 2);
    if (year < 1970 || month < 1 || month > 12)
        return false;
    int64_t seconds = days_of(year, month, digits_at(text, 8, 2)) * 86400 +
                      digits_at(text, 11, 2) * 3600 + digits_at(text, 14, 2) * 60 +
                      digits_at(text, 17, 2);
    int64_t wall_us = seconds * US_PER_S + digits_at(text, 20, 6);
    /* Day 31 of a short month or hour 25 come back as another text. */
    char again[CLOCK_TEXT_SIZE];
    clock_format_utc(wall_us, again);
    *ret_wall_us = wall_us;
    return strcmp(again, text) == 0;
}

static bool act_find(const char *text, enum audit_act *ret_act)
{
    for (unsigned i = 0; i < AUDIT_ACT_COUNT; i++) {
        if (strcmp(text, audit_act_name((enum audit_act)i)) == 0) {
            *ret_act = (enum audit_act)i;
            return true;
        }
    }
    return false;
}

static bool outcome_find(const char *text, enum audit_outcome *ret_outcome)
{
    for (unsigned i = AUDIT_OK; i <= AUDIT_INTENT; i++) {
        if (strcmp(text, audit_outcome_name((enum audit_outcome)i)) == 0) {
            *ret_outcome = (enum audit_outcome)i;
            return true;
        }
    }
    return false;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* Which consultation a record is about; codes longer than an id are no id of ours and refused. */
static bool consultation_get(const json_t *record, char *ret_id)
{
    const json_t *object = json_object_get(record, "obj");
    bool is_object = strcmp(text_of(object, "k"), "consult") == 0;
    const char *id =
        is_object ? text_of(object, "id") : text_of(json_object_get(record, "x"), "consultation");
    return text_copy(ret_id, ID_TEXT_SIZE, id);
}

/* -1 when there is none; a seat nobody could have is none of ours. */
static bool seat_get(const json_t *record, int *ret_seat)
{
    const json_t *value = json_object_get(json_object_get(record, "x"), "seat");
    if (value == NULL) {
        *ret_seat = -1;
        return true;
    }
    json_int_t seat = json_integer_value(value);
    *ret_seat = (int)seat;
    return json_is_integer(value) && seat >= 0 && seat < SEATS_MAX;
}

static bool values_get(const json_t *record, struct audit_entry *ret_entry)
{
    struct audit_entry entry = {.seq = 0};
    int64_t seq = json_integer_value(json_object_get(record, "seq"));
    int64_t ref = json_integer_value(json_object_get(record, "ref"));
    entry.seq = (uint64_t)seq;
    entry.has_ref = json_object_get(record, "ref") != NULL;
    entry.ref = (uint64_t)ref;
    entry.mono_ns = json_integer_value(json_object_get(record, "mono"));
    bool good = seq >= 0 && ref >= 0 && entry.mono_ns >= 0 &&
                json_integer_value(json_object_get(record, "terr")) >= -1 &&
                text_copy(entry.origin, sizeof(entry.origin), text_of(record, "log")) &&
                text_copy(entry.boot, sizeof(entry.boot), text_of(record, "boot")) &&
                text_copy(entry.time, sizeof(entry.time), text_of(record, "t")) &&
                time_parse(entry.time, &entry.wall_us) &&
                hash_get(json_object_get(record, "prev"), &entry.prev) &&
                act_find(text_of(record, "act"), &entry.act) &&
                outcome_find(text_of(record, "out"), &entry.outcome) &&
                consultation_get(record, entry.consultation) && seat_get(record, &entry.seat);
    if (good)
        *ret_entry = entry;
    return good;
}

enum entry_fault audit_entry_parse(struct span bytes, struct audit_entry *ret_entry)
{
    if (bytes.length == 0 || bytes.length > AUDIT_RECORD_BYTES_MAX)
        return ENTRY_LENGTH;
    CLEANUP(json_free_p) json_t *record = canonical_load(bytes);
    if (record == NULL)
        return ENTRY_NOT_CANONICAL;
    const json_t *version = json_object_get(record, "v");
    if (json_is_integer(version) && json_integer_value(version) > 1)
        return ENTRY_VERSION;
    if (!members_match(record, RECORD_FIELDS, ARRAY_LENGTH(RECORD_FIELDS)) ||
        json_integer_value(version) != 1 || !values_get(record, ret_entry))
        return ENTRY_FIELD;
    return ENTRY_OK;
}

bool audit_entry_commitment(struct span bytes, const char *name, struct sha256 *ret_commitment)
{
    struct audit_entry entry;
    if (audit_entry_parse(bytes, &entry) != ENTRY_OK)
        return false;
    CLEANUP(json_free_p) json_t *record = canonical_load(bytes);
    const json_t *list = json_object_get(record, "sealed");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *member = json_array_get(list, i);
        if (strcmp(text_of(member, "n"), name) == 0)
            return hash_get(json_object_get(member, "c"), ret_commitment);
    }
    return false;
}
