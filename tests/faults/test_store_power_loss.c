/* Loss of power at every sync point, before and after it, with none or any of the unsynced pieces on the disk: what was
 * acknowledged is there, whole, and the chain holds. The same check against weaker settings must find losses. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "tests/faults/fault_vfs.h"
#include "tests/faults/ledger.h"

#define TRANSACTIONS      48
#define IN_FLIGHT_MAX     3
#define TRANSACTION_BYTES 6000
#define ERASE_EVERY       8 /* after an erasure the write-ahead log goes into the file and is emptied */

struct rig {
    struct fixture fixture;
    struct fault_vfs *vfs;
    struct ledger ledger;
    int at_sync; /* eventfd: the writer stands at a sync point */
    int go_on;
    char crash_folder[200];
    uint64_t seed;
    unsigned erasures; /* not answered yet */
    bool may_fail;     /* weakened: count losses instead of ending the test */
    unsigned crashes;
    unsigned unopened;
    unsigned lost;
};

static void stand_still(void *owner, bool after)
{
    struct rig *rig = owner;
    const uint64_t one = 1;
    uint64_t value;
    (void)after;
    assert_int_equal(write(rig->at_sync, &one, sizeof(one)), sizeof(one));
    assert_int_equal(read(rig->go_on, &value, sizeof(value)), sizeof(value));
}

static void crash_once(struct rig *rig, enum fault_survivors survivors)
{
    assert_true(
        text_format(rig->crash_folder, sizeof(rig->crash_folder), "%s_crash", rig->fixture.folder));
    assert_int_equal(mkdir(rig->crash_folder, 0700), 0);
    fault_vfs_snapshot(rig->vfs, rig->crash_folder, survivors, rig->seed + rig->crashes);
    struct ledger_verdict verdict =
        ledger_examine(&rig->ledger, rig->crash_folder, rig->fixture.key_path, rig->may_fail);
    rig->crashes++;
    rig->unopened += !verdict.opened;
    rig->lost += verdict.lost;
    if (!rig->may_fail && (verdict.lost + verdict.torn + verdict.invented > 0))
        fail_msg("crash %u (seed %llu, survivors %d): %u lost, %u torn, %u invented", rig->crashes,
                 (unsigned long long)rig->seed, (int)survivors, verdict.lost, verdict.torn,
                 verdict.invented);
}

static void crash(struct rig *rig)
{
    /* Whoever has been told by now has been told before the crash. */
    store_dispatch(rig->fixture.store);
    crash_once(rig, FAULT_NONE_SURVIVE);
    crash_once(rig, FAULT_SOME_SURVIVE);
}

/* Waits for an answer or a sync point; crashes at the latter. */
static void turn(struct rig *rig)
{
    struct pollfd on[] = {{.fd = rig->at_sync, .events = POLLIN},
                          {.fd = rig->fixture.doorbell, .events = POLLIN}};
    uint64_t value;
    const uint64_t one = 1;
    assert_true(poll(on, 2, 10000) > 0);
    if (on[0].revents != 0) {
        assert_int_equal(read(rig->at_sync, &value, sizeof(value)), sizeof(value));
        crash(rig);
        assert_int_equal(write(rig->go_on, &one, sizeof(one)), sizeof(one));
    } else {
        fixture_wait(&rig->fixture);
    }
}

static void erased(void *owner, enum result result, uint64_t first_seq)
{
    (void)first_seq;
    assert_int_equal(result, RESULT_OK);
    ((struct rig *)owner)->erasures--;
}

static void erase_somebody(struct rig *rig)
{
    struct store_transaction *transaction = store_transaction_new();
    const struct id institution = {.text = "i_0"}, subject = id_new('k');
    store_put_patient(transaction, &(struct store_patient){.id = id_new('p'),
                                                           .institution = institution,
                                                           .subject = subject,
                                                           .personal = "{}"});
    store_erase_subject_key(transaction, &subject);
    assert_int_equal(store_submit(rig->fixture.store, transaction, erased, rig), RESULT_OK);
    rig->erasures++;
}

static void run(struct rig *rig, const char *synchronous)
{
    memset(rig, 0, sizeof(*rig));
    random_bytes(&rig->seed, sizeof(rig->seed));
    rig->seed >>= 16;
    rig->may_fail = synchronous != NULL;
    rig->at_sync = eventfd(0, EFD_CLOEXEC);
    rig->go_on = eventfd(0, EFD_CLOEXEC);
    fixture_init(&rig->fixture);
    rig->fixture.options.heartbeat_ms = 3600 * 1000; /* no commit but ours */
    rig->vfs = fault_vfs_install(rig->fixture.folder, synchronous);
    fixture_open(&rig->fixture);
    fault_vfs_on_sync(rig->vfs, stand_still, rig);
    while (rig->ledger.answered < TRANSACTIONS || rig->erasures > 0) {
        while (rig->ledger.sent < TRANSACTIONS &&
               rig->ledger.sent - rig->ledger.answered < IN_FLIGHT_MAX) {
            assert_int_equal(ledger_send(&rig->ledger, rig->fixture.store, TRANSACTION_BYTES),
                             RESULT_OK);
            if (rig->ledger.sent % ERASE_EVERY == 0)
                erase_somebody(rig);
        }
        turn(rig);
    }
    fault_vfs_on_sync(rig->vfs, NULL, NULL);
    crash(rig); /* also between two syncs, when all is quiet */
    struct ledger_verdict verdict = ledger_compare(&rig->ledger, &rig->fixture);
    assert_int_equal(verdict.present,
                     TRANSACTIONS); /* nothing is wrong as long as the power stays on */
    assert_int_equal(verdict.lost + verdict.torn + verdict.invented, 0);
    print_message("synchronous=%s: %u crashes, %llu syncs, %u acknowledged transactions lost, %u "
                  "stores did not open\n",
                  synchronous == NULL ? "FULL" : synchronous, rig->crashes,
                  (unsigned long long)fault_vfs_syncs(rig->vfs), rig->lost, rig->unopened);
}

static void finish(struct rig *rig)
{
    fixture_close(&rig->fixture);
    fault_vfs_remove(rig->vfs);
    fixture_done(&rig->fixture);
    close(rig->at_sync);
    close(rig->go_on);
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    static struct rig rig;
    run(&rig, NULL);
    assert_true(rig.crashes >= 2 * TRANSACTIONS / IN_FLIGHT_MAX);
    assert_int_equal(rig.lost, 0);
    assert_int_equal(rig.unopened, 0);
    finish(&rig);
}

/* The check has teeth: it finds what the store would lose with the setting one step or two weaker. */
static void weaker_settings_are_found_out(void **state)
{
    static const char *const settings[] = {"OFF", "NORMAL"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        static struct rig rig;
        run(&rig, settings[i]);
        assert_true(rig.lost > 0);
        finish(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost),
        cmocka_unit_test(weaker_settings_are_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
