#include "tests/faults/fault_vfs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

#define IMAGES_MAX   8
#define NAME_SIZE    512
#define SECTOR_BYTES 512

struct change {
    bool truncates;
    bool deletes;   /* a truncation to nothing that needs the folder's sync, not the file's */
    int64_t offset; /* or the new length */
    size_t length;
    uint8_t *data;
};

/* One file as the disk has it. */
struct image {
    char path[NAME_SIZE];
    uint8_t *durable;
    size_t length;
    struct change *pending;
    size_t pending_count;
    size_t pending_max;
};

struct fault_vfs {
    sqlite3_vfs base;
    sqlite3_vfs *real;
    char folder[NAME_SIZE];
    const char *synchronous;
    pthread_mutex_t mutex; /* guards everything below */
    struct image images[IMAGES_MAX];
    size_t image_count;
    fault_sync_fn hook;
    void *owner;
    bool full;
    enum fault_target sync_target;
    uint32_t sync_failures;
    uint64_t change_index;
    uint64_t change_fails_at;
    bool change_failed;
    uint64_t syncs;
    uint64_t retries;
};

struct fault_file {
    sqlite3_file base;
    struct fault_vfs *vfs;
    struct image *image; /* NULL: not ours to watch */
    bool is_log;
    bool sync_failed;
    bool syncs_folder; /* the unix VFS does so with the first sync of a new journal or log */
    sqlite3_file real; /* the real one's own bytes follow */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return &((struct fault_file *)file)->real;
}

/* ---- images ---- */

static void image_resize(struct image *image, size_t length)
{
    if (length <= image->length) {
        image->length = length;
        return;
    }
    image->durable = realloc(image->durable, length);
    CHECK(image->durable != NULL);
    memset(image->durable + image->length, 0, length - image->length);
    image->length = length;
}

static void change_apply(struct image *image, const struct change *change, size_t from,
                         size_t length)
{
    if (change->truncates) {
        image_resize(image, (size_t)change->offset);
        return;
    }
    size_t at = (size_t)change->offset + from;
    if (at + length > image->length)
        image_resize(image, at + length);
    memcpy(image->durable + at, change->data + from, length);
}

static void pending_clear(struct image *image)
{
    for (size_t i = 0; i < image->pending_count; i++)
        free(image->pending[i].data);
    image->pending_count = 0;
}

static void pending_add(struct image *image, bool truncates, int64_t offset, const void *data,
                        size_t length)
{
    if (image->pending_count == image->pending_max) {
        image->pending_max = image->pending_max == 0 ? 64 : image->pending_max * 2;
        image->pending = reallocarray(image->pending, image->pending_max, sizeof(*image->pending));
        CHECK(image->pending != NULL);
    }
    struct change *change = &image->pending[image->pending_count++];
    *change = (struct change){.truncates = truncates, .offset = offset, .length = length};
    if (truncates)
        return;
    change->data = malloc(length > 0 ? length : 1);
    CHECK(change->data != NULL);
    memcpy(change->data, data, length);
}

/* The folder was synced: files deleted before stay away. */
static void folder_synced(struct fault_vfs *vfs)
{
    for (size_t i = 0; i < vfs->image_count; i++) {
        struct image *image = &vfs->images[i];
        size_t done = 0;
        for (size_t k = 0; k < image->pending_count; k++)
            if (image->pending[k].deletes)
                done = k + 1;
        if (done == 0)
            continue;
        image_resize(image, 0);
        for (size_t k = 0; k < done; k++)
            free(image->pending[k].data);
        image->pending_count -= done;
        memmove(image->pending, image->pending + done,
                image->pending_count * sizeof(*image->pending));
    }
}

/* What lies there already counts as kept. */
static void image_load(struct image *image)
{
    FILE *file = fopen(image->path, "rb");
    if (file == NULL)
        return;
    uint8_t part[4096];
    size_t length;
    while ((length = fread(part, 1, sizeof(part), file)) > 0) {
        image_resize(image, image->length + length);
        memcpy(image->durable + image->length - length, part, length);
    }
    fclose(file);
}

/* The folder never changes, so this needs no lock: other files pass while a hook holds it. */
static bool is_watched(const struct fault_vfs *vfs, const char *path)
{
    return path != NULL && strncmp(path, vfs->folder, strlen(vfs->folder)) == 0;
}

