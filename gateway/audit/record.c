#include "gateway/audit/record.h"

#include <string.h>

#include <jansson.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"

#define SHA256_BASE64_SIZE 45

static void json_free_p(json_t **json)
{
    json_decref(*json);
}

const char *audit_actor_kind(enum role role)
{
    switch (role) {
    case ROLE_PATIENT:
    case ROLE_PROXY:
        return "patient";
    case ROLE_PHYSICIAN:
    case ROLE_NURSE:
    case ROLE_CLERK:
    case ROLE_ADMINISTRATOR:
        return "staff";
    case ROLE_SYSTEM:
        return "system";
    case ROLE_FAMILY:
    case ROLE_INTERPRETER:
    case ROLE_HELPER:
    case ROLE_SPECIALIST:
    case ROLE_TRAINEE:
        return "guest";
    case ROLE_DEVICE:
        return "device";
    case ROLE_NONE:
    case ROLE_COUNT:
        break;
    }
    return "api";
}

/* Everything a record says in text is a name, an id or a code. This alphabet also keeps the encoder away from every
 * character whose escape jansson and RFC 8785 §3.2.2.2 would write differently. */
static bool text_is_code(const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-";
    return text[0] != 0 && text[strspn(text, alphabet)] == 0;
}

static bool key_is_plain(const char *key)
{
    size_t length = key == NULL ? 0 : strlen(key);
    return length >= 1 && length <= 24 && strspn(key, "abcdefghijklmnopqrstuvwxyz_") == length;
}

static enum result put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new_nocheck(object, key, value) == 0 ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result put_code(json_t *object, const char *key, const char *text)
{
    if (!text_is_code(text))
        return RESULT_INVALID;
    return put(object, key, json_string(text));
}

static enum result put_integer(json_t *object, const char *key, int64_t number)
{
    if (number > AUDIT_INTEGER_MAX || number < -AUDIT_INTEGER_MAX)
        return RESULT_INVALID;
    return put(object, key, json_integer(number));
}

static enum result put_hash(json_t *object, const char *key, const struct sha256 *hash)
{
    char text[SHA256_BASE64_SIZE];
    text_base64(span_of(hash->bytes, SHA256_BYTES), text, sizeof(text));
    return put(object, key, json_string(text));
}

/* The child is put in first and filled afterwards, so a failure half-way leaves nothing without an owner. */
static json_t *put_child(json_t *object, const char *key, json_t *child)
{
    return json_object_set_new_nocheck(object, key, child) == 0 ? child : NULL;
}

/* Runs the next step only while all before it went well. */
#define THEN(result, step) ((result) == RESULT_OK ? (step) : (result))

static enum result put_place(json_t *record, const struct audit_place *place)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format_utc(place->wall_us, time);
    if (strlen(time) != CLOCK_TEXT_SIZE - 1 || place->seq > (uint64_t)AUDIT_INTEGER_MAX)
        return RESULT_INVALID;
    enum result result = put_integer(record, "v", 1);
    result = THEN(result, put_code(record, "log", place->origin));
    result = THEN(result, put_integer(record, "seq", (int64_t)place->seq));
    result = THEN(result, put_hash(record, "prev", &place->prev));
    result = THEN(result, put(record, "t", json_string(time)));
    result = THEN(result, put_integer(record, "terr", place->clock_error_ms));
    result = THEN(result, put_code(record, "boot", place->boot));
    return THEN(result, put_integer(record, "mono", place->mono_ns));
}

static enum result put_actor(json_t *record, const struct actor *actor)
{
    json_t *member = put_child(record, "actor", json_object());
    if (member == NULL)
        return RESULT_NO_MEMORY;
    enum result result = put_code(member, "k", audit_actor_kind(actor->role));
    if (id_is_set(&actor->person))
        result = THEN(result, put_code(member, "id", actor->person.text));
    if (actor->authentication != AUTHENTICATION_NONE)
        result = THEN(result, put_code(member, "auth", authentication_name(actor->authentication)));
    return result;
}

static enum result put_object(json_t *record, const struct audit_draft *draft,
                              const struct audit_place *place)
{
    if (draft->object_kind == NULL)
        return RESULT_OK;
    json_t *member = put_child(record, "obj", json_object());
    if (member == NULL)
        return RESULT_NO_MEMORY;
    enum result result = put_code(member, "k", draft->object_kind);
    if (id_is_set(&draft->object))
        return THEN(result, put_code(member, "id", draft->object.text));
    /* The log itself is named by its origin. */
    if (strcmp(draft->object_kind, "log") == 0)
        return THEN(result, put_code(member, "id", place->origin));
    return result;
}

