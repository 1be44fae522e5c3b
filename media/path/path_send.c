/* Step 7: one sendmmsg a batch and socket. A datagram is written straight into the batch, so nothing is copied here. */
#include "media/path/path.h"

#include <errno.h>

static void send_failed(struct media_worker *worker, uint32_t count)
{
    counter_add(&worker->counters, COUNTER_media_drop_send, count);
}

static void batch_flush(struct media_worker *worker, struct worker_socket *socket)
{
    struct send_batch *batch = socket->batch;
    uint32_t done = 0;
    while (done < batch->count) {
        int sent = socket->fd < 0 ? -1
                                  : sendmmsg(socket->fd, batch->headers + done, batch->count - done,
                                             MSG_DONTWAIT);
        if (sent > 0) {
            done += (uint32_t)sent;
            continue;
        }
        int cause = socket->fd < 0 ? ENETUNREACH : errno;
        if (cause == EINTR)
            continue;
        if (cause == EAGAIN || cause == EWOULDBLOCK || cause == ENOBUFS) {
            /* The kernel's buffer is full: what waits would only come late (P6). */
            send_failed(worker, batch->count - done);
            break;
        }
        /* This one destination cannot be reached; the others can. */
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
}

uint8_t *path_reserve(struct media_worker *worker, const struct net_address *to)
{
    if (to->family != NET_UDP4 && to->family != NET_UDP6)
        return NULL;
    struct worker_socket *socket = &worker->sockets[to->family];
    if (socket->batch->count == MEDIA_BATCH)
        batch_flush(worker, socket);
    return socket->batch->buffers[socket->batch->count];
}

void path_commit(struct media_worker *worker, const struct net_address *to, size_t length)
{
    struct send_batch *batch = worker->sockets[to->family].batch;
    uint32_t at = batch->count++;
    batch->vectors[at] = (struct iovec){.iov_base = batch->buffers[at], .iov_len = length};
    batch->headers[at].msg_hdr = (struct msghdr){
        .msg_name = &batch->to[at],
        .msg_namelen = net_address_to(to, &batch->to[at]),
        .msg_iov = &batch->vectors[at],
        .msg_iovlen = 1,
    };
    counter_add(&worker->counters, COUNTER_media_datagrams_out, 1);
    counter_add(&worker->counters, COUNTER_media_bytes_out, length);
}
