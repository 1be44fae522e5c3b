/* Text → struct: bounds first, then jansson, then the rows. Anything a row does not name is refused. */
#include "signaling/messages/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "signaling/messages/message_shape.h"

struct decoder {
    struct message_problem *problem;
    const char *prefix; /* path of the object being read */
};

static void json_free(json_t **root)
{
    json_decref(*root);
}

static enum result decoder_refuse(const struct decoder *decoder, const char *code, const char *name)
{
    message_problem_set(decoder->problem, code, decoder->prefix, name);
    return RESULT_INVALID;
}

/* Nesting and number of keys, before the parser allocates anything for them (security-reliability U-08). */
static const char *bounds_problem(struct span text)
{
    int depth = 0, keys = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.length; i++) {
        uint8_t at = text.data[i];
        if (quoted) {
            if (at == '\\')
                i++;
            else if (at == '"')
                quoted = false;
        } else if (at == '"') {
            quoted = true;
        } else if (at == '{' || at == '[') {
            if (++depth > MESSAGE_DEPTH_MAX)
                return "too_deep";
        } else if (at == '}' || at == ']') {
            depth--;
        } else if (at == ':' && ++keys > MESSAGE_KEYS_MAX) {
            return "too_many_keys";
        }
    }
    return NULL;
}

static enum result decode_fields(const struct decoder *decoder, json_t *object,
                                 const struct message_field *fields, void *place);

static enum result decode_text(const struct decoder *decoder, const struct message_field *field,
                               json_t *value, char *place)
{
    if (!json_is_string(value))
        return decoder_refuse(decoder, "wrong_type", field->name);
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    const char *problem = message_text_problem(field, text, length);
    if (problem != NULL)
        return decoder_refuse(decoder, problem, field->name);
    if (field->kind != FIELD_LONGTEXT) {
        memcpy(place, text, length + 1);
        return RESULT_OK;
    }
    char *copy = strdup(text);
    if (copy == NULL)
        return RESULT_NO_MEMORY;
    memcpy(place, &copy, sizeof(copy));
    return RESULT_OK;
}

static enum result decode_set(const struct decoder *decoder, const struct message_field *field,
                              json_t *value, struct message_scalar *scalar)
{
    size_t index;
    json_t *item;
    scalar->kind = MESSAGE_SCALAR_SET;
    json_array_foreach(value, index, item)
    {
        if (!json_is_string(item))
            return decoder_refuse(decoder, "wrong_type", field->name);
        const char *problem =
            message_text_problem(field, json_string_value(item), json_string_length(item));
        if (problem != NULL)
            return decoder_refuse(decoder, problem, field->name);
        if (!message_scalar_add(scalar, json_string_value(item)))
            return decoder_refuse(decoder, "too_many", field->name);
    }
    return RESULT_OK;
}

static enum result decode_scalar(const struct decoder *decoder, const struct message_field *field,
                                 json_t *value, struct message_scalar *scalar)
{
    if (json_is_boolean(value)) {
        *scalar = message_scalar_boolean(json_is_true(value));
        return RESULT_OK;
    }
    if (json_is_array(value))
        return decode_set(decoder, field, value, scalar);
    if (json_is_string(value)) {
        scalar->kind = MESSAGE_SCALAR_NAME;
        return decode_text(decoder, field, value, scalar->names);
    }
    if (!json_is_integer(value))
        return decoder_refuse(decoder, "wrong_type", field->name);
    json_int_t number = json_integer_value(value);
    if (number < -JSON_INTEGER_MAX || number > JSON_INTEGER_MAX)
        return decoder_refuse(decoder, "out_of_range", field->name);
    *scalar = message_scalar_integer(number);
    return RESULT_OK;
}

static enum result decode_object(const struct decoder *decoder, const struct message_field *field,
                                 const char *path, json_t *value, void *place)
{
    if (!json_is_object(value))
        return decoder_refuse(decoder, "wrong_type", path);
    struct message_problem inner_path; /* joins the paths the same way a problem does */
    message_problem_set(&inner_path, NULL, decoder->prefix, path);
    struct decoder inner = {.problem = decoder->problem, .prefix = inner_path.field};
    return decode_fields(&inner, value, field->object_fields(), place);
}

static enum result decode_list(const struct decoder *decoder, const struct message_field *field,
                               json_t *value, char *self)
{
    if (!json_is_array(value))
        return decoder_refuse(decoder, "wrong_type", field->name);
    if (json_array_size(value) > (size_t)field->maximum)
        return decoder_refuse(decoder, "too_many", field->name);
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item)
    {
        char path[MESSAGE_NAME_SIZE];
        snprintf(path, sizeof(path), "%s.%u", field->name, (unsigned)index);
        enum result result =
            decode_object(decoder, field, path, item, self + field->offset + index * field->stride);
        if (!result_ok(result))
            return result;
    }
    uint32_t count = (uint32_t)json_array_size(value);
    memcpy(self + field->count_offset, &count, sizeof(count));
    return RESULT_OK;
}

static enum result decode_integer(const struct decoder *decoder, const struct message_field *field,
                                  json_t *value, char *place)
{
    if (!json_is_integer(value))
        return decoder_refuse(decoder, "wrong_type", field->name);
    int64_t number = json_integer_value(value);
    if (number < field->minimum || number > field->maximum)
        return decoder_refuse(decoder, "out_of_range", field->name);
    memcpy(place, &number, sizeof(number));
    return RESULT_OK;
}

