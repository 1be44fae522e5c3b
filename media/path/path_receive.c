/* Step 1: one recvmmsg. The clock was read for the batch by the caller. */
#include "media/path/path.h"

/* The kernel writes these fields of the entries it uses. */
static void entry_prepare(struct receive_batch *batch, unsigned at)
{
    batch->headers[at].msg_hdr.msg_namelen = sizeof(batch->from[at]);
    batch->headers[at].msg_hdr.msg_flags = 0;
}

void receive_batch_init(struct receive_batch *batch)
{
    for (unsigned i = 0; i < MEDIA_BATCH; i++) {
        batch->vectors[i] =
            (struct iovec){.iov_base = batch->buffers[i], .iov_len = MEDIA_DATAGRAM_MAX};
        batch->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->from[i],
            .msg_iov = &batch->vectors[i],
            .msg_iovlen = 1,
        };
        entry_prepare(batch, i);
    }
}

bool path_receive(struct media_worker *worker, enum net_family family)
{
    assert_on_thread(&worker->owner);
    struct receive_batch *batch = worker->receiving;
    /* Errors (a peer's ICMP, an interrupted call) concern no batch of ours: epoll comes back when there is more. */
    int count =
        recvmmsg(worker->sockets[family].fd, batch->headers, MEDIA_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        struct net_address source;
        size_t length = batch->headers[i].msg_len;
        bool whole = (batch->headers[i].msg_hdr.msg_flags & MSG_TRUNC) == 0 &&
                     net_address_from(&batch->from[i], &source);
        entry_prepare(batch, (unsigned)i);
        counter_add(&worker->counters, COUNTER_media_datagrams_in, 1);
        counter_add(&worker->counters, COUNTER_media_bytes_in, length);
        if (whole)
            path_classify(worker, &source, batch->buffers[i], length);
        else
            counter_add(&worker->counters, COUNTER_media_drop_unclassified, 1);
    }
    return count == MEDIA_BATCH;
}
