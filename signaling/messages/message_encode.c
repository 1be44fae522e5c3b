/* Struct → text, by the same rows: what leaves the gateway keeps the bounds that messages.ts promises to the pages. */
#include "signaling/messages/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "signaling/messages/message_shape.h"

struct encoder {
    struct message_problem *problem;
    const char *prefix;
};

static void json_free(json_t **root)
{
    json_decref(*root);
}

static enum result encoder_refuse(const struct encoder *encoder, const char *code, const char *name)
{
    message_problem_set(encoder->problem, code, encoder->prefix, name);
    return RESULT_INVALID;
}

static enum result encode_fields(const struct encoder *encoder, const struct message_field *fields,
                                 const char *self, json_t *object);

static enum result encode_text(const struct encoder *encoder, const struct message_field *field,
                               const char *place, json_t **ret_value)
{
    const char *text = place;
    if (field->kind == FIELD_LONGTEXT)
        memcpy(&text, place, sizeof(text));
    if (text == NULL)
        return encoder_refuse(encoder, "missing_field", field->name);
    size_t length = strnlen(text, (size_t)field->maximum + 1);
    const char *problem = message_text_problem(field, text, length);
    if (problem != NULL)
        return encoder_refuse(encoder, problem, field->name);
    *ret_value = json_stringn(text, length);
    return *ret_value != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result encode_set(const struct encoder *encoder, const struct message_field *field,
                              const struct message_scalar *scalar, json_t **ret_value)
{
    json_t *set = json_array();
    size_t cursor = 0;
    char name[MESSAGE_SCALAR_NAME_SIZE];
    if (set == NULL)
        return RESULT_NO_MEMORY;
    while (message_scalar_next(scalar, &cursor, name)) {
        const char *problem = message_text_problem(field, name, strlen(name));
        if (problem != NULL) {
            json_decref(set);
            return encoder_refuse(encoder, problem, field->name);
        }
        if (json_array_append_new(set, json_string(name)) != 0) {
            json_decref(set);
            return RESULT_NO_MEMORY;
        }
    }
    *ret_value = set;
    return RESULT_OK;
}

static enum result encode_scalar(const struct encoder *encoder, const struct message_field *field,
                                 const struct message_scalar *scalar, json_t **ret_value)
{
    switch (scalar->kind) {
    case MESSAGE_SCALAR_BOOLEAN:
        *ret_value = json_boolean(scalar->boolean);
        return RESULT_OK;
    case MESSAGE_SCALAR_INTEGER:
        if (scalar->integer < -JSON_INTEGER_MAX || scalar->integer > JSON_INTEGER_MAX)
            return encoder_refuse(encoder, "out_of_range", field->name);
        *ret_value = json_integer(scalar->integer);
        return *ret_value != NULL ? RESULT_OK : RESULT_NO_MEMORY;
    case MESSAGE_SCALAR_NAME:
        return encode_text(encoder, field, scalar->names, ret_value);
    case MESSAGE_SCALAR_SET:
        return encode_set(encoder, field, scalar, ret_value);
    case MESSAGE_SCALAR_NONE:
        break;
    }
    return encoder_refuse(encoder, "missing_field", field->name);
}

static enum result encode_object(const struct encoder *encoder, const struct message_field *field,
                                 const char *path, const char *place, json_t **ret_value)
{
    struct message_problem inner_path;
    message_problem_set(&inner_path, NULL, encoder->prefix, path);
    struct encoder inner = {.problem = encoder->problem, .prefix = inner_path.field};
    json_t *object = json_object();
    if (object == NULL)
        return RESULT_NO_MEMORY;
    enum result result = encode_fields(&inner, field->object_fields(), place, object);
    if (!result_ok(result))
        json_decref(object);
    else
        *ret_value = object;
    return result;
}

static enum result encode_list(const struct encoder *encoder, const struct message_field *field,
                               const char *self, json_t **ret_value)
{
    uint32_t count;
    memcpy(&count, self + field->count_offset, sizeof(count));
    if (count > field->maximum)
        return encoder_refuse(encoder, "too_many", field->name);
    json_t *list = json_array();
    enum result result = list != NULL ? RESULT_OK : RESULT_NO_MEMORY;
    for (uint32_t i = 0; i < count && result_ok(result); i++) {
        char path[MESSAGE_NAME_SIZE];
        snprintf(path, sizeof(path), "%s.%u", field->name, (unsigned)i);
        json_t *item = NULL;
        result =
            encode_object(encoder, field, path, self + field->offset + i * field->stride, &item);
        if (result_ok(result) && json_array_append_new(list, item) != 0)
            result = RESULT_NO_MEMORY;
    }
    if (!result_ok(result))
        json_decref(list);
    else
        *ret_value = list;
    return result;
}

static enum result encode_field(const struct encoder *encoder, const struct message_field *field,
                                const char *self, json_t **ret_value)
{
    const char *place = self + field->offset;
    int64_t number;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LONGTEXT:
    case FIELD_IDENT:
    case FIELD_NAME:
        return encode_text(encoder, field, place, ret_value);
    case FIELD_INTEGER:
        memcpy(&number, place, sizeof(number));
        if (number < field->minimum || number > field->maximum)
            return encoder_refuse(encoder, "out_of_range", field->name);
        *ret_value = json_integer(number);
        return *ret_value != NULL ? RESULT_OK : RESULT_NO_MEMORY;
    case FIELD_BOOLEAN:
        *ret_value = json_boolean(*(const bool *)place);
        return RESULT_OK;
    case FIELD_SCALAR:
        return encode_scalar(encoder, field, (const struct message_scalar *)(const void *)place,
                             ret_value);
    case FIELD_ONE:
        return encode_object(encoder, field, field->name, place, ret_value);
    case FIELD_LIST:
        return encode_list(encoder, field, self, ret_value);
    }
    return RESULT_BUG;
}

