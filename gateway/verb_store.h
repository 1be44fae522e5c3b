/* The store for command-line verbs that write while no gateway runs: submit and wait.
 * Thread: the verb's. Owner: the verb. */
#ifndef GATEWAY_VERB_STORE_H
#define GATEWAY_VERB_STORE_H

#include <pthread.h>
#include <stdbool.h>

#include "gateway/storage/store.h"

struct verb_store {
    struct store *store;
    struct counters counters;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    bool wake;
};

/* Says what is wrong on stderr; RESULT_EXISTS means a gateway has the database open. */
MUST_CHECK enum result verb_store_open(struct verb_store *verb,
                                       const struct store_options *options);
void verb_store_close(struct verb_store *verb);
/* Waits for the next wake-up and runs the callbacks that are due. */
void verb_store_wait(struct verb_store *verb);
/* Takes the transaction and waits until it is durable or refused. */
MUST_CHECK enum result verb_store_submit(struct verb_store *verb,
                                         struct store_transaction *transaction);

#endif
