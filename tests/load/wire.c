#include "tests/load/wire.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/load/sdp_answer.h"
#include "tests/load/stream.h"
#include "tests/support/raw_peer.h"
#include "tests/support/raw_rtp.h"

#define TICK_NS      500000
#define STEP_NS      20000000
#define REPORT_NS    1000000000
#define LATE_NS      5000000
#define READ_BATCH   16
#define EVENTS_BATCH 64
#define NS_PER_S     1000000000ll

/* Thread: the engine's once added, under its lock.   Owner: struct person, through peer.h.   Bound: WIRE_PARTICIPANTS_MAX. */
struct peer {
    struct raw_peer_events events; /* first: the callbacks come back with it */
    struct wire *wire;             /* NULL until added */
    struct raw_peer *raw;
    peer_answer_fn *answer;
    void *owner;
    uint32_t place;  /* in the engine's list; used again */
    uint32_t number; /* one of its own, never used again: what is written into its packets */
    struct sdp_offer offer;
    struct stream_out out[2]; /* sound, picture */
    struct stream_in in[2];
    uint16_t transport_sequence;
    bool sending;
    uint64_t sent;
    int64_t step_ns, report_ns;
    int64_t oldest_ns;             /* when the first whole packet we got was sent */
    int64_t stamp_ns, last_rtp_ns; /* of the datagram in hand; of the last RTP one */
};

/* Thread: engine and main, under `lock`.   Owner: the program.   Life: wire_start … wire_stop. */
struct wire {
    pthread_t thread;
    pthread_mutex_t lock;
    bool stopping, realtime;
    int epoll;
    struct peer *peers[WIRE_PARTICIPANTS_MAX];
    uint32_t count; /* places ever used */
    uint32_t added;
    struct wire_totals totals;
    int64_t begun_ns;
    int64_t begun_cpu_ns;
    uint32_t delays[WIRE_DELAY_MAX_US + 1];
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- receiving -------------------------------------------------------------------------------------------------- */

static void peer_on_rtp(struct raw_peer_events *events, struct raw_peer *raw, const uint8_t *packet,
                        size_t length)
{
    struct peer *peer = (struct peer *)events;
    int64_t sent_ns = 0;
    (void)raw;
    if (peer->wire == NULL || length < 12)
        return;
    bool video = (packet[1] & 0x7f) == peer->offer.video.payload_type;
    if (!stream_read(&peer->in[video], packet, length, &sent_ns))
        return;
    if (peer->oldest_ns == 0)
        peer->oldest_ns = sent_ns;
    int64_t delay_us = (peer->stamp_ns - sent_ns) / 1000;
    peer->wire->delays[delay_us < 0                   ? 0
                       : delay_us > WIRE_DELAY_MAX_US ? WIRE_DELAY_MAX_US
                                                      : delay_us]++;
}

/* RFC 4585 §6.3.1: PLI; RFC 5104 §4.3.1: FIR. */
static void peer_on_rtcp(struct raw_peer_events *events, struct raw_peer *raw,
                         const uint8_t *packet, size_t length)
{
    struct peer *peer = (struct peer *)events;
    (void)raw;
    for (size_t at = 0; at + 4 <= length;
         at += 4 + 4u * (size_t)(packet[at + 2] << 8 | packet[at + 3])) {
        unsigned format = packet[at] & 31, type = packet[at + 1];
        if (type != 206 || (format != 1 && format != 4))
            continue;
        peer->out[1].keyframe = true;
        if (peer->wire != NULL)
            peer->wire->totals.keyframe_requests++;
    }
}

static int64_t stamp_of(struct msghdr *header)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        struct timespec stamp;
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
        return stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
    }
    return clock_ns(CLOCK_REALTIME);
}

static void peer_read(struct peer *peer)
{
    uint8_t datagrams[READ_BATCH][2048] __attribute__((aligned(8)));
    struct mmsghdr messages[READ_BATCH];
    struct iovec places[READ_BATCH];
    char controls[READ_BATCH][CMSG_SPACE(sizeof(struct timespec))] __attribute__((aligned(8)));
    int got;
    do {
        for (int i = 0; i < READ_BATCH; i++) {
            places[i] = (struct iovec){datagrams[i], sizeof(datagrams[i])};
            messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &places[i],
                                                       .msg_iovlen = 1,
                                                       .msg_control = controls[i],
                                                       .msg_controllen = sizeof(controls[i])}};
        }
        got = recvmmsg(raw_peer_fd(peer->raw), messages, READ_BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++) {
            uint64_t before = raw_peer_counts(peer->raw)->rtp_in;
            peer->stamp_ns = stamp_of(&messages[i].msg_hdr);
            raw_peer_take(peer->raw, datagrams[i], messages[i].msg_len);
            if (raw_peer_counts(peer->raw)->rtp_in != before)
                peer->last_rtp_ns = peer->stamp_ns;
        }
    } while (got == READ_BATCH);
}

