/* Messages of the protocol `tsunagi.v1` as typed structs, made from messages.def, with decoder and encoder.
 *
 * Thread: any; nothing is shared. Errors: message_decode says which field is wrong and never half-fills a message.
 * Ownership: char arrays live in the struct; only LONGTEXT fields are heap pointers. Of a decoded message they belong
 * to the message until message_done(); of a message to be sent they stay the caller's and are only read.
 * Bounds: those of the rows; text at most MESSAGE_TEXT_MAX bytes, nesting MESSAGE_DEPTH_MAX, MESSAGE_KEYS_MAX keys.
 * A struct message is about 64 KiB: keep it out of recursive or small-stack places.
 *
 * Names: row `hello` → struct message_hello, enum MESSAGE_hello, message.hello. OBJECT `card` → struct message_card.
 * An OPTIONAL field `x` has a flag `has_x` before it; a LIST `x` has `x_count` behind it. */
#ifndef SIGNALING_MESSAGES_MESSAGE_H
#define SIGNALING_MESSAGES_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"

#define MESSAGE_TEXT_MAX          65536
#define MESSAGE_DEPTH_MAX         16
#define MESSAGE_KEYS_MAX          256
#define MESSAGE_NAME_SIZE         48 /* the longest NAME with its NUL */
#define MESSAGE_SCALAR_NAME_SIZE  40
#define MESSAGE_SCALAR_NAMES_SIZE 320 /* all names of a set */
#define MESSAGE_REF_MAX           2147483647
#define MESSAGE_SUBPROTOCOL       "tsunagi.v1"

enum message_direction { MESSAGE_IN, MESSAGE_OUT };
enum message_phase { MESSAGE_PHASE_HELLO, MESSAGE_PHASE_AUTHENTICATED, MESSAGE_PHASE_JOINED };

/* The value of a fact on the wire: true, 42, "residence" or ["cough","fever"]. */
enum message_scalar_kind {
    MESSAGE_SCALAR_NONE,
    MESSAGE_SCALAR_BOOLEAN,
    MESSAGE_SCALAR_INTEGER,
    MESSAGE_SCALAR_NAME,
    MESSAGE_SCALAR_SET,
};
struct message_scalar {
    enum message_scalar_kind kind;
    bool boolean;
    int64_t integer; /* within ±(2^53-1), what a browser can hold */
    /* NAME: the name. SET: names with one space between; see the helpers below. */
    char names[MESSAGE_SCALAR_NAMES_SIZE];
};

static inline struct message_scalar message_scalar_boolean(bool value)
{
    return (struct message_scalar){.kind = MESSAGE_SCALAR_BOOLEAN, .boolean = value};
}
static inline struct message_scalar message_scalar_integer(int64_t value)
{
    return (struct message_scalar){.kind = MESSAGE_SCALAR_INTEGER, .integer = value};
}
/* False when the name is too long or not a NAME. */
MUST_CHECK bool message_scalar_name(const char *name, struct message_scalar *ret_scalar);
/* Makes the scalar a set if it is not one yet and adds `name`; false when it does not fit or is not a NAME. */
MUST_CHECK bool message_scalar_add(struct message_scalar *scalar, const char *name);
/* Walks the names of a NAME or SET: start with *cursor = 0; false at the end. */
MUST_CHECK bool message_scalar_next(const struct message_scalar *scalar, size_t *cursor,
                                    char ret_name[MESSAGE_SCALAR_NAME_SIZE]);

/* One struct for each OBJECT and MESSAGE row, in the order of the file. */
#define MESSAGE_FLAG_REQUIRED(name)
#define MESSAGE_FLAG_OPTIONAL(name) bool has_##name;
#define OBJECT(name, doc)           struct message_##name {
#define OBJECT_END(name)                                                                           \
    }                                                                                              \
    ;
#define MESSAGE(name, direction, phase, ephemeral, doc) struct message_##name {
#define MESSAGE_END(name)                                                                          \
    }                                                                                              \
    ;
#define TEXT(name, max, presence, doc)                 MESSAGE_FLAG_##presence(name) char name[(max) + 1];
#define LONGTEXT(name, max, presence, doc)             MESSAGE_FLAG_##presence(name) char *name;
#define IDENT(name, presence, doc)                     MESSAGE_FLAG_##presence(name) struct id name;
#define NAME(name, max, presence, doc)                 MESSAGE_FLAG_##presence(name) char name[(max) + 1];
#define INTEGER(name, minimum, maximum, presence, doc) MESSAGE_FLAG_##presence(name) int64_t name;
#define BOOLEAN(name, presence, doc)                   MESSAGE_FLAG_##presence(name) bool name;
#define SCALAR(name, max, presence, doc)               MESSAGE_FLAG_##presence(name) struct message_scalar name;
#define ONE(name, object, presence, doc)               MESSAGE_FLAG_##presence(name) struct message_##object name;
#define LIST(name, object, max, doc)                                                               \
    struct message_##object name[max];                                                             \
    uint32_t name##_count;
#include "signaling/messages/messages.def"
#undef MESSAGE_FLAG_REQUIRED
#undef MESSAGE_FLAG_OPTIONAL

enum message_type {
#define MESSAGE(name, direction, phase, ephemeral, doc) MESSAGE_##name,
#include "signaling/messages/messages.def"
    MESSAGE_TYPES_COUNT
};

struct message {
    enum message_type type;
    uint32_t ref; /* IN: 1 … MESSAGE_REF_MAX, 0 when it carried none */
    uint64_t seq; /* OUT: filled in by the session */
    union {
#define MESSAGE(name, direction, phase, ephemeral, doc) struct message_##name name;
#include "signaling/messages/messages.def"
    };
};
_Static_assert(sizeof(struct message) <= 80 * 1024,
               "lists of a message have grown too large to be inline");

struct message_info {
    const char *name;
    enum message_direction direction;
    enum message_phase phase;
    bool ephemeral;
    const char *doc;
};
extern const struct message_info MESSAGE_INFOS[MESSAGE_TYPES_COUNT];

/* What is wrong with a message. `code` is static text: "not_json", "duplicate_key", "too_deep", "too_many_keys", "too_large",
 * "not_an_object", "unknown_type", "wrong_direction", "unknown_field", "missing_field", "wrong_type", "out_of_range",
 * "too_long", "bad_text", "bad_name", "bad_id", "too_many". `field` is a path such as "roster.2.role". */
struct message_problem {
    const char *code;
    char field
        [MESSAGE_NAME_SIZE]; /* a NAME that fits message_error.field; empty when no field is meant */
    uint32_t ref;            /* of the message if it could be read, else 0 */
};

/* `text` must travel in `direction`. On success the caller owns the message until message_done(). */
MUST_CHECK enum result message_decode(struct span text, enum message_direction direction,
                                      struct message *ret_message,
                                      struct message_problem *ret_problem);
/* JSON text on the heap for free(); RESULT_INVALID and a problem when a field breaks its row. */
MUST_CHECK enum result message_encode(const struct message *message, char **ret_text,
                                      size_t *ret_length, struct message_problem *ret_problem);
/* The same with another `seq`, for a sender that numbers messages it may not write to. */
MUST_CHECK enum result message_encode_seq(const struct message *message, uint64_t seq,
                                          char **ret_text, size_t *ret_length,
                                          struct message_problem *ret_problem);
/* Frees the LONGTEXT fields of a decoded message and zeroes it; harmless on a zeroed one. */
void message_done(struct message *message);

#endif
