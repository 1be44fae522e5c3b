#include "media/feedback/sent_history.h"

#include <string.h>

_Static_assert((SENT_HISTORY_PACKETS & (SENT_HISTORY_PACKETS - 1)) == 0, "a power of two");

enum fate { FATE_OPEN, FATE_LOST, FATE_ARRIVED, FATE_UNREPORTED };

void sent_history_init(struct sent_history *history)
{
    memset(history, 0, sizeof(*history));
}

static struct sent_entry *entry_of(struct sent_history *history, uint16_t number)
{
    return &history->entries[number & (SENT_HISTORY_PACKETS - 1)];
}

/* NULL: never sent, or overwritten. */
static struct sent_entry *entry_find(struct sent_history *history, uint16_t number)
{
    uint16_t back = (uint16_t)(history->next - 1 - number);
    return back < history->count ? entry_of(history, number) : NULL;
}

void sent_history_add(struct sent_history *history, uint16_t number, size_t bytes, uint8_t cluster,
                      int64_t now_us)
{
    if (history->count == 0 || number != history->next) {
        history->count = 0;
        history->heard = false;
        history->reported = number;
    }
    *entry_of(history, number) = (struct sent_entry){
        .sent_low_us = (uint32_t)now_us,
        .bytes = (uint16_t)bytes,
        .cluster = cluster,
        .fate = FATE_OPEN,
    };
    history->newest_us = now_us;
    history->next = (uint16_t)(number + 1);
    if (history->count < SENT_HISTORY_PACKETS)
        history->count++;
}

bool sent_history_report(struct sent_history *history, uint16_t number, bool arrived,
                         struct sent_packet *ret_packet)
{
    struct sent_entry *entry = entry_find(history, number);
    if (entry == NULL)
        return false;
    history->heard = true;
    if ((int16_t)(number - history->reported) >= 0)
        history->reported = (uint16_t)(number + 1);
    if (entry->fate == FATE_ARRIVED || (entry->fate == FATE_LOST && !arrived))
        return false;
    *ret_packet = (struct sent_packet){
        .sent_us =
            history->newest_us - (uint32_t)((uint32_t)history->newest_us - entry->sent_low_us),
        .bytes = entry->fate == FATE_UNREPORTED ? 0 : entry->bytes,
        .cluster = entry->cluster,
        .was_lost = entry->fate == FATE_LOST,
    };
    entry->fate = arrived ? FATE_ARRIVED : FATE_LOST;
    return true;
}

uint32_t sent_history_unreported(struct sent_history *history, uint16_t base)
{
    uint32_t bytes = 0;
    int16_t gap = (int16_t)(base - history->reported);
    if (!history->heard || gap <= 0 || gap > SENT_HISTORY_PACKETS)
        return 0;
    for (uint16_t number = history->reported; number != base; number++) {
        struct sent_entry *entry = entry_find(history, number);
        if (entry == NULL || entry->fate != FATE_OPEN)
            continue;
        bytes += entry->bytes;
        entry->fate = FATE_UNREPORTED;
    }
    return bytes;
}

bool sent_history_waits(const struct sent_history *history)
{
    return history->count > 0 && history->reported != history->next;
}

bool sent_history_passed(const struct sent_history *history, uint16_t number)
{
    return history->heard && (int16_t)(history->reported - number) > 0;
}
