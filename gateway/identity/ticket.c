#include "gateway/identity/ticket.h"

#include <stdlib.h>

#include "gateway/base/check.h"

struct ticket {
    struct sha256 hash;
    struct id session; /* empty: free */
    int64_t expires_us;
};

/* Thread: control.   Owner: whoever called ticket_table_new.
 * Life:   ticket_table_new() … ticket_table_free().
 * Bound:  `tickets_max` tickets; the table is walked, never grown. */
struct ticket_table {
    struct thread_owner thread;
    uint32_t tickets_max;
    struct ticket tickets[];
};

enum result ticket_table_new(uint32_t tickets_max, struct ticket_table **ret_table)
{
    if (tickets_max == 0)
        return RESULT_INVALID;
    struct ticket_table *table =
        calloc(1, sizeof(*table) + tickets_max * sizeof(table->tickets[0]));
    if (table == NULL)
        return RESULT_NO_MEMORY;
    thread_owner_bind(&table->thread);
    table->tickets_max = tickets_max;
    *ret_table = table;
    return RESULT_OK;
}

struct ticket_table *ticket_table_free(struct ticket_table *table)
{
    free(table);
    return NULL;
}

/* Free or expired first, else the one nearest to its end. */
static struct ticket *slot_for(struct ticket_table *table, int64_t now_us)
{
    struct ticket *best = &table->tickets[0];
    for (uint32_t i = 0; i < table->tickets_max; i++) {
        struct ticket *ticket = &table->tickets[i];
        if (!id_is_set(&ticket->session) || ticket->expires_us <= now_us)
            return ticket;
        if (ticket->expires_us < best->expires_us)
            best = ticket;
    }
    return best;
}

void ticket_issue(struct ticket_table *table, const struct id *session, int64_t now_us,
                  struct token *ret_ticket)
{
    assert_on_thread(&table->thread);
    CHECK(id_is_set(session));
    ticket_revoke(table, session);
    *ret_ticket = token_new();
    *slot_for(table, now_us) = (struct ticket){.hash = token_hash(ret_ticket->text),
                                               .session = *session,
                                               .expires_us = now_us + TICKET_LIFE_US};
}

enum result ticket_redeem(struct ticket_table *table, const char *ticket, int64_t now_us,
                          struct id *ret_session)
{
    assert_on_thread(&table->thread);
    if (!token_is_wellformed(ticket))
        return RESULT_DENIED;
    struct sha256 hash = token_hash(ticket);
    for (uint32_t i = 0; i < table->tickets_max; i++) {
        struct ticket *found = &table->tickets[i];
        if (!id_is_set(&found->session) || !sha256_equal(&found->hash, &hash))
            continue;
        bool in_time = now_us < found->expires_us;
        struct id session = found->session;
        *found = (struct ticket){.expires_us = 0};
        if (!in_time)
            return RESULT_DENIED;
        *ret_session = session;
        return RESULT_OK;
    }
    return RESULT_DENIED;
}

void ticket_revoke(struct ticket_table *table, const struct id *session)
{
    assert_on_thread(&table->thread);
    for (uint32_t i = 0; i < table->tickets_max; i++)
        if (id_equal(&table->tickets[i].session, session))
            table->tickets[i] = (struct ticket){.expires_us = 0};
}