static struct image *image_of(struct fault_vfs *vfs, const char *path)
{
    for (size_t i = 0; i < vfs->image_count; i++)
        if (strcmp(vfs->images[i].path, path) == 0)
            return &vfs->images[i];
    CHECK(vfs->image_count < IMAGES_MAX);
    struct image *image = &vfs->images[vfs->image_count++];
    CHECK(text_copy(image->path, sizeof(image->path), path));
    image_load(image);
    return image;
}

static uint64_t choose(uint64_t *seed) /* splitmix64 */
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void image_write(const struct image *image, const char *to, enum fault_survivors survivors,
                        uint64_t *seed)
{
    struct image copy = {.length = 0};
    image_resize(&copy, image->length);
    if (image->length > 0)
        memcpy(copy.durable, image->durable, image->length);
    for (size_t i = 0; i < image->pending_count && survivors != FAULT_NONE_SURVIVE; i++) {
        const struct change *change = &image->pending[i];
        size_t step = survivors == FAULT_LIVE ? change->length : SECTOR_BYTES;
        if (change->truncates && (survivors == FAULT_LIVE || choose(seed) % 2 == 0))
            change_apply(&copy, change, 0, 0);
        for (size_t from = 0; !change->truncates && from < change->length; from += step)
            if (survivors == FAULT_LIVE || choose(seed) % 2 == 0)
                change_apply(&copy, change, from,
                             change->length - from < step ? change->length - from : step);
    }
    char path[NAME_SIZE * 2];
    CHECK(text_format(path, sizeof(path), "%s%s", to, strrchr(image->path, '/')));
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(copy.length == 0 || fwrite(copy.durable, 1, copy.length, file) == copy.length);
    CHECK(fclose(file) == 0);
    free(copy.durable);
}

/* ---- files ---- */

static bool change_fails(struct fault_vfs *vfs)
{
    if (vfs->change_index++ != vfs->change_fails_at)
        return false;
    vfs->change_failed = true;
    return true;
}

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *data, int length, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), data, length, offset);
}

static int file_write(sqlite3_file *file, const void *data, int length, sqlite3_int64 offset)
{
    struct fault_file *self = (struct fault_file *)file;
    if (self->image == NULL)
        return real_of(file)->pMethods->xWrite(real_of(file), data, length, offset);
    pthread_mutex_lock(&self->vfs->mutex);
    int code = SQLITE_OK;
    if (self->vfs->full)
        code = SQLITE_FULL;
    else if (change_fails(self->vfs))
        code = SQLITE_IOERR_WRITE;
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xWrite(real_of(file), data, length, offset);
    if (code == SQLITE_OK)
        pending_add(self->image, false, offset, data, (size_t)length);
    pthread_mutex_unlock(&self->vfs->mutex);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 length)
{
    struct fault_file *self = (struct fault_file *)file;
    if (self->image == NULL)
        return real_of(file)->pMethods->xTruncate(real_of(file), length);
    pthread_mutex_lock(&self->vfs->mutex);
    int code = change_fails(self->vfs) ? SQLITE_IOERR_TRUNCATE
                                       : real_of(file)->pMethods->xTruncate(real_of(file), length);
    if (code == SQLITE_OK)
        pending_add(self->image, true, length, NULL, 0);
    pthread_mutex_unlock(&self->vfs->mutex);
    return code;
}

static bool sync_fails(struct fault_vfs *vfs, const struct fault_file *file)
{
    if (change_fails(vfs))
        return true;
    bool meant =
        vfs->sync_target == FAULT_ANY_FILE || (vfs->sync_target == FAULT_LOG) == file->is_log;
    if (vfs->sync_failures == 0 || !meant)
        return false;
    if (vfs->sync_failures != UINT32_MAX)
        vfs->sync_failures--;
    return true;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct fault_file *self = (struct fault_file *)file;
    struct fault_vfs *vfs = self->vfs;
    if (self->image == NULL)
        return real_of(file)->pMethods->xSync(real_of(file), flags);
    pthread_mutex_lock(&vfs->mutex);
    if (vfs->hook != NULL)
        vfs->hook(vfs->owner, false);
    vfs->retries += self->sync_failed;
    int code = SQLITE_OK;
    if (sync_fails(vfs, self)) {
        self->sync_failed = true;
        code = SQLITE_IOERR_FSYNC;
    } else {
        /* The real sync is left out: this machine will not lose its power, and the tests need thousands. */
        for (size_t i = 0; i < self->image->pending_count; i++)
            change_apply(self->image, &self->image->pending[i], 0, self->image->pending[i].length);
        pending_clear(self->image);
        if (self->syncs_folder)
            folder_synced(vfs);
        self->syncs_folder = false;
        vfs->syncs++;
        if (vfs->hook != NULL)
            vfs->hook(vfs->owner, true);
    }
    pthread_mutex_unlock(&vfs->mutex);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int file_lock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int file_check_reserved(sqlite3_file *file, int *ret_reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_reserved);
}

