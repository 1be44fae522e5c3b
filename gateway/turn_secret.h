/* The secret shared with the TURN server: first line of the file that turn.secret names. Thread: any. The caller wipes it. */
#ifndef GATEWAY_TURN_SECRET_H
#define GATEWAY_TURN_SECRET_H

#include <stddef.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/identity/turn_credential.h"

/* RESULT_IO: cannot be read. RESULT_INVALID: shorter than TURN_SECRET_MIN, longer than the place, or with signs that
 * coturn's configuration would read differently. `ret_message` then says so in one line, without the secret. */
MUST_CHECK enum result turn_secret_read(const char *file, char ret_secret[TURN_SECRET_SIZE],
                                        char *ret_message, size_t size);

#endif