/* ---- sending ---------------------------------------------------------------------------------------------------- */

/* RFC 3550 §6.4.1: what lets a receiver keep sound and picture in step. */
static void peer_report(struct peer *peer)
{
    uint8_t packet[64];
    int64_t now_ns = clock_ns(CLOCK_REALTIME);
    uint64_t ntp = (uint64_t)(now_ns / NS_PER_S + 2208988800ll) << 32 |
                   ((uint64_t)(now_ns % NS_PER_S) << 32) / NS_PER_S;
    for (int i = 0; i < 2; i++) {
        const struct stream_out *out = &peer->out[i];
        uint32_t timestamp =
            (uint32_t)(out->video ? out->counter * 90000 / 110 : out->counter * 960);
        size_t length = raw_rtcp_sr(out->ssrc, ntp, timestamp, (uint32_t)out->counter, 0, packet,
                                    sizeof(packet));
        raw_peer_send_rtcp(peer->raw, packet, length);
    }
}

static void peer_send(struct peer *peer, struct stream_out *out, int64_t now_ns)
{
    uint8_t packet[STREAM_PACKET_MAX];
    while (out->due_ns <= now_ns) {
        int64_t late_ns = clock_ns(CLOCK_MONOTONIC) - out->due_ns;
        size_t length = stream_write(out, clock_ns(CLOCK_REALTIME), peer->transport_sequence++,
                                     packet, sizeof(packet));
        bool sent = raw_peer_send_rtp(peer->raw, packet, length);
        peer->sent += sent;
        peer->wire->totals.scheduled++;
        peer->wire->totals.punctual += sent && late_ns <= LATE_NS;
    }
}

static void peer_begin(struct peer *peer, int64_t now_ns)
{
    uint32_t phase = peer->place * 377; /* coprime to 1000: participants are spread evenly */
    peer->sending = true;
    stream_out_init(&peer->out[0], &peer->offer.audio, false, peer->number, phase, now_ns);
    stream_out_init(&peer->out[1], &peer->offer.video, true, peer->number, phase, now_ns);
}

static void peer_turn(struct peer *peer, int64_t now_ns)
{
    if (now_ns - peer->step_ns >= STEP_NS) {
        peer->step_ns = now_ns;
        raw_peer_step(peer->raw, now_ns / 1000);
    }
    if (!peer->sending && raw_peer_state(peer->raw) == RAW_PEER_CONNECTED)
        peer_begin(peer, now_ns);
    if (!peer->sending)
        return;
    peer_send(peer, &peer->out[0], now_ns);
    peer_send(peer, &peer->out[1], now_ns);
    if (now_ns - peer->report_ns >= REPORT_NS) {
        peer->report_ns = now_ns;
        peer_report(peer);
    }
}

/* ---- the engine ------------------------------------------------------------------------------------------------- */

static void wire_turn(struct wire *wire, const struct epoll_event *ready, int count)
{
    pthread_mutex_lock(&wire->lock);
    for (int i = 0; i < count; i++) {
        struct peer *peer = wire->peers[ready[i].data.u32];
        if (peer != NULL) /* it may have been freed after epoll_wait */
            peer_read(peer);
    }
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < wire->count; i++)
        if (wire->peers[i] != NULL)
            peer_turn(wire->peers[i], now_ns);
    pthread_mutex_unlock(&wire->lock);
}

static void *wire_run(void *owner)
{
    struct wire *wire = owner;
    struct epoll_event ready[EVENTS_BATCH];
    int64_t next_ns = clock_ns(CLOCK_MONOTONIC);
    while (!__atomic_load_n(&wire->stopping, __ATOMIC_RELAXED)) {
        /* Sleep out the tick, then take what has come: fewer wake-ups, and stamps come from the kernel anyway. */
        struct timespec at = {next_ns / NS_PER_S, next_ns % NS_PER_S};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        int count;
        do {
            count = epoll_wait(wire->epoll, ready, EVENTS_BATCH, 0);
            wire_turn(wire, ready, count > 0 ? count : 0);
        } while (count == EVENTS_BATCH);
        next_ns += TICK_NS;
        int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
        if (next_ns < now_ns)
            next_ns = now_ns;
    }
    return NULL;
}

