/* SIGKILL, again and again: a child appends and says over a pipe what was acknowledged; after each kill the store comes
 * up again and holds all of it, whole, with an unbroken chain. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "tests/storage_contract/fixture.h"

#define KILLS       220
#define IN_FLIGHT   8
#define NUMBERS_MAX 65536

struct child {
    int pipe;
    struct fixture fixture;
    unsigned in_flight;
};

struct said {
    struct child *child;
    uint32_t number;
};

static void child_answered(void *owner, enum result result, uint64_t first_seq)
{
    struct said *said = owner;
    (void)first_seq;
    said->child->in_flight--;
    /* Told to the outside world only now, as a reply to a person would be. */
    if (result_ok(result) &&
        write(said->child->pipe, &said->number, sizeof(said->number)) != sizeof(said->number))
        _exit(3);
    free(said);
}

static void child_send(struct child *child, uint32_t number)
{
    struct id institution, consultation;
    if (!text_format(institution.text, sizeof(institution.text), "i_%u", number) ||
        !text_format(consultation.text, sizeof(consultation.text), "c_%u", number))
        _exit(4);
    struct store_transaction *transaction = fixture_record(AUDIT_ACT_CONSULT_CREATE, &consultation);
    store_put_institution(transaction,
                          &(struct store_institution){.id = institution, .name_en = "x"});
    struct said *said = malloc(sizeof(*said));
    *said = (struct said){.child = child, .number = number};
    if (!result_ok(store_submit(child->fixture.store, transaction, child_answered, said)))
        _exit(5);
    child->in_flight++;
}

/* Never returns: ends by SIGKILL. */
static void child_run(const char *folder, int pipe, uint32_t number)
{
    static struct child child;
    child.pipe = pipe;
    fixture_init_at(&child.fixture, folder);
    fixture_open(&child.fixture);
    for (;;) {
        while (child.in_flight < IN_FLIGHT)
            child_send(&child, number++);
        fixture_wait(&child.fixture);
    }
}

struct log_seen {
    uint64_t size; /* checked so far */
    struct sha256 prev;
    uint8_t present[NUMBERS_MAX]; /* records about each number */
};

/* Reads what is new since the last kill: chain, and which numbers are there. */
static void log_read(struct fixture *fixture, struct log_seen *seen)
{
    for (uint64_t first = seen->size;;) {
        const struct store_query query = {.kind = STORE_QUERY_RECORDS, .first = first};
        struct store_rows *rows = NULL;
        assert_int_equal(store_query_now(fixture->store, &query, &rows), RESULT_OK);
        size_t count = store_rows_count(rows);
        for (size_t i = 0; i < count; i++) {
            unsigned number = NUMBERS_MAX;
            const char *text = store_rows_text(rows, i, "consultation");
            if (text[0] == 0)
                continue;
            assert_int_equal(sscanf(text, "c_%u", &number), 1);
            assert_true(number < NUMBERS_MAX);
            seen->present[number]++;
        }
        store_rows_free(rows);
        first += count;
        if (count == 0)
            break;
    }
    seen->size = fixture_chain(fixture, seen->size, &seen->prev);
    assert_int_equal(seen->size, fixture_log_size(fixture));
}

/* Kills the child at a moment nobody chose; returns how many numbers it had said. */
static uint32_t one_life(const char *folder, uint32_t first, uint8_t *said)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork(); /* no threads here: every store of this process is closed */
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        child_run(folder, ends[1], first);
    }
    close(ends[1]);
    uint32_t number = 0, count = 0;
    if (random_u32() % 8 != 0) { /* one in eight dies while it is still opening */
        if (read(ends[0], &number, sizeof(number)) != sizeof(number))
            fail_msg("the child ended by itself");
        said[number] = 1;
        count++;
    }
    usleep(random_u32() % 12000);
    assert_int_equal(kill(pid, SIGKILL), 0);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (read(ends[0], &number, sizeof(number)) == sizeof(number)) {
        assert_true(number < NUMBERS_MAX);
        said[number] = 1;
        count++;
    }
    close(ends[0]);
    return count;
}

static void kills_lose_nothing(void **state)
{
    static struct log_seen seen;
    static uint8_t said[NUMBERS_MAX];
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture);
    uint32_t next = 0, acknowledged = 0, lost = 0, present = 0;
    int64_t start_us = clock_monotonic_us();
    for (unsigned kills = 0; kills < KILLS; kills++) {
        acknowledged += one_life(fixture.folder, next, said);
        fixture_open(&fixture);
        log_read(&fixture, &seen);
        fixture_close(&fixture);
        for (uint32_t i = next; i < NUMBERS_MAX; i++)
            if (seen.present[i] > 0 || said[i])
                next = i + 1;
        assert_true(next < NUMBERS_MAX - 4096);
    }
    for (uint32_t i = 0; i < NUMBERS_MAX; i++) {
        lost += said[i] && seen.present[i] == 0;
        present += seen.present[i] > 0;
        assert_true(seen.present[i] <= 1);
    }
    fixture_open(&fixture);
    uint64_t records = fixture_verify(&fixture);
    print_message("%d kills in %lld ms: %u acknowledged, %u lost, %u stored, %llu records in an "
                  "unbroken chain\n",
                  KILLS, (long long)((clock_monotonic_us() - start_us) / 1000), acknowledged, lost,
                  present, (unsigned long long)records);
    assert_int_equal(lost, 0);
    assert_true(acknowledged > KILLS);
    assert_true(present >= acknowledged);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kills_lose_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
