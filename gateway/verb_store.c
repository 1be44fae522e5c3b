#include "gateway/verb_store.h"

#include <stdio.h>
#include <string.h>

static void verb_store_woken(void *owner)
{
    struct verb_store *verb = owner;
    pthread_mutex_lock(&verb->mutex);
    verb->wake = true;
    pthread_cond_signal(&verb->woken);
    pthread_mutex_unlock(&verb->mutex);
}

enum result verb_store_open(struct verb_store *verb, const struct store_options *options)
{
    memset(verb, 0, sizeof(*verb));
    pthread_mutex_init(&verb->mutex, NULL);
    pthread_cond_init(&verb->woken, NULL);
    enum result result = store_open(options, verb_store_woken, verb, &verb->counters, &verb->store);
    if (result == RESULT_EXISTS)
        fprintf(stderr,
                "%s: a gateway has this database open; stop it first, or use the administrator's "
                "page\n",
                options->path);
    else if (!result_ok(result))
        fprintf(stderr, "%s: the database cannot be opened: %s\n", options->path,
                result_text(result));
    return result;
}

void verb_store_close(struct verb_store *verb)
{
    if (verb->store != NULL)
        verb->store = store_close(verb->store);
    pthread_cond_destroy(&verb->woken);
    pthread_mutex_destroy(&verb->mutex);
}

void verb_store_wait(struct verb_store *verb)
{
    pthread_mutex_lock(&verb->mutex);
    while (!verb->wake)
        pthread_cond_wait(&verb->woken, &verb->mutex);
    verb->wake = false;
    pthread_mutex_unlock(&verb->mutex);
    store_dispatch(verb->store);
}

struct verb_outcome {
    bool done;
    enum result result;
};

static void verb_store_done(void *owner, enum result result, uint64_t first_seq)
{
    struct verb_outcome *outcome = owner;
    (void)first_seq;
    outcome->done = true;
    outcome->result = result;
}

enum result verb_store_submit(struct verb_store *verb, struct store_transaction *transaction)
{
    struct verb_outcome outcome = {0};
    enum result result = store_submit(verb->store, transaction, verb_store_done, &outcome);
    if (!result_ok(result))
        return result;
    while (!outcome.done)
        verb_store_wait(verb);
    return outcome.result;
}
