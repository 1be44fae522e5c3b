/* The TCP side of a raw peer: connects, frames with two octets of length (RFC 4571), takes the frames apart again. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/raw_peer_parts.h"

bool peer_tcp_connect(struct raw_peer *peer)
{
    struct raw_tcp *tcp = peer->tcp;
    int on = 1;
    int fd = socket(peer->bound.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* A small window, so that a slow reader is one after few packets. */
    int window = 16384;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)) != 0 ||
        bind(fd, (const struct sockaddr *)&peer->bound, peer->bound_length) != 0 ||
        connect(fd, (const struct sockaddr *)&peer->to, peer->to_length) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = fd;
    tcp->open = true;
    tcp->out_used = tcp->in_used = 0;
    return true;
}

void raw_peer_set_piece(struct raw_peer *peer, size_t bytes)
{
    peer->tcp->piece = bytes;
}

bool raw_peer_tcp_open(const struct raw_peer *peer)
{
    return peer->tcp->open;
}

void peer_tcp_flush(struct raw_peer *peer)
{
    struct raw_tcp *tcp = peer->tcp;
    size_t done = 0;
    while (tcp->open && done < tcp->out_used) {
        size_t length = tcp->out_used - done;
        if (tcp->piece > 0 && length > tcp->piece)
            length = tcp->piece;
        ssize_t sent = send(peer->fd, tcp->out + done, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            tcp->open = false;
        if (sent < 0)
            break;
        done += (size_t)sent;
    }
    tcp->out_used -= done;
    memmove(tcp->out, tcp->out + done, tcp->out_used);
}

bool peer_tcp_send(struct raw_peer *peer, const uint8_t *packet, size_t length)
{
    struct raw_tcp *tcp = peer->tcp;
    if (!tcp->open || tcp->out_used + 2 + length > sizeof(tcp->out)) {
        peer->counts.send_failed++;
        return false;
    }
    tcp->out[tcp->out_used++] = (uint8_t)(length >> 8);
    tcp->out[tcp->out_used++] = (uint8_t)length;
    if (length > 0)
        memcpy(tcp->out + tcp->out_used, packet, length);
    tcp->out_used += length;
    peer->counts.datagrams_out++;
    peer_tcp_flush(peer);
    return true;
}

static void peer_tcp_split(struct raw_peer *peer)
{
    struct raw_tcp *tcp = peer->tcp;
    size_t at = 0;
    uint8_t packet[TCP_BUFFER_BYTES] __attribute__((aligned(8)));
    while (tcp->in_used - at >= 2) {
        size_t length = (size_t)tcp->in[at] << 8 | tcp->in[at + 1];
        if (tcp->in_used - at - 2 < length)
            break;
        memcpy(packet, tcp->in + at + 2, length);
        raw_peer_take(peer, packet, length);
        at += 2 + length;
    }
    tcp->in_used -= at;
    memmove(tcp->in, tcp->in + at, tcp->in_used);
}

void peer_tcp_receive(struct raw_peer *peer)
{
    struct raw_tcp *tcp = peer->tcp;
    while (tcp->open && !peer->not_reading) {
        ssize_t got =
            recv(peer->fd, tcp->in + tcp->in_used, sizeof(tcp->in) - tcp->in_used, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            tcp->open = false;
        if (got <= 0)
            break;
        tcp->in_used += (size_t)got;
        peer_tcp_split(peer);
    }
}
