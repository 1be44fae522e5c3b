/* Every bound of the media room on one page. */
#ifndef MEDIA_MEDIA_LIMITS_H
#define MEDIA_MEDIA_LIMITS_H

#define MEDIA_WORKERS_MAX              16
#define MEDIA_ENDPOINTS_PER_WORKER_MAX 4096
#define MEDIA_SLOTS_MAX                14 /* m-lines of one endpoint: two up, ten down, a screen each way */
#define MEDIA_MID_SIZE                 17 /* with NUL; RFC 9143 suggests short ones */
#define MEDIA_SUBSCRIBERS_MAX          5  /* of one publisher slot */
#define MEDIA_DATAGRAM_MAX             1500
#define MEDIA_MTU                      1200 /* what we send at the most, RTP payload and header */
#define MEDIA_BATCH                    64   /* recvmmsg / sendmmsg */
#define MEDIA_STREAMS_PER_ENDPOINT_MAX 16   /* incoming SSRCs, so a peer cannot grow the list */
#define MEDIA_TUPLES_PER_ENDPOINT_MAX  8
#define MEDIA_UFRAG_SIZE               33 /* with NUL */
#define MEDIA_PWD_SIZE                 65 /* with NUL */
#define MEDIA_CNAME_SIZE               24
#define MEDIA_ANNOUNCE_MAX             8
#define MEDIA_RELAYS_MAX               4
#define MEDIA_RING_VIDEO_PACKETS       256 /* of one publisher slot */
#define MEDIA_RING_VIDEO_BLOCKS                                                                    \
    64 /* pages, a power of two: 1.5 s of 1.3 Mbit/s, or 2 s of 1 Mbit/s in front of a slow line */
#define MEDIA_HISTORY_BLOCKS_PER_ENDPOINT                                                          \
    24 /* of the pool of a worker, all its endpoints together; memory only once it is used */
#define MEDIA_HISTORY_LEAST_US         300000
#define MEDIA_HISTORY_MOST_US          1500000
#define MEDIA_HALF_OPEN_HANDSHAKES_MAX 64  /* per worker */
#define MEDIA_TCP_UNPROVEN_MAX         128 /* per worker: accepted, no authenticated check yet */
#define MEDIA_TCP_UNPROVEN_PER_HOST_MAX                                                            \
    16 /* of these from one address; a whole clinic may share it */
#define MEDIA_TCP_UNPROVEN_US 10000000
#define MEDIA_TCP_CHECK_MAX   548 /* what an unproven connection may send at once: RFC 8489 §6.1 */
#define MEDIA_COMMANDS_MAX    4096  /* mailbox control → worker */
#define MEDIA_EVENTS_MAX      16384 /* mailbox worker → control */

#endif
