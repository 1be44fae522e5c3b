/* What was promised to the submitters, to be compared with what a store holds after an accident.
 * Transaction n writes institution i_<n> and a record about consultation c_<n>: both must be there, or neither. */
#ifndef TESTS_FAULTS_LEDGER_H
#define TESTS_FAULTS_LEDGER_H

#include "tests/storage_contract/fixture.h"

#define LEDGER_MAX 4096

enum ledger_state { LEDGER_UNSENT, LEDGER_SENT, LEDGER_ACKNOWLEDGED, LEDGER_REFUSED };

struct ledger {
    enum ledger_state states[LEDGER_MAX];
    struct ledger_slot {
        struct ledger *ledger;
        unsigned number;
    } slots[LEDGER_MAX];
    unsigned sent;
    unsigned answered;
};

/* Submits transaction number `ledger->sent`, about `bytes` long; returns what store_submit says. */
enum result ledger_send(struct ledger *ledger, struct store *store, size_t bytes);
/* Sends one and waits for its answer. */
enum result ledger_commit(struct ledger *ledger, struct fixture *fixture, size_t bytes);

struct ledger_verdict {
    bool opened;       /* the store came up again */
    unsigned lost;     /* acknowledged, and not there */
    unsigned torn;     /* record without state or state without record */
    unsigned invented; /* there, and refused or never sent */
    unsigned present;
};

/* Compares with an open store; the chain is checked too. */
struct ledger_verdict ledger_compare(const struct ledger *ledger, struct fixture *fixture);
/* Opens the store in `folder` as a restart would, compares, and removes the folder's files. `may_fail`: a store that
 * does not open is a verdict, not the end of the test. */
struct ledger_verdict ledger_examine(const struct ledger *ledger, const char *folder,
                                     const char *key_path, bool may_fail);

#endif
