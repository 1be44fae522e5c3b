#include "media/worker/udp_offload.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define PROBE_SEGMENT 1000
#define PROBE_BYTES   (2 * PROBE_SEGMENT + 300) /* two whole ones and a shorter last */
#define PROBE_WAIT_MS 200

void udp_segment_set(struct msghdr *header, union udp_segment_control *control, uint16_t length)
{
    header->msg_control = control;
    header->msg_controllen = CMSG_SPACE(sizeof(length));
    struct cmsghdr *message = CMSG_FIRSTHDR(header);
    message->cmsg_level = IPPROTO_UDP;
    message->cmsg_type = UDP_SEGMENT;
    message->cmsg_len = CMSG_LEN(sizeof(length));
    memcpy(CMSG_DATA(message), &length, sizeof(length));
}

uint32_t udp_segment_get(struct msghdr *header, uint32_t whole)
{
    for (struct cmsghdr *message = CMSG_FIRSTHDR(header); message != NULL;
         message = CMSG_NXTHDR(header, message)) {
        int length;
        if (message->cmsg_level != IPPROTO_UDP || message->cmsg_type != UDP_GRO ||
            message->cmsg_len < CMSG_LEN(sizeof(length)))
            continue;
        memcpy(&length, CMSG_DATA(message), sizeof(length));
        return length > 0 ? (uint32_t)length : whole;
    }
    return whole;
}

static int probe_socket(struct sockaddr_in *ret_here)
{
    socklen_t size = sizeof(*ret_here);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *ret_here =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    if (fd >= 0 && (bind(fd, (struct sockaddr *)ret_here, size) != 0 ||
                    getsockname(fd, (struct sockaddr *)ret_here, &size) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void probe_fill(uint8_t *bytes)
{
    for (unsigned i = 0; i < PROBE_BYTES; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
}

static bool probe_send(int fd, const struct sockaddr_in *to)
{
    uint8_t bytes[PROBE_BYTES];
    struct iovec vector = {bytes, sizeof(bytes)};
    struct sockaddr_in address = *to;
    union udp_segment_control control;
    struct msghdr header = {
        .msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = &vector, .msg_iovlen = 1};
    memset(&control, 0, sizeof(control));
    probe_fill(bytes);
    udp_segment_set(&header, &control, PROBE_SEGMENT);
    return sendmsg(fd, &header, 0) == PROBE_BYTES;
}

/* Reads until all bytes are there. True: in order, unchanged, cut every PROBE_SEGMENT; `ret_reads` is how many receives
 * it took. */
static bool probe_receive(int fd, unsigned *ret_reads)
{
    uint8_t expected[PROBE_BYTES], bytes[2 * PROBE_BYTES];
    size_t have = 0;
    probe_fill(expected);
    for (*ret_reads = 0; have < PROBE_BYTES; (*ret_reads)++) {
        union udp_segment_control control;
        struct iovec vector = {bytes, sizeof(bytes)};
        struct msghdr header = {.msg_iov = &vector,
                                .msg_iovlen = 1,
                                .msg_control = &control,
                                .msg_controllen = sizeof(control)};
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&ready, 1, PROBE_WAIT_MS) == 1 ? recvmsg(fd, &header, 0) : -1;
        if (got <= 0 || have + (size_t)got > PROBE_BYTES ||
            memcmp(bytes, expected + have, (size_t)got) != 0)
            return false;
        uint32_t length = udp_segment_get(&header, (uint32_t)got);
        bool last = have + (size_t)got == PROBE_BYTES;
        if (length != PROBE_SEGMENT && !(last && length == PROBE_BYTES % PROBE_SEGMENT))
            return false;
        have += (size_t)got;
    }
    return true;
}

struct udp_offload udp_offload_probe(void)
{
    struct udp_offload found = {.segment = false};
    struct sockaddr_in from, to;
    int on = 1, sender = probe_socket(&from), receiver = probe_socket(&to);
    unsigned reads;
    if (sender >= 0 && receiver >= 0) {
        found.segment = probe_send(sender, &to) && probe_receive(receiver, &reads) && reads == 3;
        /* On loopback a run that was sent as one also arrives as one. */
        found.coalesce = found.segment &&
                         setsockopt(receiver, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == 0 &&
                         probe_send(sender, &to) && probe_receive(receiver, &reads) && reads == 1;
    }
    if (sender >= 0)
        close(sender);
    if (receiver >= 0)
        close(receiver);
    return found;
}
