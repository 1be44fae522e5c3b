/* A SQLite VFS that knows what a disk has really been told to keep. It stands between SQLite and the real one for the
 * files of one folder, and becomes the process's default, so the store needs no switch for it.
 *
 *   live      what the program sees: the real files
 *   durable   what was there at the last xSync of each file: all that a loss of power is sure to leave
 *   pending   writes and truncations since; a loss of power keeps none, or any of them, in 512-byte pieces
 *
 * It can refuse space, fail the n-th change, fail a sync once or for good, and pretend another PRAGMA synchronous than
 * the store asked for. Thread: any; one mutex. */
#ifndef TESTS_FAULTS_FAULT_VFS_H
#define TESTS_FAULTS_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_survivors {
    FAULT_NONE_SURVIVE, /* every pending piece is lost */
    FAULT_SOME_SURVIVE, /* a seeded choice of them */
    FAULT_LIVE,         /* all of them: the process was killed, the machine was not */
};

enum fault_target { FAULT_ANY_FILE, FAULT_DATABASE, FAULT_LOG };

/* Called on the thread that syncs, before (`after` false) and after the sync counts. */
typedef void (*fault_sync_fn)(void *owner, bool after);

struct fault_vfs;

/* Installs it for all files under `folder`. `synchronous`: NULL leaves SQLite alone; "OFF" or "NORMAL" is what every
 * connection really gets, while it is told that it has FULL. */
struct fault_vfs *fault_vfs_install(const char *folder, const char *synchronous);
/* All connections are closed. */
void fault_vfs_remove(struct fault_vfs *vfs);

void fault_vfs_on_sync(struct fault_vfs *vfs, fault_sync_fn hook, void *owner);
/* Writes what the disk would hold into `to` (exists, empty). Takes no lock when called from the hook. */
void fault_vfs_snapshot(struct fault_vfs *vfs, const char *to, enum fault_survivors survivors,
                        uint64_t seed);

void fault_vfs_disk_full(struct fault_vfs *vfs, bool full);
/* The next `count` syncs of such a file fail; UINT32_MAX: for good. */
void fault_vfs_fail_sync(struct fault_vfs *vfs, enum fault_target target, uint32_t count);
/* The change (write, truncation, sync, deletion) number `index` from now on fails once; UINT64_MAX: none. */
void fault_vfs_fail_change(struct fault_vfs *vfs, uint64_t index);
/* True when that change was reached. */
bool fault_vfs_failed(struct fault_vfs *vfs);
/* Syncs that succeeded. */
uint64_t fault_vfs_syncs(struct fault_vfs *vfs);
/* Syncs asked of a file handle after one had failed on it: must stay 0. */
uint64_t fault_vfs_retries(struct fault_vfs *vfs);

#endif
