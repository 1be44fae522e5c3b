/* Step 7: one sendmmsg a batch and socket. A datagram is written straight into the batch, so nothing is copied here; runs
 * of equal datagrams to one destination go to the kernel as one message where it can cut them (UDP_SEGMENT). */
#include "media/path/path.h"

#include <errno.h>

#include "gateway/base/log.h"
#include "media/worker/worker_tcp.h"

static void send_failed(struct media_worker *worker, uint32_t count)
{
    counter_add(&worker->counters, COUNTER_media_drop_send, count);
}

/* One message a run; without the kernel's help a run is one datagram. */
static uint32_t batch_arrange(struct send_batch *batch, bool segment)
{
    uint32_t runs = batch->count;
    if (segment && batch->count > 1) {
        runs = segment_runs(batch->items, batch->count, batch->order, batch->runs);
    } else {
        for (uint32_t i = 0; i < batch->count; i++) {
            batch->order[i] = (uint8_t)i;
            batch->runs[i] = (struct segment_run){(uint16_t)i, 1, batch->items[i].length};
        }
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        uint8_t item = batch->order[i];
        batch->vectors[i] = (struct iovec){batch->buffers[item], batch->items[item].length};
    }
    for (uint32_t i = 0; i < runs; i++) {
        const struct segment_run *run = &batch->runs[i];
        const struct net_address *to = &batch->items[batch->order[run->first]].to;
        struct msghdr *header = &batch->headers[i].msg_hdr;
        *header = (struct msghdr){.msg_name = &batch->to[i],
                                  .msg_namelen = net_address_to(to, &batch->to[i]),
                                  .msg_iov = &batch->vectors[run->first],
                                  .msg_iovlen = run->count};
        if (run->count > 1)
            udp_segment_set(header, &batch->controls[i], run->length);
    }
    return runs;
}

/* The kernel did not take the run as one: its datagrams go out one by one. A path with a small MTU concerns this
 * destination alone; anything else means that this route's device cannot do it, and it is not tried again. */
static void run_send_singly(struct media_worker *worker, struct worker_socket *socket, uint32_t at,
                            int cause)
{
    struct send_batch *batch = socket->batch;
    const struct segment_run *run = &batch->runs[at];
    if (cause != EMSGSIZE && cause != EINVAL && socket->segment) {
        socket->segment = false;
        counter_set(&worker->counters, COUNTER_media_offload_send, 0);
        LOG(LOG_WARNING, "media.offload_off", log_number("worker", worker->index),
            log_number("errno", cause));
    }
    for (uint32_t i = 0; i < run->count; i++) {
        struct msghdr header = batch->headers[at].msg_hdr;
        header.msg_iov = &batch->vectors[run->first + i];
        header.msg_iovlen = 1;
        header.msg_control = NULL;
        header.msg_controllen = 0;
        if (sendmsg(socket->fd, &header, MSG_DONTWAIT) < 0)
            send_failed(worker, 1);
    }
}

static uint32_t runs_datagrams(const struct send_batch *batch, uint32_t from, uint32_t runs)
{
    uint32_t datagrams = 0;
    for (uint32_t i = from; i < runs; i++)
        datagrams += batch->runs[i].count;
    return datagrams;
}

static void batch_flush(struct media_worker *worker, struct worker_socket *socket)
{
    struct send_batch *batch = socket->batch;
    uint32_t done = 0, runs = batch_arrange(batch, socket->segment);
    counter_add(&worker->counters, COUNTER_media_send_messages, runs);
    while (done < runs) {
        int sent = socket->fd < 0
                       ? -1
                       : sendmmsg(socket->fd, batch->headers + done, runs - done, MSG_DONTWAIT);
        counter_add(&worker->counters, COUNTER_media_send_calls, 1);
        if (sent > 0) {
            done += (uint32_t)sent;
            continue;
        }
        int cause = socket->fd < 0 ? ENETUNREACH : errno;
        if (cause == EINTR)
            continue;
        if (cause == EAGAIN || cause == EWOULDBLOCK || cause == ENOBUFS) {
            /* The kernel's buffer is full: what waits would only come late (P6). */
            send_failed(worker, runs_datagrams(batch, done, runs));
            break;
        }
        /* This one destination cannot be reached like this; the others can. */
        if (batch->runs[done].count > 1)
            run_send_singly(worker, socket, done, cause);
        else
            send_failed(worker, 1);
        done++;
    }
    batch->count = 0;
}

void path_flush(struct media_worker *worker)
{
    assert_on_thread(&worker->owner);
    for (int family = NET_UDP4; family < NET_FAMILY_COUNT; family++)
        if (worker->sockets[family].batch->count > 0)
            batch_flush(worker, &worker->sockets[family]);
    worker_tcp_flush(worker);
}

uint8_t *path_reserve(struct media_worker *worker, const struct net_address *to)
{
    if (net_address_is_tcp(to))
        return worker_tcp_reserve(worker, to);
    if (to->family != NET_UDP4 && to->family != NET_UDP6)
        return NULL;
    struct worker_socket *socket = &worker->sockets[to->family];
    if (socket->batch->count == MEDIA_BATCH)
        batch_flush(worker, socket);
    return socket->batch->buffers[socket->batch->count];
}

void path_commit(struct media_worker *worker, const struct net_address *to, size_t length)
{
    if (net_address_is_tcp(to)) {
        worker_tcp_commit(worker, to, length);
        return;
    }
    struct send_batch *batch = worker->sockets[to->family].batch;
    batch->items[batch->count++] = (struct segment_item){.to = *to, .length = (uint16_t)length};
    counter_add(&worker->counters, COUNTER_media_datagrams_out, 1);
    counter_add(&worker->counters, COUNTER_media_bytes_out, length);
}
