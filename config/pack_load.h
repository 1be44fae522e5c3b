/* YAML rule pack → struct rule_pack. The format is described in config/rules/README.md.
 *
 * Thread: any; no state. Ownership: the pack belongs to the caller (rule_pack_free). Bounds: PACK_BYTES_MAX, and those
 * of gateway/rules/rules.h. A pack that does not read without a complaint is not used at all. */
#ifndef CONFIG_PACK_LOAD_H
#define CONFIG_PACK_LOAD_H

#include <stddef.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/rules/rules.h"

#define PACK_BYTES_MAX (1024 * 1024)

/* On failure `ret_pack` is untouched and `ret_message` holds one line "file:line: where: what is wrong; allowed: …".
 * RESULT_IO, RESULT_TOO_LARGE, RESULT_PARSE, RESULT_UNKNOWN_FIELD, RESULT_EXISTS (doubled), RESULT_INVALID,
 * RESULT_TOO_MANY, RESULT_NO_MEMORY. */
MUST_CHECK enum result pack_load(const char *file, struct rule_pack **ret_pack, char *ret_message,
                                 size_t size);
/* The same from memory; `name` stands for the file in messages. A restart reloads pinned packs from the database so. */
MUST_CHECK enum result pack_load_bytes(struct span bytes, const char *name,
                                       struct rule_pack **ret_pack, char *ret_message, size_t size);
/* The bytes of a pack file, to be kept beside its hash; the caller frees `*ret_bytes`. */
MUST_CHECK enum result pack_read_file(const char *file, uint8_t **ret_bytes, size_t *ret_length);

#endif
