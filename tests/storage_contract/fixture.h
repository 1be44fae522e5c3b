/* A store in a folder of its own, driven from one thread: submit and wait, query, check the whole log.
 * Used by the contract suite and by the fault tests. Every helper fails the test by itself. */
#ifndef TESTS_STORAGE_CONTRACT_FIXTURE_H
#define TESTS_STORAGE_CONTRACT_FIXTURE_H

#include "gateway/base/counters.h"
#include "gateway/storage/store.h"

#define FIXTURE_ORIGIN "clinic.example/gw1/audit/2026"
#define FIXTURE_VKEY   FIXTURE_ORIGIN "+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

struct fixture {
    char folder[128];
    char path[160];
    char key_path[160];
    struct store_options options;
    struct counters counters;
    struct store *store;
    int doorbell; /* eventfd rung by the store's threads */
};

/* The databases the contract is held against; a new one is a new row. */
struct fixture_backend {
    const char *name;
    void (*init)(struct fixture *fixture); /* an empty place of its own; opens nothing */
};
extern const struct fixture_backend FIXTURE_BACKENDS[];
extern const size_t FIXTURE_BACKENDS_COUNT;

/* Runs every test on every backend, each with a fresh open store as its *state. */
struct fixture_test {
    const char *name;
    void (*run)(void **state);
};
int fixture_run(const struct fixture_test *tests, size_t count);

/* Makes the folder and the key; opens nothing. */
void fixture_init(struct fixture *fixture);
/* The same place again after a copy or a kill: `folder` exists. */
void fixture_init_at(struct fixture *fixture, const char *folder);
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* Closes and removes everything. */
void fixture_done(struct fixture *fixture);
void fixture_remove_folder(const char *folder);

/* Submits and waits for the answer. */
enum result fixture_commit(struct fixture *fixture, struct store_transaction *transaction,
                           uint64_t *ret_first_seq);
/* Waits up to ten seconds for the store to ring, then dispatches. */
void fixture_wait(struct fixture *fixture);

/* Through a reader thread; the rows of query_now must be the same and are returned. */
struct store_rows *fixture_query(struct fixture *fixture, const struct store_query *query);

/* One record about a consultation. */
struct audit_draft fixture_draft(enum audit_act act, const struct id *consultation);
/* A transaction with one such record. */
struct store_transaction *fixture_record(enum audit_act act, const struct id *consultation);

/* Number of records; fails unless the verifier finds nothing but the missing checkpoint. */
uint64_t fixture_verify(struct fixture *fixture);
/* From `first` on: seq, leaf hashes and chain only, quickly. `prev` goes in and out. Returns the number of records. */
uint64_t fixture_chain(struct fixture *fixture, uint64_t first, struct sha256 *prev);
uint64_t fixture_log_size(struct fixture *fixture);

#endif