struct wire *wire_start(void)
{
    struct wire *wire = calloc(1, sizeof(*wire));
    struct sched_param priority = {.sched_priority = 10};
    if (wire == NULL || !raw_peer_library_start()) {
        free(wire);
        return NULL;
    }
    wire->epoll = epoll_create1(EPOLL_CLOEXEC);
    pthread_mutex_init(&wire->lock, NULL);
    if (wire->epoll < 0 || pthread_create(&wire->thread, NULL, wire_run, wire) != 0) {
        free(wire);
        return NULL;
    }
    wire->realtime = pthread_setschedparam(wire->thread, SCHED_FIFO, &priority) == 0;
    return wire;
}

struct wire *wire_stop(struct wire *wire)
{
    __atomic_store_n(&wire->stopping, true, __ATOMIC_RELAXED);
    pthread_join(wire->thread, NULL);
    pthread_mutex_destroy(&wire->lock);
    close(wire->epoll);
    free(wire);
    return NULL;
}

bool wire_is_realtime(const struct wire *wire)
{
    return wire->realtime;
}

void wire_add(struct wire *wire, struct peer *peer)
{
    int on = 1;
    uint32_t place = 0;
    if (peer == NULL || peer->wire != NULL)
        return;
    while (place < wire->count && wire->peers[place] != NULL) /* this thread alone changes them */
        place++;
    if (place == WIRE_PARTICIPANTS_MAX)
        return;
    setsockopt(raw_peer_fd(peer->raw), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    pthread_mutex_lock(&wire->lock);
    peer->wire = wire;
    peer->place = place;
    peer->number = wire->added++;
    peer->in[0].participant = peer->in[1].participant = UINT32_MAX; /* nobody yet */
    peer->in[1].video = true;
    wire->peers[place] = peer;
    wire->count += place == wire->count;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = peer->place};
    epoll_ctl(wire->epoll, EPOLL_CTL_ADD, raw_peer_fd(peer->raw), &event);
    pthread_mutex_unlock(&wire->lock);
}

void wire_pair(struct wire *wire, struct peer *one, struct peer *other)
{
    pthread_mutex_lock(&wire->lock);
    one->in[0].participant = one->in[1].participant = other->number;
    other->in[0].participant = other->in[1].participant = one->number;
    pthread_mutex_unlock(&wire->lock);
}

void wire_counts(struct wire *wire, struct peer *peer, struct wire_counts *ret_counts)
{
    pthread_mutex_lock(&wire->lock);
    const struct raw_peer_counts *raw = raw_peer_counts(peer->raw);
    *ret_counts = (struct wire_counts){.connected = raw_peer_state(peer->raw) == RAW_PEER_CONNECTED,
                                       .sent = peer->sent,
                                       .rtp = raw->rtp_in,
                                       .rtcp = raw->rtcp_in,
                                       .good = peer->in[0].received + peer->in[1].received,
                                       .good_video = peer->in[1].received,
                                       .strange = peer->in[0].strange + peer->in[1].strange,
                                       .damaged = peer->in[0].damaged + peer->in[1].damaged,
                                       .checks_sent = raw->checks_sent,
                                       .checks_answered = raw->checks_answered,
                                       .oldest_ns = peer->oldest_ns,
                                       .last_rtp_ns = peer->last_rtp_ns};
    pthread_mutex_unlock(&wire->lock);
}

/* ---- the window ------------------------------------------------------------------------------------------------- */

static int64_t engine_cpu_ns(struct wire *wire)
{
    clockid_t clock;
    return pthread_getcpuclockid(wire->thread, &clock) == 0 ? clock_ns(clock) : 0;
}

static void sum_up(const struct wire *wire, struct wire_totals *totals)
{
    for (uint32_t i = 0; i < wire->count; i++) {
        const struct peer *peer = wire->peers[i];
        if (peer == NULL)
            continue;
        totals->unopened += raw_peer_counts(peer->raw)->srtp_failed;
        for (int k = 0; k < 2; k++) {
            totals->received += peer->in[k].received;
            totals->lost += peer->in[k].lost;
            totals->repeated += peer->in[k].repeated;
            totals->damaged += peer->in[k].damaged;
            totals->strange += peer->in[k].strange;
        }
    }
}

/* The totals hold what was there before, so that the end can take the difference. */
void wire_begin(struct wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    memset(wire->delays, 0, sizeof(wire->delays));
    wire->totals = (struct wire_totals){0};
    sum_up(wire, &wire->totals);
    wire->begun_cpu_ns = engine_cpu_ns(wire);
    wire->begun_ns = clock_ns(CLOCK_MONOTONIC);
    pthread_mutex_unlock(&wire->lock);
}

