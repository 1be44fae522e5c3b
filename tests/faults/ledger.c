#include "tests/faults/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"

static void answered(void *owner, enum result result, uint64_t first_seq)
{
    const struct ledger_slot *slot = owner;
    (void)first_seq;
    slot->ledger->states[slot->number] = result_ok(result) ? LEDGER_ACKNOWLEDGED : LEDGER_REFUSED;
    slot->ledger->answered++;
}

enum result ledger_send(struct ledger *ledger, struct store *store, size_t bytes)
{
    unsigned number = ledger->sent;
    assert_true(number < LEDGER_MAX);
    struct id institution, consultation;
    assert_true(text_format(institution.text, sizeof(institution.text), "i_%u", number));
    assert_true(text_format(consultation.text, sizeof(consultation.text), "c_%u", number));
    char *settings = malloc(bytes + 1);
    memset(settings, 'a' + (int)(number % 26), bytes);
    settings[bytes] = 0;
    struct store_transaction *transaction = fixture_record(AUDIT_ACT_CONSULT_CREATE, &consultation);
    store_put_institution(transaction,
                          &(struct store_institution){.id = institution, .settings = settings});
    free(settings);
    ledger->slots[number] = (struct ledger_slot){.ledger = ledger, .number = number};
    ledger->states[number] = LEDGER_SENT;
    ledger->sent++;
    return store_submit(store, transaction, answered, &ledger->slots[number]);
}

enum result ledger_commit(struct ledger *ledger, struct fixture *fixture, size_t bytes)
{
    unsigned number = ledger->sent;
    assert_int_equal(ledger_send(ledger, fixture->store, bytes), RESULT_OK);
    while (ledger->states[number] == LEDGER_SENT)
        fixture_wait(fixture);
    return ledger->states[number] == LEDGER_ACKNOWLEDGED ? RESULT_OK : RESULT_STORAGE;
}

static void collect(struct fixture *fixture, enum store_query_kind kind, const char *column,
                    unsigned *counts, struct ledger_verdict *verdict)
{
    for (uint64_t first = 0;;) {
        const struct store_query query = {.kind = kind, .first = first};
        struct store_rows *rows = NULL;
        assert_int_equal(store_query_now(fixture->store, &query, &rows), RESULT_OK);
        size_t count = store_rows_count(rows);
        for (size_t i = 0; i < count; i++) {
            unsigned number = LEDGER_MAX;
            const char *text = store_rows_text(rows, i, column);
            if (text[0] != 0 && sscanf(text + 2, "%u", &number) == 1 && number < LEDGER_MAX)
                counts[number]++;
            else
                verdict->invented += text[0] != 0;
        }
        store_rows_free(rows);
        first += count;
        if (count == 0 || kind == STORE_QUERY_INSTITUTIONS)
            return;
    }
}

struct ledger_verdict ledger_compare(const struct ledger *ledger, struct fixture *fixture)
{
    struct ledger_verdict verdict = {.opened = true};
    unsigned *states = calloc(LEDGER_MAX, sizeof(*states)),
             *records = calloc(LEDGER_MAX, sizeof(*records));
    struct sha256 prev;
    assert_int_equal(fixture_chain(fixture, 0, &prev), fixture_log_size(fixture));
    collect(fixture, STORE_QUERY_INSTITUTIONS, "id", states, &verdict);
    collect(fixture, STORE_QUERY_RECORDS, "consultation", records, &verdict);
    for (unsigned i = 0; i < LEDGER_MAX; i++) {
        verdict.present += records[i] > 0;
        verdict.torn += records[i] != states[i];
        verdict.lost += ledger->states[i] == LEDGER_ACKNOWLEDGED && records[i] == 0;
        verdict.invented += records[i] > 0 && (ledger->states[i] == LEDGER_UNSENT ||
                                               ledger->states[i] == LEDGER_REFUSED);
    }
    free(states);
    free(records);
    return verdict;
}

static void nothing(void *owner)
{
    (void)owner;
}

struct ledger_verdict ledger_examine(const struct ledger *ledger, const char *folder,
                                     const char *key_path, bool may_fail)
{
    struct fixture again;
    fixture_init_at(&again, folder);
    again.options.key_path = key_path;
    enum result result = store_open(&again.options, nothing, NULL, &again.counters, &again.store);
    struct ledger_verdict verdict = {.opened = result_ok(result)};
    if (result_ok(result)) {
        verdict = ledger_compare(ledger, &again);
    } else {
        assert_true(may_fail);
        for (unsigned i = 0; i < LEDGER_MAX; i++)
            verdict.lost += ledger->states[i] == LEDGER_ACKNOWLEDGED;
    }
    fixture_close(&again);
    close(again.doorbell);
    fixture_remove_folder(folder);
    return verdict;
}
