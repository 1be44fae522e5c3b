/* Step 1: one recvmmsg. The clock was read for the batch by the caller. Where the kernel puts datagrams of one source
 * together (UDP_GRO), they are cut apart again here, in place. */
#include "media/path/path.h"

#include <stdlib.h>
#include <string.h>

/* The kernel writes these fields of the entries it uses. */
static void entry_prepare(struct receive_batch *batch, unsigned at)
{
    struct msghdr *header = &batch->headers[at].msg_hdr;
    header->msg_namelen = sizeof(batch->from[at]);
    header->msg_flags = 0;
    header->msg_control = batch->coalesce ? &batch->controls[at] : NULL;
    header->msg_controllen = batch->coalesce ? sizeof(batch->controls[at]) : 0;
}

/* A coalesced receive may have any length a datagram can have. The pages of long buffers are untouched, so not there,
 * until one comes. Buffers do not begin at the same place of a page, which would have them share few cache lines. */
enum result receive_batch_new(bool coalesce, struct receive_batch **ret_batch)
{
    struct receive_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL)
        return RESULT_NO_MEMORY;
    batch->coalesce = coalesce;
    batch->capacity = coalesce ? RECEIVE_COALESCED_MAX : MEDIA_DATAGRAM_MAX;
    batch->stride = coalesce ? RECEIVE_COALESCED_MAX + WORKER_BUFFER_BYTES : WORKER_BUFFER_BYTES;
    batch->buffers = calloc(MEDIA_BATCH, batch->stride);
    if (batch->buffers == NULL) {
        free(batch);
        return RESULT_NO_MEMORY;
    }
    for (unsigned i = 0; i < MEDIA_BATCH; i++) {
        batch->vectors[i] = (struct iovec){.iov_base = batch->buffers + i * batch->stride,
                                           .iov_len = batch->capacity};
        batch->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->from[i],
            .msg_iov = &batch->vectors[i],
            .msg_iovlen = 1,
        };
        entry_prepare(batch, i);
    }
    *ret_batch = batch;
    return RESULT_OK;
}

struct receive_batch *receive_batch_free(struct receive_batch *batch)
{
    if (batch == NULL)
        return NULL;
    /* Plain media of the last batches. Long buffers are wiped where datagrams usually end; what a coalesced receive left
     * behind that was wiped when it had been walked. */
    for (unsigned i = 0; i < MEDIA_BATCH; i++)
        explicit_bzero(batch->buffers + i * batch->stride, WORKER_BUFFER_BYTES);
    free(batch->buffers);
    free(batch);
    return NULL;
}

static uint32_t entry_walk(struct media_worker *worker, struct receive_batch *batch, unsigned at)
{
    struct net_address source;
    struct msghdr *header = &batch->headers[at].msg_hdr;
    uint8_t *bytes = batch->vectors[at].iov_base;
    uint32_t total = batch->headers[at].msg_len, datagrams = 0;
    uint32_t each = batch->coalesce ? udp_segment_get(header, total) : total;
    bool whole = (header->msg_flags & MSG_TRUNC) == 0 && each <= MEDIA_DATAGRAM_MAX &&
                 net_address_from(&batch->from[at], &source);
    uint32_t done = 0;
    do { /* an empty datagram is one too */
        uint32_t length = total - done < each ? total - done : each;
        datagrams++;
        if (whole)
            path_classify(worker, &source, bytes + done, length);
        done += length;
    } while (whole && done < total);
    if (!whole)
        counter_add(&worker->counters, COUNTER_media_drop_unclassified, 1);
    if (total > WORKER_BUFFER_BYTES)
        explicit_bzero(bytes + WORKER_BUFFER_BYTES, total - WORKER_BUFFER_BYTES);
    counter_add(&worker->counters, COUNTER_media_bytes_in, total);
    return datagrams;
}

bool path_receive(struct media_worker *worker, enum net_family family)
{
    assert_on_thread(&worker->owner);
    struct receive_batch *batch = worker->receiving;
    uint32_t datagrams = 0;
    /* Errors (a peer's ICMP, an interrupted call) concern no batch of ours: epoll comes back when there is more. */
    int count =
        recvmmsg(worker->sockets[family].fd, batch->headers, MEDIA_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        datagrams += entry_walk(worker, batch, (unsigned)i);
        entry_prepare(batch, (unsigned)i);
    }
    counter_add(&worker->counters, COUNTER_media_datagrams_in, datagrams);
    counter_add(&worker->counters, COUNTER_media_receive_calls, 1);
    worker->received += datagrams;
    return count == MEDIA_BATCH;
}