static uint32_t delay_at(const struct wire *wire, uint64_t rank)
{
    uint64_t seen = 0;
    for (uint32_t us = 0; us <= WIRE_DELAY_MAX_US; us++) {
        seen += wire->delays[us];
        if (seen >= rank && seen > 0)
            return us;
    }
    return WIRE_DELAY_MAX_US;
}

void wire_end(struct wire *wire, struct wire_totals *ret_totals)
{
    struct wire_totals now = {0};
    pthread_mutex_lock(&wire->lock);
    const struct wire_totals *before = &wire->totals;
    sum_up(wire, &now);
    *ret_totals = (struct wire_totals){
        .window_ns = clock_ns(CLOCK_MONOTONIC) - wire->begun_ns,
        .scheduled = before->scheduled, /* counted from nothing in the window */
        .punctual = before->punctual,
        .keyframe_requests = before->keyframe_requests,
        .received = now.received - before->received,
        .lost = now.lost - before->lost,
        .repeated = now.repeated - before->repeated,
        .damaged = now.damaged - before->damaged,
        .strange = now.strange - before->strange,
        .unopened = now.unopened - before->unopened,
        .cpu_ns = engine_cpu_ns(wire) - wire->begun_cpu_ns};
    uint64_t counted = 0;
    for (uint32_t us = 0; us <= WIRE_DELAY_MAX_US; us++)
        counted += wire->delays[us];
    ret_totals->delay_p50_us = counted == 0 ? 0 : delay_at(wire, (counted + 1) / 2);
    ret_totals->delay_p99_us = counted == 0 ? 0 : delay_at(wire, counted - counted / 100);
    ret_totals->delay_max_us = counted == 0 ? 0 : delay_at(wire, counted);
    pthread_mutex_unlock(&wire->lock);
}

/* ---- gateway/synthetic/peer.h ------------------------------------------------------------------------------------ */

struct peer *peer_new(int pattern, double frequency, peer_answer_fn *answer, void *owner)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    (void)frequency;
    if (peer == NULL)
        return NULL;
    peer->events = (struct raw_peer_events){.rtp = peer_on_rtp, .rtcp = peer_on_rtcp};
    struct raw_peer_options options = {
        .bind_address = "127.0.0.1",
        .srtp_profiles = pattern == WIRE_CM ? "SRTP_AES128_CM_SHA1_80" : "SRTP_AEAD_AES_128_GCM",
        .events = &peer->events};
    peer->raw = raw_peer_new(&options);
    peer->answer = answer;
    peer->owner = owner;
    peer->out[0].ssrc = (uint32_t)random() | 1;
    peer->out[1].ssrc = (uint32_t)random() | 1;
    if (peer->raw == NULL) {
        free(peer);
        return NULL;
    }
    return peer;
}

struct peer *peer_free(struct peer *peer)
{
    if (peer == NULL)
        return NULL;
    struct wire *wire = peer->wire;
    if (wire != NULL) {
        pthread_mutex_lock(&wire->lock);
        wire->peers[peer->place] = NULL;
        pthread_mutex_unlock(&wire->lock);
    }
    raw_peer_free(peer->raw);
    free(peer);
    return NULL;
}

void peer_offer(struct peer *peer, int64_t offer, const char *sdp)
{
    if (peer->wire != NULL)
        pthread_mutex_lock(&peer->wire->lock);
    bool good = sdp_offer_read(sdp, &peer->offer) &&
                raw_peer_set_remote(peer->raw, peer->offer.address, peer->offer.port,
                                    peer->offer.ufrag, peer->offer.pwd, peer->offer.fingerprint);
    if (peer->wire != NULL)
        pthread_mutex_unlock(&peer->wire->lock);
    struct sdp_self self = {raw_peer_ufrag(peer->raw), raw_peer_pwd(peer->raw),
                            raw_peer_fingerprint(peer->raw), peer->out[0].ssrc, peer->out[1].ssrc};
    char *answer = good ? sdp_answer_write(sdp, &self) : NULL;
    if (answer != NULL)
        peer->answer(peer->owner, offer, answer);
    free(answer);
}

void peer_counts(struct peer *peer, struct peer_counts *ret_counts)
{
    struct wire_counts counts = {0};
    if (peer->wire != NULL)
        wire_counts(peer->wire, peer, &counts);
    *ret_counts = (struct peer_counts){.audio_buffers = counts.good - counts.good_video,
                                       .video_frames = counts.good_video / 4};
}