static enum result decode_field(const struct decoder *decoder, const struct message_field *field,
                                json_t *value, char *self)
{
    char *place = self + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LONGTEXT:
    case FIELD_IDENT:
    case FIELD_NAME:
        return decode_text(decoder, field, value, place);
    case FIELD_INTEGER:
        return decode_integer(decoder, field, value, place);
    case FIELD_BOOLEAN:
        if (!json_is_boolean(value))
            return decoder_refuse(decoder, "wrong_type", field->name);
        *(bool *)place = json_is_true(value);
        return RESULT_OK;
    case FIELD_SCALAR:
        return decode_scalar(decoder, field, value, (struct message_scalar *)(void *)place);
    case FIELD_ONE:
        return decode_object(decoder, field, field->name, value, place);
    case FIELD_LIST:
        return decode_list(decoder, field, value, self);
    }
    return RESULT_BUG;
}

static bool is_envelope(const struct decoder *decoder, const struct message_field *fields,
                        const char *key)
{
    if (decoder->prefix[0] != 0)
        return false;
    if (strcmp(key, "type") == 0 || strcmp(key, "seq") == 0)
        return true;
    if (strcmp(key, "ref") != 0)
        return false;
    for (const struct message_field *field = fields; field->name != NULL; field++)
        if (strcmp(field->name, "ref") == 0)
            return false; /* `done` and `error` say which message they answer */
    return true;
}

static enum result decode_fields(const struct decoder *decoder, json_t *object,
                                 const struct message_field *fields, void *place)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const struct message_field *field = fields;
        while (field->name != NULL && strcmp(field->name, key) != 0)
            field++;
        if (field->name == NULL && !is_envelope(decoder, fields, key))
            return decoder_refuse(decoder, "unknown_field", key);
    }
    char *self = place;
    for (const struct message_field *field = fields; field->name != NULL; field++) {
        value = json_object_get(object, field->name);
        if (value == NULL && field->flag_offset == FIELD_NO_FLAG)
            return decoder_refuse(decoder, "missing_field", field->name);
        if (value == NULL)
            continue;
        if (field->flag_offset != FIELD_NO_FLAG)
            *(bool *)(self + field->flag_offset) = true;
        enum result result = decode_field(decoder, field, value, self);
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static enum result decode_type(const struct decoder *decoder, json_t *root,
                               enum message_direction direction, struct message *message)
{
    const char *name = json_string_value(json_object_get(root, "type"));
    if (name == NULL)
        return decoder_refuse(decoder, "missing_field", "type");
    for (unsigned type = 0; type < MESSAGE_TYPES_COUNT; type++) {
        if (strcmp(MESSAGE_INFOS[type].name, name) != 0)
            continue;
        message->type = (enum message_type)type;
        return MESSAGE_INFOS[type].direction == direction
                   ? RESULT_OK
                   : decoder_refuse(decoder, "wrong_direction", "type");
    }
    return decoder_refuse(decoder, "unknown_type", "type");
}

/* `ref` inwards (may be absent) and `seq` outwards (must be there); neither in the other direction. */
static enum result decode_envelope(const struct decoder *decoder, json_t *root,
                                   enum message_direction direction, struct message *message)
{
    const char *name = direction == MESSAGE_IN ? "ref" : "seq";
    int64_t least = direction == MESSAGE_IN ? 1 : 0;
    int64_t most = direction == MESSAGE_IN ? MESSAGE_REF_MAX : JSON_INTEGER_MAX;
    json_t *value = json_object_get(root, name);
    if (direction == MESSAGE_IN && json_object_get(root, "seq") != NULL)
        return decoder_refuse(decoder, "unknown_field", "seq");
    if (value == NULL)
        return direction == MESSAGE_IN ? RESULT_OK : decoder_refuse(decoder, "missing_field", name);
    if (!json_is_integer(value))
        return decoder_refuse(decoder, "wrong_type", name);
    int64_t number = json_integer_value(value);
    if (number < least || number > most)
        return decoder_refuse(decoder, "out_of_range", name);
    if (direction == MESSAGE_IN)
        message->ref = decoder->problem->ref = (uint32_t)number;
    else
        message->seq = (uint64_t)number;
    return RESULT_OK;
}

enum result message_decode(struct span text, enum message_direction direction,
                           struct message *ret_message, struct message_problem *ret_problem)
{
    struct decoder decoder = {.problem = ret_problem, .prefix = ""};
    *ret_problem = (struct message_problem){.code = ""};
    memset(ret_message, 0, sizeof(*ret_message));
    /* What the gateway itself writes may be longer than what a page may send. */
    if (direction == MESSAGE_IN && text.length > MESSAGE_TEXT_MAX)
        return decoder_refuse(&decoder, "too_large", "");
    const char *problem = direction == MESSAGE_IN ? bounds_problem(text) : NULL;
    if (problem != NULL)
        return decoder_refuse(&decoder, problem, "");
    json_error_t error;
    json_t *root CLEANUP(json_free) =
        json_loadb((const char *)text.data, text.length, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return decoder_refuse(
            &decoder,
            json_error_code(&error) == json_error_duplicate_key ? "duplicate_key" : "not_json", "");
    if (!json_is_object(root))
        return decoder_refuse(&decoder, "not_an_object", "");
    enum result result = decode_envelope(&decoder, root, direction, ret_message);
    if (result_ok(result))
        result = decode_type(&decoder, root, direction, ret_message);
    if (result_ok(result))
        result = decode_fields(&decoder, root, message_fields(ret_message->type),
                               (char *)ret_message + MESSAGE_BODY_OFFSET);
    if (!result_ok(result))
        message_done(ret_message);
    return result;
}

void message_done(struct message *message)
{
    for (const struct message_field *field = message_fields(message->type); field->name != NULL;
         field++) {
        if (field->kind != FIELD_LONGTEXT)
            continue;
        char *text;
        memcpy(&text, (char *)message + MESSAGE_BODY_OFFSET + field->offset, sizeof(text));
        free(text);
    }
    memset(message, 0, sizeof(*message));
}
