#include "signaling/messages/message_shape.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"

/* One function for each row holds its table, because only there the row's struct has one short name for offsetof. */
#define FLAG_REQUIRED(name) FIELD_NO_FLAG
#define FLAG_OPTIONAL(name) offsetof(self, has_##name)
#define ROW_START(row)                                                                             \
    static const struct message_field *fields_of_##row(void)                                       \
    {                                                                                              \
        typedef struct message_##row self;                                                         \
        _Static_assert(_Alignof(self) > 0, "names the struct also when a row has no field");       \
        static const struct message_field fields[] = {
#define ROW_END                                                                                    \
    {                                                                                              \
        .name = NULL                                                                               \
    }                                                                                              \
    }                                                                                              \
    ;                                                                                              \
    return fields;                                                                                 \
    }
#define FIELD(field, field_kind, presence, low, high, text)                                        \
    {.name = #field,                                                                               \
     .kind = field_kind,                                                                           \
     .offset = offsetof(self, field),                                                              \
     .flag_offset = FLAG_##presence(field),                                                        \
     .minimum = low,                                                                               \
     .maximum = high,                                                                              \
     .doc = text},

#define OBJECT(name, doc)                               ROW_START(name)
#define OBJECT_END(name)                                ROW_END
#define MESSAGE(name, direction, phase, ephemeral, doc) ROW_START(name)
#define MESSAGE_END(name)                               ROW_END
#define TEXT(name, max, presence, doc)                  FIELD(name, FIELD_TEXT, presence, 0, max, doc)
#define LONGTEXT(name, max, presence, doc)              FIELD(name, FIELD_LONGTEXT, presence, 0, max, doc)
#define IDENT(name, presence, doc)                      FIELD(name, FIELD_IDENT, presence, 0, ID_TEXT_SIZE - 1, doc)
#define NAME(name, max, presence, doc)                  FIELD(name, FIELD_NAME, presence, 0, max, doc)
#define INTEGER(name, low, high, presence, doc)         FIELD(name, FIELD_INTEGER, presence, low, high, doc)
#define BOOLEAN(name, presence, doc)                    FIELD(name, FIELD_BOOLEAN, presence, 0, 1, doc)
#define SCALAR(name, max, presence, doc)                FIELD(name, FIELD_SCALAR, presence, 0, max, doc)
#define ONE(field, object, presence, text)                                                         \
    {.name = #field,                                                                               \
     .kind = FIELD_ONE,                                                                            \
     .offset = offsetof(self, field),                                                              \
     .flag_offset = FLAG_##presence(field),                                                        \
     .object_fields = fields_of_##object,                                                          \
     .object_name = #object,                                                                       \
     .doc = text},
#define LIST(field, object, max, text)                                                             \
    {.name = #field,                                                                               \
     .kind = FIELD_LIST,                                                                           \
     .offset = offsetof(self, field),                                                              \
     .flag_offset = FIELD_NO_FLAG,                                                                 \
     .maximum = max,                                                                               \
     .object_fields = fields_of_##object,                                                          \
     .object_name = #object,                                                                       \
     .stride = sizeof(struct message_##object),                                                    \
     .count_offset = offsetof(self, field##_count),                                                \
     .doc = text},
#include "signaling/messages/messages.def"

const struct message_object_info MESSAGE_OBJECTS[] = {
#define OBJECT(name, doc) {#name, doc, fields_of_##name},
#include "signaling/messages/messages.def"
    {NULL, NULL, NULL},
};

const struct message_info MESSAGE_INFOS[MESSAGE_TYPES_COUNT] = {
#define MESSAGE(name, direction, phase, ephemeral, doc)                                            \
    {#name, MESSAGE_##direction, MESSAGE_PHASE_##phase, ephemeral, doc},
#include "signaling/messages/messages.def"
};

const struct message_field *message_fields(enum message_type type)
{
    static const struct message_field *(*const tables[MESSAGE_TYPES_COUNT])(void) = {
#define MESSAGE(name, direction, phase, ephemeral, doc) fields_of_##name,
#include "signaling/messages/messages.def"
    };
    return tables[type]();
}

bool message_is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == 0 || strchr("abcdefghijklmnopqrstuvwxyz0123456789_.:-", text[i]) == NULL)
            return false;
    return length > 0;
}

/* SDP has lines: CR, LF and TAB may stand between runs of plain text. */
static bool is_plain_lines(const char *text, size_t length)
{
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != '\r' && text[i] != '\n' && text[i] != '\t')
            continue;
        if (!text_is_plain_utf8(text + start, i - start))
            return false;
        start = i + 1;
    }
    return true;
}