static enum result encode_fields(const struct encoder *encoder, const struct message_field *fields,
                                 const char *self, json_t *object)
{
    for (const struct message_field *field = fields; field->name != NULL; field++) {
        if (field->flag_offset != FIELD_NO_FLAG && !*(const bool *)(self + field->flag_offset))
            continue;
        json_t *value = NULL;
        enum result result = encode_field(encoder, field, self, &value);
        if (!result_ok(result))
            return result;
        if (json_object_set_new_nocheck(object, field->name, value) != 0)
            return RESULT_NO_MEMORY;
    }
    return RESULT_OK;
}

enum result message_encode_seq(const struct message *message, uint64_t seq, char **ret_text,
                               size_t *ret_length, struct message_problem *ret_problem)
{
    struct encoder encoder = {.problem = ret_problem, .prefix = ""};
    *ret_problem = (struct message_problem){.code = ""};
    const struct message_info *info = &MESSAGE_INFOS[message->type];
    json_t *root CLEANUP(json_free) = json_object();
    if (root == NULL || json_object_set_new_nocheck(root, "type", json_string(info->name)) != 0)
        return RESULT_NO_MEMORY;
    if (info->direction == MESSAGE_OUT || message->ref != 0) {
        bool out = info->direction == MESSAGE_OUT;
        json_int_t number = out ? (json_int_t)seq : (json_int_t)message->ref;
        if (json_object_set_new_nocheck(root, out ? "seq" : "ref", json_integer(number)) != 0)
            return RESULT_NO_MEMORY;
    }
    enum result result = encode_fields(&encoder, message_fields(message->type),
                                       (const char *)message + MESSAGE_BODY_OFFSET, root);
    if (!result_ok(result))
        return result;
    char *text = json_dumps(root, JSON_COMPACT);
    if (text == NULL)
        return RESULT_NO_MEMORY;
    *ret_text = text;
    *ret_length = strlen(text);
    return RESULT_OK;
}

enum result message_encode(const struct message *message, char **ret_text, size_t *ret_length,
                           struct message_problem *ret_problem)
{
    return message_encode_seq(message, message->seq, ret_text, ret_length, ret_problem);
}
