/* One-time tickets that carry a signed-in session from HTTP to its WebSocket: 30 s, one use, in memory only.
 *
 * Thread: control.   Owner: whoever made the table.
 * Bound:  the number given at birth; full: the ticket nearest to its end is dropped (it had the least time left). */
#ifndef GATEWAY_IDENTITY_TICKET_H
#define GATEWAY_IDENTITY_TICKET_H

#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"
#include "gateway/identity/token.h"

#define TICKETS_MAX    1024
#define TICKET_LIFE_US (30 * 1000000ll)

struct ticket_table;

MUST_CHECK enum result ticket_table_new(uint32_t tickets_max, struct ticket_table **ret_table);
struct ticket_table *ticket_table_free(struct ticket_table *table);
/* For the session `session`; an earlier unused ticket of the same session dies. `now_us` is monotonic. */
void ticket_issue(struct ticket_table *table, const struct id *session, int64_t now_us,
                  struct token *ret_ticket);
/* Uses it up. RESULT_DENIED: unknown, used or expired (not told apart). */
MUST_CHECK enum result ticket_redeem(struct ticket_table *table, const char *ticket, int64_t now_us,
                                     struct id *ret_session);
/* Signed out or removed: its ticket dies too. */
void ticket_revoke(struct ticket_table *table, const struct id *session);

#endif