const char *message_text_problem(const struct message_field *field, const char *text, size_t length)
{
    if (length > (size_t)field->maximum)
        return "too_long";
    struct id id;
    switch (field->kind) {
    case FIELD_TEXT:
        return text_is_plain_utf8(text, length) ? NULL : "bad_text";
    case FIELD_LONGTEXT:
        return is_plain_lines(text, length) ? NULL : "bad_text";
    case FIELD_NAME:
    case FIELD_SCALAR:
        return message_is_name(text, length) ? NULL : "bad_name";
    case FIELD_IDENT:
        return strlen(text) == length && id_parse(text, &id) ? NULL : "bad_id";
    default:
        return "wrong_type";
    }
}

/* A field that a peer invented may hold anything, and error.field is a NAME: others become '_'. */
static size_t path_append(struct message_problem *problem, size_t used, const char *part)
{
    for (; *part != 0 && used + 1 < sizeof(problem->field); part++)
        problem->field[used++] = message_is_name(part, 1) ? *part : '_';
    problem->field[used] = 0;
    return used;
}

void message_problem_set(struct message_problem *problem, const char *code, const char *prefix,
                         const char *name)
{
    problem->code = code;
    size_t used = path_append(problem, 0, prefix);
    if (used > 0)
        used = path_append(problem, used, ".");
    path_append(problem, used, name);
}

bool message_scalar_name(const char *name, struct message_scalar *ret_scalar)
{
    *ret_scalar = (struct message_scalar){.kind = MESSAGE_SCALAR_NAME};
    size_t length = strlen(name);
    return length < MESSAGE_SCALAR_NAME_SIZE && message_is_name(name, length) &&
           text_copy(ret_scalar->names, sizeof(ret_scalar->names), name);
}

bool message_scalar_add(struct message_scalar *scalar, const char *name)
{
    if (scalar->kind != MESSAGE_SCALAR_SET)
        *scalar = (struct message_scalar){.kind = MESSAGE_SCALAR_SET};
    size_t used = strlen(scalar->names), length = strlen(name);
    size_t space = used > 0 ? 1 : 0;
    if (length >= MESSAGE_SCALAR_NAME_SIZE || !message_is_name(name, length) ||
        used + space + length >= sizeof(scalar->names))
        return false;
    if (space > 0)
        scalar->names[used] = ' ';
    memcpy(scalar->names + used + space, name, length + 1);
    return true;
}

bool message_scalar_next(const struct message_scalar *scalar, size_t *cursor,
                         char ret_name[MESSAGE_SCALAR_NAME_SIZE])
{
    size_t start = *cursor;
    if (start >= sizeof(scalar->names))
        return false;
    size_t length = 0, left = sizeof(scalar->names) - start;
    while (length < left && scalar->names[start + length] != 0 &&
           scalar->names[start + length] != ' ')
        length++;
    if (length == 0 || length >= MESSAGE_SCALAR_NAME_SIZE)
        return false;
    memcpy(ret_name, scalar->names + start, length);
    ret_name[length] = 0;
    *cursor = start + length + (length < left && scalar->names[start + length] == ' ' ? 1 : 0);
    return true;
}
