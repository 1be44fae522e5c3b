/* Unpredictable bytes from the library's generator. Thread: any. Failure of the generator ends the process: nothing
 * that needs a secret may go on without one. */
#ifndef GATEWAY_BASE_RANDOM_H
#define GATEWAY_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *ret_bytes, size_t length);
uint32_t random_u32(void);
/* `bytes` random bytes as base64url text without padding; `ret_text` must hold RANDOM_TOKEN_SIZE(bytes). */
#define RANDOM_TOKEN_SIZE(bytes) (((bytes)*4 + 2) / 3 + 1)
void random_token(size_t bytes, char *ret_text, size_t size);

#endif
