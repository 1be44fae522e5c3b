/* A disk that fails: full, a failed fsync, every single change failing once. New work is refused with its reason,
 * nothing acknowledged is lost, nothing refused comes back, and the store recovers by itself when the disk does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "tests/faults/fault_vfs.h"
#include "tests/faults/ledger.h"

#define BYTES 3000

struct rig {
    struct fixture fixture;
    struct fault_vfs *vfs;
    struct ledger ledger;
};

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    fixture_init(&rig->fixture);
    rig->vfs = fault_vfs_install(rig->fixture.folder, NULL);
    fixture_open(&rig->fixture);
}

static void rig_done(struct rig *rig)
{
    fixture_close(&rig->fixture);
    /* No file handle was ever synced again after a sync of it had failed. */
    assert_int_equal(fault_vfs_retries(rig->vfs), 0);
    fault_vfs_remove(rig->vfs);
    fixture_done(&rig->fixture);
}

static void commit_ok(struct rig *rig, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(ledger_commit(&rig->ledger, &rig->fixture, BYTES), RESULT_OK);
}

static void commit_refused(struct rig *rig, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(ledger_commit(&rig->ledger, &rig->fixture, BYTES), RESULT_STORAGE);
}

static void assert_intact(const struct ledger_verdict *verdict, unsigned present)
{
    assert_true(verdict->opened);
    assert_int_equal(verdict->lost, 0);
    assert_int_equal(verdict->torn, 0);
    assert_int_equal(verdict->invented, 0);
    assert_int_equal(verdict->present, present);
}

static void assert_holds(struct rig *rig, unsigned present)
{
    const struct ledger_verdict verdict = ledger_compare(&rig->ledger, &rig->fixture);
    assert_intact(&verdict, present);
}

/* The process is killed now: everything written is there, synced or not. */
static void assert_survives_kill(struct rig *rig, unsigned present)
{
    char folder[200];
    assert_true(text_format(folder, sizeof(folder), "%s_kill", rig->fixture.folder));
    assert_int_equal(mkdir(folder, 0700), 0);
    fault_vfs_snapshot(rig->vfs, folder, FAULT_LIVE, 0);
    const struct ledger_verdict verdict =
        ledger_examine(&rig->ledger, folder, rig->fixture.key_path, false);
    assert_intact(&verdict, present);
}

static void full_disk_refuses_and_recovers(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    commit_ok(&rig, 5);
    uint64_t size = fixture_log_size(&rig.fixture);
    assert_false(store_degraded(rig.fixture.store));

    fault_vfs_disk_full(rig.vfs, true);
    commit_refused(&rig, 10);
    assert_true(store_degraded(rig.fixture.store));
    assert_int_equal(counter_get(&rig.fixture.counters, COUNTER_store_degraded), 1);
    assert_int_equal(counter_get(&rig.fixture.counters, COUNTER_store_failures), 10);
    assert_int_equal(fixture_log_size(&rig.fixture), size); /* readers go on */
    assert_holds(&rig, 5);
    assert_survives_kill(&rig, 5);

    fault_vfs_disk_full(rig.vfs, false);
    commit_ok(&rig, 5);
    assert_false(store_degraded(rig.fixture.store));
    assert_int_equal(counter_get(&rig.fixture.counters, COUNTER_store_degraded), 0);
    assert_holds(&rig, 10);
    fixture_close(&rig.fixture);
    fixture_open(&rig.fixture);
    assert_holds(&rig, 10);
    assert_int_equal(fixture_verify(&rig.fixture), size + 5 + 2);
    rig_done(&rig);
}

/* The refused commit lies complete in the write-ahead log when its fsync fails: a restart must not take it for real. */
static void failed_fsync_refuses_once(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    commit_ok(&rig, 5);
    fault_vfs_fail_sync(rig.vfs, FAULT_LOG, 1);
    commit_refused(&rig, 1);
    assert_true(store_degraded(rig.fixture.store));
    assert_survives_kill(&rig, 5);
    assert_holds(&rig, 5);
    commit_ok(&rig, 5);
    assert_false(store_degraded(rig.fixture.store));
    assert_survives_kill(&rig, 10);
    assert_holds(&rig, 10);
    fixture_close(&rig.fixture);
    fixture_open(&rig.fixture);
    assert_holds(&rig, 10);
    assert_int_equal(fixture_verify(&rig.fixture), 1 + 10 + 2);
    rig_done(&rig);
}

