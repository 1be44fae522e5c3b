#include "gateway/storage/sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "gateway/base/check.h"
#include "gateway/base/random.h"
#include "gateway/base/text.h"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(NONCE_BYTES + TAG_BYTES == SEALING_OVERHEAD_BYTES, "overhead as the header says");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == SEALING_KEY_BYTES,
               "key as the header says");

static void fd_close_p(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

struct sealing_context sealing_context_of_record(const char *origin, uint64_t seq, const char *name)
{
    struct sealing_context context;
    CHECK(text_format(context.text, sizeof(context.text), "%s\n%llu\n%s", origin,
                      (unsigned long long)seq, name));
    return context;
}

struct sealing_context sealing_context_of_row(const char *table, const char *id, const char *column)
{
    struct sealing_context context;
    CHECK(text_format(context.text, sizeof(context.text), "%s\n%s\n%s", table, id, column));
    return context;
}

/* A new name is durable only when its folder is (fsync(2)). */
static enum result folder_sync(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return RESULT_NO_MEMORY;
    CLEANUP(fd_close_p) int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    return folder >= 0 && fsync(folder) == 0 ? RESULT_OK : RESULT_IO;
}

enum result sealing_key_file_create(const char *path)
{
    CLEANUP(fd_close_p)
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return errno == EEXIST ? RESULT_EXISTS : RESULT_IO;
    struct sealing_key key;
    sealing_key_new(&key);
    ssize_t written = write(file, key.bytes, sizeof(key.bytes));
    sealing_key_wipe(&key);
    if (written != (ssize_t)sizeof(key.bytes) || fsync(file) != 0) {
        unlink(path); /* half a key would be taken for a key next time */
        return RESULT_IO;
    }
    return folder_sync(path);
}

enum result sealing_key_file_load(const char *path, struct sealing_key *ret_key)
{
    CLEANUP(fd_close_p) int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    struct stat status;
    if (fstat(file, &status) != 0)
        return RESULT_IO;
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return RESULT_DENIED;
    if (!S_ISREG(status.st_mode) || status.st_size != SEALING_KEY_BYTES)
        return RESULT_INVALID;
    struct sealing_key key;
    ssize_t length = read(file, key.bytes, sizeof(key.bytes));
    if (length == (ssize_t)sizeof(key.bytes))
        *ret_key = key;
    sealing_key_wipe(&key);
    return length == (ssize_t)sizeof(key.bytes) ? RESULT_OK : RESULT_IO;
}

void sealing_key_new(struct sealing_key *ret_key)
{
    random_bytes(ret_key->bytes, sizeof(ret_key->bytes));
}

void sealing_key_wipe(struct sealing_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

void sealing_seal(const struct sealing_key *key, const struct sealing_context *context,
                  struct span plain, uint8_t *ret_sealed)
{
    /* 192 random bits: no counter to keep, no repeat to fear. */
    random_bytes(ret_sealed, NONCE_BYTES);
    unsigned long long length = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + NONCE_BYTES, &length, plain.data,
                                               plain.length, (const uint8_t *)context->text,
                                               strlen(context->text), NULL, ret_sealed, key->bytes);
    CHECK(length == plain.length + TAG_BYTES);
}

enum result sealing_open(const struct sealing_key *key, const struct sealing_context *context,
                         struct span sealed, uint8_t *ret_plain)
{
    if (sealed.length < SEALING_OVERHEAD_BYTES)
        return RESULT_CRYPTO;
    int status = crypto_aead_xchacha20poly1305_ietf_decrypt(
        ret_plain, NULL, NULL, sealed.data + NONCE_BYTES, sealed.length - NONCE_BYTES,
        (const uint8_t *)context->text, strlen(context->text), sealed.data, key->bytes);
    return status == 0 ? RESULT_OK : RESULT_CRYPTO;
}

void sealing_wrap(const struct sealing_key *wrapping, const char *subject,
                  const struct sealing_key *key, uint8_t ret_wrapped[SEALING_WRAPPED_BYTES])
{
    struct sealing_context context = sealing_context_of_row("subject_key", subject, "wrapped");
    sealing_seal(wrapping, &context, span_of(key->bytes, sizeof(key->bytes)), ret_wrapped);
}

enum result sealing_unwrap(const struct sealing_key *wrapping, const char *subject,
                           struct span wrapped, struct sealing_key *ret_key)
{
    if (wrapped.length != SEALING_WRAPPED_BYTES)
        return RESULT_CRYPTO;
    struct sealing_context context = sealing_context_of_row("subject_key", subject, "wrapped");
    return sealing_open(wrapping, &context, wrapped, ret_key->bytes);
}
