/* What the kernel's UDP can do for us, found out by doing it once at start over loopback: several datagrams of one
 * destination in one send (UDP_SEGMENT), several of one source in one receive (UDP_GRO). Both are in udp(7); a sandbox or
 * an odd kernel may accept the option and still do the wrong thing, so the bytes that come out are compared.
 *
 * Thread: control, before workers start. */
#ifndef MEDIA_WORKER_UDP_OFFLOAD_H
#define MEDIA_WORKER_UDP_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct udp_offload {
    bool segment;  /* sends may be put together */
    bool coalesce; /* receives may come put together */
};

/* Takes some milliseconds at the most; a kernel that loses the test's datagrams counts as one that cannot. */
struct udp_offload udp_offload_probe(void);

/* Room for one control message of either option, aligned for struct cmsghdr. */
union udp_segment_control {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
};
/* Makes `header` send its bytes as datagrams of `length` (the last one may be shorter). */
void udp_segment_set(struct msghdr *header, union udp_segment_control *control, uint16_t length);
/* The length of the datagrams that a receive holds; `whole` when it is one. */
uint32_t udp_segment_get(struct msghdr *header, uint32_t whole);

#endif