/* The store asks for FULL and reads back what it got: with `synchronous` set both go through here, and SQLite keeps
 * what connection_weaken gave it. */
static int file_control(sqlite3_file *file, int operation, void *argument)
{
    const struct fault_file *self = (struct fault_file *)file;
    if (operation == SQLITE_FCNTL_PRAGMA && self->image != NULL && self->vfs->synchronous != NULL) {
        char **text = argument;
        if (strcmp(text[1], "synchronous") == 0 &&
            (text[2] == NULL || strcmp(text[2], "FULL") == 0)) {
            text[0] = text[2] == NULL ? sqlite3_mprintf("2") : NULL;
            return SQLITE_OK;
        }
    }
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend,
                        void volatile **ret_page)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret_page);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_too)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_too);
}

/* Version 2: no memory mapping, every change comes through file_write. */
static const sqlite3_io_methods FILE_METHODS = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ---- the VFS ---- */

static int vfs_open(sqlite3_vfs *base, sqlite3_filename name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    struct fault_file *self = (struct fault_file *)file;
    self->base.pMethods = NULL;
    self->vfs = vfs;
    self->sync_failed = false;
    self->image = NULL;
    self->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    int exists = 0;
    if (name != NULL)
        (void)vfs->real->xAccess(vfs->real, name, SQLITE_ACCESS_EXISTS, &exists);
    self->syncs_folder = exists == 0 && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    int code = vfs->real->xOpen(vfs->real, name, &self->real, flags, ret_flags);
    if (code != SQLITE_OK)
        return code;
    if (is_watched(vfs, name)) {
        pthread_mutex_lock(&vfs->mutex);
        self->image = image_of(vfs, name);
        pthread_mutex_unlock(&vfs->mutex);
    }
    self->base.pMethods = &FILE_METHODS;
    return SQLITE_OK;
}

/* Without `sync_folder` a loss of power may bring the old file back. */
static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_folder)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    if (!is_watched(vfs, name))
        return vfs->real->xDelete(vfs->real, name, sync_folder);
    pthread_mutex_lock(&vfs->mutex);
    struct image *image = image_of(vfs, name);
    int code =
        change_fails(vfs) ? SQLITE_IOERR_DELETE : vfs->real->xDelete(vfs->real, name, sync_folder);
    if (code == SQLITE_OK) {
        pending_add(image, true, 0, NULL, 0);
        image->pending[image->pending_count - 1].deletes = true;
        if (sync_folder != 0)
            folder_synced(vfs);
    }
    pthread_mutex_unlock(&vfs->mutex);
    return code;
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *ret_answer)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    return vfs->real->xAccess(vfs->real, name, flags, ret_answer);
}

static int vfs_full_path(sqlite3_vfs *base, const char *name, int size, char *ret_path)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    return vfs->real->xFullPathname(vfs->real, name, size, ret_path);
}

static int vfs_randomness(sqlite3_vfs *base, int size, char *ret_bytes)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    return vfs->real->xRandomness(vfs->real, size, ret_bytes);
}

static int vfs_sleep(sqlite3_vfs *base, int us)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    return vfs->real->xSleep(vfs->real, us);
}

static int vfs_time(sqlite3_vfs *base, sqlite3_int64 *ret_ms)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    return vfs->real->xCurrentTimeInt64(vfs->real, ret_ms);
}

static int vfs_last_error(sqlite3_vfs *base, int size, char *ret_text)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    return vfs->real->xGetLastError(vfs->real, size, ret_text);
}

#define VFS_NAME "tsunagi_faults"

