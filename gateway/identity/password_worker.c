#include "gateway/identity/password_worker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <sodium.h>

#include "gateway/base/check.h"
#include "gateway/base/mailbox.h"

/* Thread: control, except the body of worker_main.   Owner: whoever called password_worker_new.
 * Life:   password_worker_new() … password_worker_free(), which joins the thread.
 * Bound:  PASSWORD_JOBS_MAX jobs between ask and poll; so no mailbox is ever full.
 * Jobs cross as pointers: a mailbox keeps copies of what went through it, and these hold passwords. */
struct password_worker {
    struct thread_owner control;
    struct password_worker_options options;
    struct mailbox *jobs;    /* struct password_job *, control → worker */
    struct mailbox *answers; /* struct password_answer, worker → control */
    unsigned in_flight;
    sem_t wake; /* one post a job, one to stop */
    atomic_bool stop;
    bool started;
    pthread_t thread;
};

static struct password_job *job_free(struct password_job *job)
{
    sodium_memzero(job, sizeof(*job));
    free(job);
    return NULL;
}

static struct password_answer job_do(const struct password_job *job)
{
    struct password_answer answer = {.tag = job->tag, .task = job->task};
    if (job->task == PASSWORD_HASH) {
        answer.result = password_hash(job->password, answer.hash);
        return answer;
    }
    answer.result = password_verify(job->hash, job->password);
    /* The plain password is only at hand now. A hash that cannot be renewed today still signs in. */
    if (answer.result == RESULT_OK && password_needs_rehash(job->hash) &&
        password_hash(job->password, answer.hash) != RESULT_OK)
        answer.hash[0] = 0;
    return answer;
}

static void *worker_main(void *context)
{
    struct password_worker *worker = context;
    for (;;) {
        struct password_job *job;
        while (sem_wait(&worker->wake) != 0)
            CHECK(errno == EINTR);
        if (atomic_load(&worker->stop))
            return NULL;
        if (!mailbox_receive(worker->jobs, &job))
            continue;
        struct password_answer answer = job_do(job);
        job_free(job);
        CHECK(mailbox_send(worker->answers, &answer) == RESULT_OK);
        worker->options.wake(worker->options.context);
    }
}

/* Signals belong to the control thread. */
static enum result thread_start(struct password_worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int error = pthread_create(&worker->thread, NULL, worker_main, worker);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    worker->started = error == 0;
    return error == 0 ? RESULT_OK : RESULT_NO_MEMORY;
}

enum result password_worker_new(const struct password_worker_options *options,
                                struct password_worker **ret_worker)
{
    CHECK(sodium_init() >= 0);
    struct password_worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL)
        return RESULT_NO_MEMORY;
    worker->options = *options;
    thread_owner_bind(&worker->control);
    CHECK(sem_init(&worker->wake, 0, 0) == 0);
    enum result result =
        mailbox_new(sizeof(struct password_job *), PASSWORD_JOBS_MAX, &worker->jobs);
    if (result != RESULT_OK)
        goto out;
    result = mailbox_new(sizeof(struct password_answer), PASSWORD_JOBS_MAX, &worker->answers);
    if (result != RESULT_OK)
        goto out;
    result = thread_start(worker);
out:
    if (result != RESULT_OK)
        password_worker_free(worker);
    else
        *ret_worker = worker;
    return result;
}

struct password_worker *password_worker_free(struct password_worker *worker)
{
    if (worker == NULL)
        return NULL;
    assert_on_thread(&worker->control);
    if (worker->started) {
        atomic_store(&worker->stop, true);
        CHECK(sem_post(&worker->wake) == 0);
        CHECK(pthread_join(worker->thread, NULL) == 0);
        /* The receiver is gone, so this thread takes its place. */
        struct password_job *job;
        while (mailbox_receive(worker->jobs, &job))
            job_free(job);
    }
    mailbox_free(worker->jobs);
    mailbox_free(worker->answers);
    sem_destroy(&worker->wake);
    free(worker);
    return NULL;
}

enum result password_worker_ask(struct password_worker *worker, struct password_job *job)
{
    assert_on_thread(&worker->control);
    enum result result = RESULT_FULL;
    if (worker->in_flight < PASSWORD_JOBS_MAX) {
        struct password_job *copy = malloc(sizeof(*copy));
        result = copy == NULL ? RESULT_NO_MEMORY : RESULT_OK;
        if (result == RESULT_OK) {
            *copy = *job;
            CHECK(mailbox_send(worker->jobs, &copy) == RESULT_OK);
            worker->in_flight++;
            CHECK(sem_post(&worker->wake) == 0);
        }
    }
    sodium_memzero(job->password, sizeof(job->password));
    return result;
}

bool password_worker_poll(struct password_worker *worker, struct password_answer *ret_answer)
{
    assert_on_thread(&worker->control);
    if (!mailbox_receive(worker->answers, ret_answer))
        return false;
    worker->in_flight--;
    return true;
}
