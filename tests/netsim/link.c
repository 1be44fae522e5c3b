#include "tests/netsim/link.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/clock.h"
#include "gateway/base/list.h"

#define PPM 1000000u

struct link_packet {
    struct list_link place; /* in free, queue or flight */
    int64_t due_us;         /* in flight: when it arrives */
    size_t length;
    uint8_t bytes[LINK_PACKET_BYTES_MAX];
};

struct link {
    struct link_settings settings;
    struct link_counters counters;
    uint64_t chance;
    uint32_t overhead_bytes;
    bool burst; /* the bad state */

    struct list free, queue, flight; /* flight: by due_us */
    uint64_t queue_bytes;
    /* The head of the queue is being sent: `head_done` of its bits times 10^6 have left at `line_us`. */
    uint64_t head_done;
    int64_t line_us;
    int64_t last_due_us; /* of what was not held back */

    size_t used; /* of the packets, from the start; memory behind them was never touched */
    struct link_packet packets[LINK_PACKETS_MAX];
};

/* splitmix64 */
static uint64_t chance_next(struct link *link)
{
    uint64_t z = (link->chance += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static bool chance_ppm(struct link *link, uint64_t ppm)
{
    return ppm > 0 && chance_next(link) % PPM < ppm;
}

struct link *link_new(uint64_t seed, uint32_t overhead_bytes)
{
    struct link *link = calloc(1, sizeof(*link));
    if (link == NULL)
        return NULL;
    link->chance = seed;
    link->overhead_bytes = overhead_bytes;
    list_init(&link->free);
    list_init(&link->queue);
    list_init(&link->flight);
    return link;
}

struct link *link_free(struct link *link)
{
    free(link);
    return NULL;
}

static struct link_packet *packet_at(struct list_link *place)
{
    return CONTAINER_OF(place, struct link_packet, place);
}

/* In no list; NULL: the line is full. */
static struct link_packet *packet_take(struct link *link)
{
    struct list_link *place = list_first(&link->free);
    if (place != NULL)
        list_remove(place);
    else if (link->used == LINK_PACKETS_MAX)
        return NULL;
    return place != NULL ? packet_at(place) : &link->packets[link->used++];
}

static uint64_t weight(const struct link *link, const struct link_packet *packet)
{
    return packet->length + link->overhead_bytes;
}

/* ---- behind the rate ----------------------------------------------------------------------------------------------- */

/* From the back, because nearly everything arrives in the order it left. */
static void flight_insert(struct link *link, struct link_packet *packet)
{
    struct list_link *before = link->flight.head.previous;
    while (before != &link->flight.head && packet_at(before)->due_us > packet->due_us)
        before = before->previous;
    packet->place.previous = before;
    packet->place.next = before->next;
    before->next->previous = &packet->place;
    before->next = &packet->place;
}

static void fly(struct link *link, struct link_packet *packet, int64_t left_us)
{
    const struct link_settings *settings = &link->settings;
    int64_t due_us = left_us + settings->delay_us;
    if (settings->jitter_us > 0)
        due_us += (int64_t)(chance_next(link) % ((uint64_t)settings->jitter_us + 1));
    if (chance_ppm(link, settings->reorder_ppm)) {
        link->counters.reordered++;
        due_us += settings->reorder_us;
    } else {
        if (due_us < link->last_due_us)
            due_us = link->last_due_us;
        link->last_due_us = due_us;
    }
    packet->due_us = due_us;
    flight_insert(link, packet);
}

/* Gilbert's two states, a step a packet: out of the bad one with 1/length, into it so that the bad share comes out right. */
static bool lost_in_burst(struct link *link)
{
    const struct link_settings *settings = &link->settings;
    if (settings->burst_ppm == 0 || settings->burst_ppm >= PPM)
        return settings->burst_ppm > 0;
    uint64_t out_ppm = PPM / (settings->burst_length > 0 ? settings->burst_length : 1);
    uint64_t in_ppm = settings->burst_ppm * out_ppm / (PPM - settings->burst_ppm);
    if (link->burst)
        link->burst = !chance_ppm(link, out_ppm);
    else
        link->burst = chance_ppm(link, in_ppm);
    return link->burst;
}

static bool line_loses(struct link *link)
{
    if (link->settings.cut)
        link->counters.dropped_cut++;
    else if (lost_in_burst(link))
        link->counters.lost_in_bursts++;
    else if (chance_ppm(link, link->settings.loss_ppm))
        link->counters.lost++;
    else
        return false;
    return true;
}

static void leave_queue(struct link *link, struct link_packet *packet, int64_t left_us)
{
    list_remove(&packet->place);
    link->queue_bytes -= weight(link, packet);
    if (line_loses(link)) {
        list_append(&link->free, &packet->place);
        return;
    }
    struct link_packet *twin =
        chance_ppm(link, link->settings.duplicate_ppm) ? packet_take(link) : NULL;
    if (twin != NULL) {
        twin->length = packet->length;
        memcpy(twin->bytes, packet->bytes, packet->length);
        link->counters.duplicated++;
        fly(link, twin, left_us);
    }
    fly(link, packet, left_us);
}

/* ---- the rate ------------------------------------------------------------------------------------------------------ */

/* When the head of the queue has been sent whole. */
static int64_t head_end_us(const struct link *link, const struct link_packet *head)
{
    uint64_t rate_bps = link->settings.rate_bps;
    if (rate_bps == 0)
        return link->line_us;
    uint64_t whole = weight(link, head) * 8 * (uint64_t)US_PER_S;
    uint64_t left = whole > link->head_done ? whole - link->head_done : 0;
    return link->line_us + (int64_t)((left + rate_bps - 1) / rate_bps);
}

static void line_advance(struct link *link, int64_t now_us)
{
    for (struct list_link *place = list_first(&link->queue); place != NULL;
         place = list_first(&link->queue)) {
        struct link_packet *head = packet_at(place);
        int64_t end_us = head_end_us(link, head);
        if (end_us > now_us) {
            link->head_done += (uint64_t)(now_us - link->line_us) * link->settings.rate_bps;
            link->line_us = now_us;
            return;
        }
        link->line_us = end_us;
        link->head_done = 0;
        leave_queue(link, head, end_us);
    }
}

void link_set(struct link *link, const struct link_settings *settings, int64_t now_us)
{
    line_advance(link, now_us);
    link->settings = *settings;
}

const struct link_settings *link_get(const struct link *link)
{
    return &link->settings;
}

void link_push(struct link *link, struct span packet, bool udp, int64_t now_us)
{
    uint64_t queue_bytes_max =
        link->settings.queue_bytes > 0 ? link->settings.queue_bytes : LINK_QUEUE_BYTES;
    line_advance(link, now_us);
    link->counters.packets_in++;
    link->counters.bytes_in += packet.length + link->overhead_bytes;
    if (udp && link->settings.udp_blocked) {
        link->counters.dropped_udp++;
        return;
    }
    if (link->settings.rate_bps > 0 &&
        link->queue_bytes + packet.length + link->overhead_bytes > queue_bytes_max) {
        link->counters.dropped_queue_full++;
        return;
    }
    struct link_packet *mine = packet.length <= LINK_PACKET_BYTES_MAX ? packet_take(link) : NULL;
    if (mine == NULL) {
        link->counters.dropped_line_full++;
        return;
    }
    mine->length = packet.length;
    memcpy(mine->bytes, packet.data, packet.length);
    if (list_empty(&link->queue))
        link->line_us = now_us;
    list_append(&link->queue, &mine->place);
    link->queue_bytes += weight(link, mine);
    line_advance(link, now_us);
}

bool link_pop(struct link *link, int64_t now_us, struct span *ret_packet)
{
    line_advance(link, now_us);
    struct list_link *place = list_first(&link->flight);
    if (place == NULL || packet_at(place)->due_us > now_us)
        return false;
    struct link_packet *packet = packet_at(place);
    list_remove(place);
    /* Freed, but its bytes stay while the caller looks. */
    list_append(&link->free, place);
    link->counters.packets_out++;
    link->counters.bytes_out += weight(link, packet);
    *ret_packet = (struct span){packet->bytes, packet->length};
    return true;
}

int64_t link_deadline_us(const struct link *link)
{
    int64_t deadline_us = INT64_MAX;
    if (!list_empty(&link->queue))
        deadline_us =
            head_end_us(link, CONST_CONTAINER_OF(link->queue.head.next, struct link_packet, place));
    if (!list_empty(&link->flight)) {
        const struct link_packet *first =
            CONST_CONTAINER_OF(link->flight.head.next, struct link_packet, place);
        if (first->due_us < deadline_us)
            deadline_us = first->due_us;
    }
    return deadline_us;
}

const struct link_counters *link_count(const struct link *link)
{
    return &link->counters;
}

int64_t link_backlog_us(const struct link *link)
{
    return link->settings.rate_bps == 0
               ? 0
               : (int64_t)(link->queue_bytes * 8 * (uint64_t)US_PER_S / link->settings.rate_bps);
}