/* Run by SQLite for every new connection: what the store gets instead of what it asks for. */
static int connection_weaken(sqlite3 *db, char **ret_error, const void *api)
{
    (void)ret_error;
    (void)api;
    const struct fault_vfs *vfs = (struct fault_vfs *)(void *)sqlite3_vfs_find(VFS_NAME);
    const char *path = sqlite3_db_filename(db, "main");
    char sql[64];
    if (vfs == NULL || vfs->synchronous == NULL || !is_watched(vfs, path))
        return SQLITE_OK;
    CHECK(text_format(sql, sizeof(sql), "PRAGMA synchronous = %s", vfs->synchronous));
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

struct fault_vfs *fault_vfs_install(const char *folder, const char *synchronous)
{
    struct fault_vfs *vfs = calloc(1, sizeof(*vfs));
    CHECK(vfs != NULL);
    vfs->real = sqlite3_vfs_find(NULL);
    CHECK(vfs->real != NULL && vfs->real->iVersion >= 2);
    CHECK(text_format(vfs->folder, sizeof(vfs->folder), "%s/", folder));
    vfs->synchronous = synchronous;
    vfs->change_fails_at = UINT64_MAX;
    pthread_mutex_init(&vfs->mutex, NULL);
    vfs->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct fault_file) + vfs->real->szOsFile,
        .mxPathname = vfs->real->mxPathname,
        .zName = VFS_NAME,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time,
    };
    CHECK(sqlite3_vfs_register(&vfs->base, 1) == SQLITE_OK);
    CHECK(sqlite3_auto_extension((void (*)(void))connection_weaken) == SQLITE_OK);
    return vfs;
}

void fault_vfs_remove(struct fault_vfs *vfs)
{
    sqlite3_cancel_auto_extension((void (*)(void))connection_weaken);
    CHECK(sqlite3_vfs_unregister(&vfs->base) == SQLITE_OK);
    CHECK(sqlite3_vfs_register(vfs->real, 1) == SQLITE_OK);
    for (size_t i = 0; i < vfs->image_count; i++) {
        pending_clear(&vfs->images[i]);
        free(vfs->images[i].pending);
        free(vfs->images[i].durable);
    }
    pthread_mutex_destroy(&vfs->mutex);
    free(vfs);
}

void fault_vfs_snapshot(struct fault_vfs *vfs, const char *to, enum fault_survivors survivors,
                        uint64_t seed)
{
    for (size_t i = 0; i < vfs->image_count; i++)
        image_write(&vfs->images[i], to, survivors, &seed);
}

void fault_vfs_on_sync(struct fault_vfs *vfs, fault_sync_fn hook, void *owner)
{
    pthread_mutex_lock(&vfs->mutex);
    vfs->hook = hook;
    vfs->owner = owner;
    pthread_mutex_unlock(&vfs->mutex);
}

void fault_vfs_disk_full(struct fault_vfs *vfs, bool full)
{
    pthread_mutex_lock(&vfs->mutex);
    vfs->full = full;
    pthread_mutex_unlock(&vfs->mutex);
}

void fault_vfs_fail_sync(struct fault_vfs *vfs, enum fault_target target, uint32_t count)
{
    pthread_mutex_lock(&vfs->mutex);
    vfs->sync_target = target;
    vfs->sync_failures = count;
    pthread_mutex_unlock(&vfs->mutex);
}

void fault_vfs_fail_change(struct fault_vfs *vfs, uint64_t index)
{
    pthread_mutex_lock(&vfs->mutex);
    vfs->change_index = 0;
    vfs->change_fails_at = index;
    vfs->change_failed = false;
    pthread_mutex_unlock(&vfs->mutex);
}

bool fault_vfs_failed(struct fault_vfs *vfs)
{
    pthread_mutex_lock(&vfs->mutex);
    bool failed = vfs->change_failed;
    pthread_mutex_unlock(&vfs->mutex);
    return failed;
}

uint64_t fault_vfs_syncs(struct fault_vfs *vfs)
{
    pthread_mutex_lock(&vfs->mutex);
    uint64_t syncs = vfs->syncs;
    pthread_mutex_unlock(&vfs->mutex);
    return syncs;
}

uint64_t fault_vfs_retries(struct fault_vfs *vfs)
{
    pthread_mutex_lock(&vfs->mutex);
    uint64_t retries = vfs->retries;
    pthread_mutex_unlock(&vfs->mutex);
    return retries;
}
