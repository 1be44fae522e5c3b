/* One small binder from YAML to structs: a table row says key, type, range, default and the place of the field. The
 * configuration and the rule packs are read with it, so both complain in the same words:
 *     file:line: key: what is wrong; allowed: …
 * libyaml's document API does the reading (every node knows its line). Unknown and doubled keys, anchors, aliases and
 * second documents are refused.
 *
 * Thread: any, one at a time.   Ownership: texts that come back as pointers live as long as the binder.
 * Bound: BINDER_ROWS_MAX rows a table; the caller bounds the bytes. */
#ifndef CONFIG_BINDER_H
#define CONFIG_BINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define BINDER_ROWS_MAX  64
#define BINDER_KEY_SIZE  96
#define BINDER_LIST_MAX  32
#define BINDER_TEXT_SIZE 640 /* any value of a table as text */

enum binder_type {
    BINDER_TEXT,      /* char[size] */
    BINDER_TEXTS,     /* char[list_max][size], and a uint32_t count at count_offset */
    BINDER_BOOL,      /* bool */
    BINDER_NUMBER,    /* uint16_t, uint32_t or int64_t, by size */
    BINDER_DURATION,  /* int64_t microseconds; written with ms, s, min, h or d */
    BINDER_CHOICE,    /* unsigned: index into choices */
    BINDER_PATH,      /* char[size]; a relative one is joined to the folder of the file */
    BINDER_FILE,      /* the same; must be a readable file */
    BINDER_DIRECTORY, /* the same; must be a folder */
    BINDER_SECRET,    /* the same; must be a readable file that is not open to everybody */
    BINDER_REF,       /* const char *: the text itself */
    BINDER_REFS,      /* struct binder_refs; a single text counts as a list of one */
    BINDER_NODE,      /* int: the node, to be walked by the caller */
};

struct binder_refs {
    const char *items[BINDER_LIST_MAX];
    uint32_t count;
};

struct binder_row {
    const char *key; /* dotted */
    enum binder_type type;
    size_t offset;
    size_t size;
    int64_t minimum,
        maximum; /* of numbers and times; of texts: fewest bytes; of lists: fewest and most items */
    bool optional;              /* left out: the field stays as it is */
    const char *fallback;       /* left out: this; NULL: the key is needed */
    const char *example;        /* of a needed key, for the reference file */
    const char *const *choices; /* NULL-terminated */
    size_t count_offset;
    bool (*check)(const char *text); /* one more condition on a text or on each item */
    const char *allowed;             /* in words, instead of the made-up ones */
    const char *doc;
};

struct binder_table {
    const struct binder_row *rows;
    size_t count;
};

struct binder;

/* `message` (of `size` bytes) takes the one complaint; `name` stands before it. Both must outlive the binder. */
MUST_CHECK enum result binder_open(struct span bytes, const char *name, char *message, size_t size,
                                   struct binder **ret_binder);
struct binder *binder_free(struct binder *binder);
/* The one node that is nobody's child. */
int binder_root(const struct binder *binder);
/* Fills `target` from a mapping. `where` stands before the keys in complaints ("" or "rule JP-OC-…: "). */
MUST_CHECK enum result binder_bind(struct binder *binder, int node, const char *where,
                                   const struct binder_table *table, void *target);
/* Notes a complaint at a node and returns `result`. */
enum result binder_complain(struct binder *binder, int node, enum result result, const char *format,
                            ...) PRINTF_LIKE(4, 5);
/* The same at the value of a dotted key, or near it when the file does not hold the key. */
enum result binder_complain_at(struct binder *binder, const char *key, enum result result,
                               const char *what);
/* The text of a scalar, else NULL. */
const char *binder_text(const struct binder *binder, int node);
/* Walks a sequence, or a mapping; start with *cursor = 0. False at the end and for any other node. */
MUST_CHECK bool binder_next(const struct binder *binder, int node, uint32_t *cursor, int *ret_item);
MUST_CHECK bool binder_next_pair(const struct binder *binder, int node, uint32_t *cursor,
                                 const char **ret_key, int *ret_key_node, int *ret_value);
bool binder_is_sequence(const struct binder *binder, int node);
bool binder_is_mapping(const struct binder *binder, int node);

/* Words about a table, for the reference file and for showing what is in force. */
void binder_describe_allowed(const struct binder_row *row, char *ret_text, size_t size);
void binder_format_value(const struct binder_row *row, const void *target, char *ret_text,
                         size_t size);
/* Reads a default as if it stood in a file. CHECKs that it is good. */
void binder_set_fallback(const struct binder_row *row, void *target);

#endif