static enum result put_rule(json_t *record, const struct audit_draft *draft)
{
    if (!draft->has_rule)
        return RESULT_OK;
    json_t *member = put_child(record, "rule", json_object());
    if (member == NULL)
        return RESULT_NO_MEMORY;
    enum result result = put_code(member, "id", draft->rule);
    result = THEN(result, put_hash(member, "set", &draft->pack_hash));
    return THEN(result, put_hash(member, "in", &draft->inputs));
}

static enum result put_sealed(json_t *record, const struct audit_draft *draft,
                              const struct sha256 *commitments)
{
    if (draft->sealed_count == 0)
        return RESULT_OK;
    json_t *list = put_child(record, "sealed", json_array());
    if (list == NULL)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < draft->sealed_count; i++) {
        json_t *member = json_object();
        if (json_array_append_new(list, member) != 0)
            return RESULT_NO_MEMORY;
        enum result result = put_code(member, "n", draft->sealed[i]->name);
        result = THEN(result, put_code(member, "kid", draft->sealed[i]->subject.text));
        result = THEN(result, put_hash(member, "c", &commitments[i]));
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static enum result put_extra(json_t *extra, const struct audit_extra *from)
{
    /* A key twice would silently lose a value; "v" is the version's. */
    if (!key_is_plain(from->key) || json_object_get(extra, from->key) != NULL)
        return RESULT_INVALID;
    return from->is_text ? put_code(extra, from->key, from->text)
                         : put_integer(extra, from->key, from->number);
}

static enum result put_extras(json_t *record, const struct audit_draft *draft)
{
    bool session = id_is_set(&draft->actor.session);
    if (draft->extra_count == 0 && !session)
        return RESULT_OK;
    json_t *extra = put_child(record, "x", json_object());
    if (extra == NULL)
        return RESULT_NO_MEMORY;
    enum result result = put_integer(extra, "v", 1);
    if (session) {
        result = THEN(result, put_code(extra, "role", role_name(draft->actor.role)));
        result = THEN(result, put_code(extra, "session", draft->actor.session.text));
    }
    for (size_t i = 0; i < draft->extra_count; i++)
        result = THEN(result, put_extra(extra, &draft->extra[i]));
    return result;
}

static bool draft_is_sound(const struct audit_draft *draft)
{
    if ((unsigned)draft->act >= AUDIT_ACT_COUNT || (unsigned)draft->outcome > AUDIT_INTENT ||
        draft->extra_count > AUDIT_EXTRA_MAX || draft->sealed_count > AUDIT_SEALED_MAX)
        return false;
    for (size_t i = 0; i < draft->sealed_count; i++)
        if (draft->sealed[i] == NULL || draft->sealed[i]->name == NULL)
            return false;
    return true;
}

enum result audit_record_encode(const struct audit_draft *draft, const struct audit_place *place,
                                const struct sha256 *commitments, char *ret_bytes, size_t size,
                                size_t *ret_length)
{
    if (!draft_is_sound(draft))
        return RESULT_INVALID;
    CLEANUP(json_free_p) json_t *record = json_object();
    if (record == NULL)
        return RESULT_NO_MEMORY;
    enum result result = put_place(record, place);
    result = THEN(result, put_actor(record, &draft->actor));
    result = THEN(result, put_code(record, "act", audit_act_name(draft->act)));
    result = THEN(result, put_object(record, draft, place));
    result = THEN(result, put_code(record, "out", audit_outcome_name(draft->outcome)));
    result = THEN(result, put_rule(record, draft));
    if (id_is_set(&draft->actor.institution))
        result = THEN(result, put_code(record, "tenant", draft->actor.institution.text));
    if (id_is_set(&draft->request))
        result = THEN(result, put_code(record, "req", draft->request.text));
    result = THEN(result, put_sealed(record, draft, commitments));
    result = THEN(result, put_extras(record, draft));
    if (!result_ok(result))
        return result;
    /* All keys and texts are ASCII, so sorting by bytes is sorting by UTF-16 units (RFC 8785 §3.2.3). */
    size_t room = size < AUDIT_RECORD_BYTES_MAX ? size : AUDIT_RECORD_BYTES_MAX;
    size_t length = json_dumpb(record, ret_bytes, room, JSON_COMPACT | JSON_SORT_KEYS);
    if (length == 0)
        return RESULT_NO_MEMORY;
    if (length > room)
        return RESULT_TOO_LARGE;
    *ret_length = length;
    return RESULT_OK;
}

struct sha256 audit_commitment(struct span r, struct span value)
{
    return hmac_sha256(r, value);
}