static void dead_disk_refuses_until_replaced(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    commit_ok(&rig, 5);
    fault_vfs_fail_sync(rig.vfs, FAULT_ANY_FILE, UINT32_MAX);
    commit_refused(&rig, 5);
    assert_holds(&rig, 5);
    assert_survives_kill(&rig, 5);
    fixture_close(&rig.fixture); /* ends, although not even log.close can be written */
    fault_vfs_fail_sync(rig.vfs, FAULT_ANY_FILE, 0);
    fixture_open(&rig.fixture);
    assert_holds(&rig, 5);
    commit_ok(&rig, 1);
    fixture_verify(&rig.fixture);
    rig_done(&rig);
}

static void many_in_one_failed_commit(void **state)
{
    static struct rig rig;
    (void)state;
    rig_init(&rig);
    fault_vfs_fail_sync(rig.vfs, FAULT_LOG, UINT32_MAX);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(ledger_send(&rig.ledger, rig.fixture.store, BYTES), RESULT_OK);
    while (rig.ledger.answered < 100)
        fixture_wait(&rig.fixture);
    fault_vfs_fail_sync(rig.vfs, FAULT_LOG, 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(rig.ledger.states[i], LEDGER_REFUSED);
    assert_survives_kill(&rig, 0);
    commit_ok(&rig, 3);
    assert_holds(&rig, 3);
    assert_survives_kill(&rig, 3);
    rig_done(&rig);
}

static void erase_one(struct rig *rig)
{
    struct store_transaction *transaction = store_transaction_new();
    const struct id subject = id_new('k');
    store_put_patient(transaction, &(struct store_patient){.id = id_new('p'),
                                                           .institution = {.text = "i_0"},
                                                           .subject = subject,
                                                           .personal = "{}"});
    store_erase_subject_key(transaction, &subject);
    enum result result = fixture_commit(&rig->fixture, transaction, NULL);
    assert_true(result == RESULT_OK || result == RESULT_STORAGE);
}

static unsigned acknowledged(const struct ledger *ledger)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ledger->sent; i++)
        count += ledger->states[i] == LEDGER_ACKNOWLEDGED;
    return count;
}

/* Each change of a stretch of work fails once, in turn: commits, an erasure with its emptied log, more commits. */
static void every_single_change_may_fail(void **state)
{
    unsigned failures = 0, refused = 0;
    (void)state;
    for (uint64_t index = 0;; index++) {
        static struct rig rig;
        rig_init(&rig);
        commit_ok(&rig, 2);
        fault_vfs_fail_change(rig.vfs, index);
        for (unsigned i = 0; i < 2; i++)
            refused += ledger_commit(&rig.ledger, &rig.fixture, BYTES) == RESULT_STORAGE;
        erase_one(&rig);
        refused += ledger_commit(&rig.ledger, &rig.fixture, BYTES) == RESULT_STORAGE;
        bool reached = fault_vfs_failed(rig.vfs);
        fault_vfs_fail_change(rig.vfs, UINT64_MAX);
        assert_survives_kill(&rig, acknowledged(&rig.ledger));
        commit_ok(&rig, 2);
        assert_holds(&rig, acknowledged(&rig.ledger));
        assert_survives_kill(&rig, acknowledged(&rig.ledger));
        assert_false(store_degraded(rig.fixture.store));
        rig_done(&rig);
        failures += reached;
        if (!reached)
            break;
    }
    print_message("%u changes failed in turn, %u transactions refused, none lost, none invented\n",
                  failures, refused);
    assert_true(failures >= 20);
    assert_true(refused >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_disk_refuses_and_recovers),
        cmocka_unit_test(failed_fsync_refuses_once),
        cmocka_unit_test(dead_disk_refuses_until_replaced),
        cmocka_unit_test(many_in_one_failed_commit),
        cmocka_unit_test(every_single_change_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
