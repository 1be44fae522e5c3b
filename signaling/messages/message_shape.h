/* The rows of messages.def as tables: one description of each field that decoder, encoder and the page generator walk.
 * Thread: any; constant. Internal to signaling/messages. */
#ifndef SIGNALING_MESSAGES_MESSAGE_SHAPE_H
#define SIGNALING_MESSAGES_MESSAGE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signaling/messages/message.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_LONGTEXT,
    FIELD_IDENT,
    FIELD_NAME,
    FIELD_INTEGER,
    FIELD_BOOLEAN,
    FIELD_SCALAR,
    FIELD_ONE,
    FIELD_LIST,
};

#define FIELD_NO_FLAG    SIZE_MAX
#define JSON_INTEGER_MAX 9007199254740991ll /* what a browser can hold exactly */

struct message_field {
    const char *name; /* NULL ends a table */
    enum field_kind kind;
    size_t offset;      /* of the value in its struct */
    size_t flag_offset; /* of has_…; FIELD_NO_FLAG: required, or a list */
    int64_t minimum;    /* INTEGER */
    int64_t maximum;    /* INTEGER: largest value; texts: bytes; LIST: items */
    const struct message_field *(*object_fields)(void); /* ONE, LIST */
    const char *object_name;
    size_t stride;       /* LIST: size of one item */
    size_t count_offset; /* LIST */
    const char *doc;
};

struct message_object_info {
    const char *name;
    const char *doc;
    const struct message_field *(*fields)(void);
};
/* Ends with a row whose name is NULL. */
extern const struct message_object_info MESSAGE_OBJECTS[];

const struct message_field *message_fields(enum message_type type);

/* Where the struct of the row begins inside a message. */
#define MESSAGE_BODY_OFFSET offsetof(struct message, hello)

/* NULL when `text` of `length` bytes is what the field may hold, else the problem's code. Texts and names only. */
const char *message_text_problem(const struct message_field *field, const char *text,
                                 size_t length);
/* [a-z0-9_.:-]{1,} */
bool message_is_name(const char *text, size_t length);

/* Sets `problem` with the path of the field: `prefix` and `name` joined by a dot, made printable and cut to size. */
void message_problem_set(struct message_problem *problem, const char *code, const char *prefix,
                         const char *name);

#endif
