#include "gateway/base/mailbox.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

struct mailbox {
    size_t item_size;
    uint32_t mask;
    /* Each index is written by one side only; apart, so the two sides do not share a cache line. */
    _Alignas(CACHE_LINE) _Atomic uint32_t written;
    _Alignas(CACHE_LINE) _Atomic uint32_t read;
    _Alignas(CACHE_LINE) uint8_t items[];
};

enum result mailbox_new(size_t item_size, uint32_t items_max, struct mailbox **ret_mailbox)
{
    uint32_t slots = 2;
    while (slots < items_max)
        slots *= 2;
    size_t size = sizeof(struct mailbox) + item_size * slots;
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct mailbox *mailbox = aligned_alloc(CACHE_LINE, size);
    if (mailbox == NULL)
        return RESULT_NO_MEMORY;
    memset(mailbox, 0, size);
    mailbox->item_size = item_size;
    mailbox->mask = slots - 1;
    *ret_mailbox = mailbox;
    return RESULT_OK;
}

struct mailbox *mailbox_free(struct mailbox *mailbox)
{
    free(mailbox);
    return NULL;
}

enum result mailbox_send(struct mailbox *mailbox, const void *item)
{
    uint32_t written = atomic_load_explicit(&mailbox->written, memory_order_relaxed);
    uint32_t read = atomic_load_explicit(&mailbox->read, memory_order_acquire);
    if (written - read > mailbox->mask)
        return RESULT_FULL;
    memcpy(mailbox->items + (size_t)(written & mailbox->mask) * mailbox->item_size, item,
           mailbox->item_size);
    atomic_store_explicit(&mailbox->written, written + 1, memory_order_release);
    return RESULT_OK;
}

bool mailbox_receive(struct mailbox *mailbox, void *ret_item)
{
    uint32_t read = atomic_load_explicit(&mailbox->read, memory_order_relaxed);
    uint32_t written = atomic_load_explicit(&mailbox->written, memory_order_acquire);
    if (read == written)
        return false;
    memcpy(ret_item, mailbox->items + (size_t)(read & mailbox->mask) * mailbox->item_size,
           mailbox->item_size);
    atomic_store_explicit(&mailbox->read, read + 1, memory_order_release);
    return true;
}

uint32_t mailbox_depth(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->written, memory_order_acquire) -
           atomic_load_explicit(&mailbox->read, memory_order_acquire);
}
