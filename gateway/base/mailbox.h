/* Bounded queue between exactly one sending and one receiving thread; items are copied by value.
 * Full: mailbox_send returns RESULT_FULL and nothing is queued; each user's header says what that means for it.
 * The sender's publication of an item happens before the receiver's sight of it (release/acquire on the indices). */
#ifndef GATEWAY_BASE_MAILBOX_H
#define GATEWAY_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

struct mailbox;

/* `items_max` is rounded up to a power of two. */
MUST_CHECK enum result mailbox_new(size_t item_size, uint32_t items_max,
                                   struct mailbox **ret_mailbox);
struct mailbox *mailbox_free(struct mailbox *mailbox);
/* Sending thread only. */
MUST_CHECK enum result mailbox_send(struct mailbox *mailbox, const void *item);
/* Receiving thread only; false when empty. */
MUST_CHECK bool mailbox_receive(struct mailbox *mailbox, void *ret_item);
/* Either side; a moment's picture. */
uint32_t mailbox_depth(const struct mailbox *mailbox);

#endif
