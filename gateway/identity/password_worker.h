/* One thread that does the slow work of password.h for the control thread. One hash at a time: the cap of 64 MiB at
 * once is the point (a flood of sign-ins costs memory and one core, never the control loop).
 *
 * Thread: every function on the control thread (the one that called password_worker_new), except `wake`, which the
 * worker thread calls after each answer; the only legal act in it is a wake-up call of the loop.
 * Full: ask returns RESULT_FULL with PASSWORD_JOBS_MAX jobs waiting; the edge answers "try again" (HTTP 503). */
#ifndef GATEWAY_IDENTITY_PASSWORD_WORKER_H
#define GATEWAY_IDENTITY_PASSWORD_WORKER_H

#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/identity/password.h"

#define PASSWORD_JOBS_MAX 8

enum password_task { PASSWORD_VERIFY, PASSWORD_HASH };

struct password_job {
    uint64_t tag; /* the asker's, comes back with the answer */
    enum password_task task;
    char password[PASSWORD_SIZE];
    char hash[PASSWORD_HASH_SIZE]; /* VERIFY: the stored one; empty when there is no such account */
};

struct password_answer {
    uint64_t tag;
    enum password_task task;
    enum result result; /* as password_verify or password_hash */
    char hash
        [PASSWORD_HASH_SIZE]; /* HASH, and VERIFY that succeeded on an outdated hash: store this; else empty */
};

struct password_worker_options {
    void (*wake)(void *context);
    void *context;
};

struct password_worker;

MUST_CHECK enum result password_worker_new(const struct password_worker_options *options,
                                           struct password_worker **ret_worker);
/* Waits for the job in hand (≤ 400 ms); jobs not begun are dropped. NULL is fine. Returns NULL. */
struct password_worker *password_worker_free(struct password_worker *worker);
/* Copies the job and wipes the caller's copy of the password. RESULT_FULL: not taken (still wiped). */
MUST_CHECK enum result password_worker_ask(struct password_worker *worker,
                                           struct password_job *job);
/* False when no answer is ready. */
MUST_CHECK bool password_worker_poll(struct password_worker *worker,
                                     struct password_answer *ret_answer);

#endif
