#include "gateway/audit/signer_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "gateway/base/random.h"
#include "gateway/base/text.h"

#define KEY_PREFIX      "PRIVATE+KEY+"
#define KEY_TEXT_SIZE   256
#define STATE_TEXT_SIZE 256
#define HASH_TEXT_SIZE  45

static void descriptor_close_p(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

static enum result write_all(int file, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(file, text, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return RESULT_IO;
        text += written;
        left -= (size_t)written;
    }
    return fsync(file) == 0 ? RESULT_OK : RESULT_IO;
}

enum result signer_file_put(const char *folder, const char *name, const char *text, unsigned mode)
{
    char fresh[NAME_MAX];
    CLEANUP(descriptor_close_p) int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place < 0 || !text_format(fresh, sizeof(fresh), "%s.new", name))
        return RESULT_IO;
    /* A left-over of a crash may have another mode; start from nothing. */
    if (unlinkat(place, fresh, 0) != 0 && errno != ENOENT)
        return RESULT_IO;
    CLEANUP(descriptor_close_p)
    int file = openat(place, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return RESULT_IO;
    enum result result = write_all(file, text);
    if (result != RESULT_OK || fchmod(file, mode) != 0 || fsync(file) != 0)
        return RESULT_IO;
    return renameat(place, fresh, place, name) == 0 && fsync(place) == 0 ? RESULT_OK : RESULT_IO;
}

static enum result file_read(int file, char *ret_text, size_t size)
{
    size_t used = 0;
    for (;;) {
        ssize_t got = read(file, ret_text + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return RESULT_IO;
        if (got == 0)
            break;
        used += (size_t)got;
        if (used == size)
            return RESULT_TOO_LARGE;
    }
    ret_text[used] = 0;
    return strlen(ret_text) == used ? RESULT_OK : RESULT_PARSE;
}

static enum result file_open(const char *folder, const char *name, int *ret_file)
{
    char path[PATH_MAX];
    if (!text_format(path, sizeof(path), "%s/%s", folder, name))
        return RESULT_IO;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    *ret_file = file;
    return RESULT_OK;
}

enum result signer_file_get(const char *folder, const char *name, char *ret_text, size_t size)
{
    CLEANUP(descriptor_close_p) int file = -1;
    enum result result = file_open(folder, name, &file);
    return result == RESULT_OK ? file_read(file, ret_text, size) : result;
}

enum result signer_key_create(const char *folder, const char *origin)
{
    struct checkpoint_key key;
    uint8_t data[1 + CHECKPOINT_SEED_BYTES] = {CHECKPOINT_KEY_LOG};
    char encoded[HASH_TEXT_SIZE + 4], text[KEY_TEXT_SIZE];
    char vkey[CHECKPOINT_KEY_TEXT_SIZE], line[CHECKPOINT_KEY_TEXT_SIZE + 1];
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return RESULT_IO;
    enum result result = signer_file_get(folder, "log.key", text, sizeof(text));
    sodium_memzero(text, sizeof(text));
    if (result != RESULT_NOT_FOUND)
        return result == RESULT_IO ? RESULT_IO : RESULT_EXISTS;
    random_bytes(data + 1, CHECKPOINT_SEED_BYTES);
    result = checkpoint_key_of_seed(origin, CHECKPOINT_KEY_LOG, data + 1, &key);
    if (result != RESULT_OK)
        return result;
    text_base64(span_of(data, sizeof(data)), encoded, sizeof(encoded));
    checkpoint_key_format(&key, vkey);
    /* The public half first: a key whose log.vkey is missing would be one nobody can check. */
    bool fits = text_format(text, sizeof(text), KEY_PREFIX "%s+%08" PRIx32 "+%s\n", key.name,
                            key.id, encoded);
    fits = fits && text_format(line, sizeof(line), "%s\n", vkey);
    result = fits ? signer_file_put(folder, "log.vkey", line, 0644) : RESULT_INVALID;
    if (result == RESULT_OK)
        result = signer_file_put(folder, "log.key", text, 0600);
    sodium_memzero(data, sizeof(data));
    sodium_memzero(encoded, sizeof(encoded));
    sodium_memzero(text, sizeof(text));
    return result;
}

/* "PRIVATE+KEY+name+key id+base64". Origins hold no '+', base64 may. */
static enum result key_parse(char *text, struct checkpoint_key *ret_key,
                             uint8_t ret_seed[CHECKPOINT_SEED_BYTES])
{
    size_t prefix = strlen(KEY_PREFIX), length = strlen(text), data_length;
    uint8_t data[1 + CHECKPOINT_SEED_BYTES];
    if (length < prefix || strncmp(text, KEY_PREFIX, prefix) != 0 || text[length - 1] != '\n')
        return RESULT_PARSE;
    text[length - 1] = 0;
    char *name = text + prefix, *id = strchr(name, '+');
    char *encoded = id == NULL ? NULL : strchr(id + 1, '+');
    if (encoded == NULL)
        return RESULT_PARSE;
    *id = *encoded = 0;
    struct checkpoint_key key;
    char id_text[9];
    if (!text_from_base64(encoded + 1, data, sizeof(data), &data_length) ||
        data_length != sizeof(data) || data[0] != CHECKPOINT_KEY_LOG ||
        checkpoint_key_of_seed(name, CHECKPOINT_KEY_LOG, data + 1, &key) != RESULT_OK ||
        !text_format(id_text, sizeof(id_text), "%08" PRIx32, key.id) ||
        strcmp(id_text, id + 1) != 0) {
        sodium_memzero(data, sizeof(data));
        return RESULT_PARSE;
    }
    *ret_key = key;
    memcpy(ret_seed, data + 1, CHECKPOINT_SEED_BYTES);
    sodium_memzero(data, sizeof(data));
    return RESULT_OK;
}

enum result signer_key_load(const char *folder, struct checkpoint_key *ret_key,
                            uint8_t ret_seed[CHECKPOINT_SEED_BYTES])
{
    CLEANUP(descriptor_close_p) int file = -1;
    char text[KEY_TEXT_SIZE];
    struct stat status;
    enum result result = file_open(folder, "log.key", &file);
    if (result != RESULT_OK)
        return result;
    if (fstat(file, &status) != 0)
        return RESULT_IO;
    if ((status.st_mode & 077) != 0)
        return RESULT_DENIED;
    result = file_read(file, text, sizeof(text));
    if (result == RESULT_OK)
        result = key_parse(text, ret_key, ret_seed);
    sodium_memzero(text, sizeof(text));
    return result == RESULT_TOO_LARGE ? RESULT_PARSE : result;
}

static void state_format(const struct checkpoint *head, char ret_text[STATE_TEXT_SIZE])
{
    char root[HASH_TEXT_SIZE];
    text_base64(span_of(head->root.bytes, SHA256_BYTES), root, sizeof(root));
    /* An origin has at most 127 bytes. */
    (void)!text_format(ret_text, STATE_TEXT_SIZE, "%s\n%" PRIu64 "\n%s\n", head->origin, head->size,
                       root);
}

/* The three lines are the text of a checkpoint: its strict reader takes them with an empty signature block. */
enum result signer_state_load(const char *folder, struct checkpoint *ret_head)
{
    char text[STATE_TEXT_SIZE], again[STATE_TEXT_SIZE], note[STATE_TEXT_SIZE + 8];
    struct checkpoint head;
    enum result result = signer_file_get(folder, "state", text, sizeof(text));
    if (result == RESULT_NOT_FOUND) {
        *ret_head = (struct checkpoint){.size = 0};
        return RESULT_OK;
    }
    if (result != RESULT_OK)
        return result == RESULT_IO ? RESULT_IO : RESULT_PARSE;
    if (!text_format(note, sizeof(note), "%s\n-\n", text) ||
        checkpoint_parse(span_of(note, strlen(note)), &head) != RESULT_OK || head.size == 0)
        return RESULT_PARSE;
    state_format(&head, again);
    if (strcmp(again, text) != 0)
        return RESULT_PARSE;
    *ret_head = head;
    return RESULT_OK;
}

enum result signer_state_swap(const char *folder, const struct checkpoint *before,
                              const struct checkpoint *after)
{
    struct checkpoint now;
    char text[STATE_TEXT_SIZE];
    enum result result = signer_state_load(folder, &now);
    if (result == RESULT_IO)
        return result;
    if (result != RESULT_OK || now.size != before->size ||
        (now.size > 0 &&
         (strcmp(now.origin, before->origin) != 0 || !sha256_equal(&now.root, &before->root))))
        return RESULT_STALE;
    state_format(after, text);
    return signer_file_put(folder, "state", text, 0600);
}

enum result signer_lock(const char *folder, int *ret_descriptor)
{
    char path[PATH_MAX];
    if (!text_format(path, sizeof(path), "%s/lock", folder))
        return RESULT_IO;
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return RESULT_IO;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        enum result result = errno == EWOULDBLOCK ? RESULT_EXISTS : RESULT_IO;
        close(lock);
        return result;
    }
    *ret_descriptor = lock;
    return RESULT_OK;
}
