/* The verbs `audit` and `signer` as a program of their own, and `fill`, which writes a log through the product's own
 * encoder and store: what the Python test needs to compare two verifiers without the whole gateway. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/audit_cli.h"
#include "gateway/base/check.h"
#include "gateway/signer_main.h"
#include "gateway/storage/store.h"

struct waiter {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool woken;
    unsigned answered;
};

static void waiter_wake(void *owner)
{
    struct waiter *waiter = owner;
    pthread_mutex_lock(&waiter->mutex);
    waiter->woken = true;
    pthread_cond_signal(&waiter->cond);
    pthread_mutex_unlock(&waiter->mutex);
}

static void waiter_done(void *owner, enum result result, uint64_t first_seq)
{
    (void)first_seq;
    CHECK(result == RESULT_OK);
    ((struct waiter *)owner)->answered++;
}

static void waiter_wait(struct waiter *waiter, struct store *store, unsigned answers)
{
    while (waiter->answered < answers) {
        pthread_mutex_lock(&waiter->mutex);
        while (!waiter->woken)
            pthread_cond_wait(&waiter->cond, &waiter->mutex);
        waiter->woken = false;
        pthread_mutex_unlock(&waiter->mutex);
        store_dispatch(store);
    }
}

static void draft_id(struct id *ret_id, char kind, unsigned number)
{
    snprintf(ret_id->text, sizeof(ret_id->text), "%c_%04u", kind, number);
}

/* A visit's acts in the order a gateway records them. */
static void submit_visit(struct store *store, struct waiter *waiter, unsigned visit,
                         unsigned *submitted)
{
    static const struct {
        enum audit_act act;
        int seat;
    } acts[] = {{AUDIT_ACT_CONSULT_CREATE, -1},      {AUDIT_ACT_INVITE_ISSUE, -1},
                {AUDIT_ACT_INVITE_REDEEM, -1},       {AUDIT_ACT_CONSULT_ENTER, -1},
                {AUDIT_ACT_MEDIA_CONNECTED, 0},      {AUDIT_ACT_MEDIA_CONNECTED, 1},
                {AUDIT_ACT_CONSULT_ADMIT, -1},       {AUDIT_ACT_MEDIA_OPEN, -1},
                {AUDIT_ACT_CONSULT_START, -1},       {AUDIT_ACT_PARTICIPANT_REMOVE, 0},
                {AUDIT_ACT_MEDIA_KEYS_DESTROYED, 0}, {AUDIT_ACT_CONSULT_FINISH, -1},
                {AUDIT_ACT_MEDIA_KEYS_DESTROYED, 1}, {AUDIT_ACT_CONSULT_CLOSE, -1}};
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++) {
        struct audit_draft draft = {
            .act = acts[i].act,
            .actor = {.role = ROLE_PHYSICIAN, .authentication = AUTHENTICATION_PASSWORD},
            .object_kind = "consult"};
        draft_id(&draft.object, 'c', visit);
        draft_id(&draft.actor.person, 's', visit % 3);
        draft_id(&draft.actor.institution, 'i', 1);
        if (acts[i].seat >= 0)
            draft.extra[draft.extra_count++] =
                (struct audit_extra){.key = "seat", .number = acts[i].seat};
        struct store_transaction *transaction = store_transaction_new();
        store_transaction_record(transaction, &draft);
        CHECK(store_submit(store, transaction, waiter_done, waiter) == RESULT_OK);
        (*submitted)++;
    }
    waiter_wait(waiter, store, *submitted);
}

/* fill DATABASE ORIGIN VKEY KEYFILE VISITS */
static int fill(char **argv)
{
    struct waiter waiter = {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    struct counters *counters = calloc(1, sizeof(*counters));
    struct store *store;
    unsigned submitted = 0;
    enum result result = store_key_create(argv[3]);
    CHECK(counters != NULL && (result == RESULT_OK || result == RESULT_EXISTS));
    const struct store_options options = {.path = argv[0],
                                          .log_origin = argv[1],
                                          .log_vkey = argv[2],
                                          .node = "gateway",
                                          .key_path = argv[3]};
    result = store_open(&options, waiter_wake, &waiter, counters, &store);
    if (result != RESULT_OK) {
        fprintf(stderr, "fill: %s\n", result_text(result));
        return 1;
    }
    for (unsigned visit = 0; visit < (unsigned)atoi(argv[4]); visit++)
        submit_visit(store, &waiter, visit, &submitted);
    store_close(store);
    free(counters);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "audit") == 0)
        return audit_cli(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "signer") == 0)
        return signer_cli(argc - 1, argv + 1);
    if (argc == 7 && strcmp(argv[1], "fill") == 0)
        return fill(argv + 2);
    return 4;
}
