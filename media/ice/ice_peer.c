#include "media/ice/ice_peer.h"

#include <string.h>

#include "gateway/base/check.h"

#define UFRAG_LENGTH_MIN    4
#define PASSWORD_LENGTH_MIN 22

static size_t bounded_length(const char *text, size_t size)
{
    const char *end = memchr(text, 0, size);
    return end == NULL ? size : (size_t)(end - text);
}

enum result ice_credentials_check(const struct media_ice *ice)
{
    size_t ufrag = bounded_length(ice->ufrag, sizeof(ice->ufrag));
    size_t pwd = bounded_length(ice->pwd, sizeof(ice->pwd));
    bool good = ufrag >= UFRAG_LENGTH_MIN && ufrag < sizeof(ice->ufrag) &&
                pwd >= PASSWORD_LENGTH_MIN && pwd < sizeof(ice->pwd) &&
                memchr(ice->ufrag, ':', ufrag) == NULL;
    return good ? RESULT_OK : RESULT_INVALID;
}

enum result ice_peer_init(struct ice_peer *peer, const struct media_ice *local)
{
    enum result result = ice_credentials_check(local);
    if (!result_ok(result))
        return result;
    *peer = (struct ice_peer){.local = *local};
    return RESULT_OK;
}

void ice_peer_done(struct ice_peer *peer)
{
    explicit_bzero(peer, sizeof(*peer));
}

static bool ufrag_is(const struct media_ice *ice, struct span ufrag)
{
    return ufrag.length > 0 && strlen(ice->ufrag) == ufrag.length &&
           memcmp(ice->ufrag, ufrag.data, ufrag.length) == 0;
}

struct span ice_peer_password(const struct ice_peer *peer, struct span ufrag)
{
    if (ufrag_is(&peer->local, ufrag))
        return span_of(peer->local.pwd, strlen(peer->local.pwd));
    if (peer->restarting && ufrag_is(&peer->previous, ufrag))
        return span_of(peer->previous.pwd, strlen(peer->previous.pwd));
    return span_of(NULL, 0);
}

static uint32_t tuple_find(const struct ice_peer *peer, const struct net_address *address)
{
    uint32_t i = 0;
    while (i < peer->tuples_count && !net_address_equal(&peer->tuples[i].address, address))
        i++;
    return i;
}

static void tuples_forget_all(struct ice_peer *peer, struct ice_change *change)
{
    for (uint32_t i = 0; i < peer->tuples_count; i++)
        change->removed[change->removed_count++] = peer->tuples[i].address;
    peer->tuples_count = 0;
    peer->selected = 0;
}

/* Full: the address that was checked longest ago goes, but never the selected one. */
static uint32_t tuple_make_room(struct ice_peer *peer, struct ice_change *change)
{
    if (peer->tuples_count < MEDIA_TUPLES_PER_ENDPOINT_MAX) {
        /* "none selected" is the index behind the last one, which is about to be taken */
        if (peer->selected == peer->tuples_count)
            peer->selected++;
        return peer->tuples_count++;
    }
    uint32_t oldest = peer->selected == 0 ? 1 : 0;
    for (uint32_t i = 0; i < peer->tuples_count; i++)
        if (i != peer->selected && peer->tuples[i].checked_us < peer->tuples[oldest].checked_us)
            oldest = i;
    change->removed[change->removed_count++] = peer->tuples[oldest].address;
    return oldest;
}

void ice_peer_checked(struct ice_peer *peer, struct span ufrag, const struct net_address *source,
                      bool use_candidate, int64_t now_us, struct ice_change *ret_change)
{
    *ret_change = (struct ice_change){.address = *source};
    if (peer->restarting && ufrag_is(&peer->local, ufrag)) {
        /* The other side has our new description: the old pair and all it validated are void (RFC 8445 §9). */
        explicit_bzero(&peer->previous, sizeof(peer->previous));
        peer->restarting = false;
        ret_change->restarted = true;
        ret_change->back = true;
        tuples_forget_all(peer, ret_change);
    }
    uint32_t at = tuple_find(peer, source);
    if (at == peer->tuples_count) {
        at = tuple_make_room(peer, ret_change);
        peer->tuples[at].address = *source;
        ret_change->added = true;
    }
    peer->tuples[at].checked_us = now_us;
    /* The first valid address is used until the peer nominates; the latest nomination wins, which is how a phone moves
     * from Wi-Fi to mobile without a restart. */
    if (at != peer->selected && (use_candidate || peer->selected >= peer->tuples_count)) {
        peer->selected = at;
        ret_change->selected = true;
    }
    if (!peer->consenting && peer->consent_us != 0)
        ret_change->back = true;
    peer->consenting = true;
    peer->consent_us = now_us;
}

enum result ice_peer_restart(struct ice_peer *peer, const struct media_ice *local,
                             struct media_ice *ret_dropped)
{
    enum result result = ice_credentials_check(local);
    if (!result_ok(result))
        return result;
    *ret_dropped = (struct media_ice){.ufrag = ""};
    if (peer->restarting)
        *ret_dropped =
            peer->local; /* the peer never used it; what it does use is still `previous` */
    else
        peer->previous = peer->local;
    peer->local = *local;
    peer->restarting = true;
    return RESULT_OK;
}

bool ice_peer_expire(struct ice_peer *peer, int64_t now_us, int64_t timeout_us,
                     struct ice_change *ret_change)
{
    *ret_change = (struct ice_change){.added = false};
    if (!peer->consenting || now_us - peer->consent_us < timeout_us)
        return false;
    peer->consenting = false;
    tuples_forget_all(peer, ret_change);
    return true;
}

void ice_peer_forget(struct ice_peer *peer, const struct net_address *address)
{
    uint32_t at = tuple_find(peer, address);
    if (at == peer->tuples_count)
        return;
    uint32_t last = peer->tuples_count - 1;
    bool had_selected = peer->selected < peer->tuples_count;
    if (!had_selected || peer->selected == at)
        peer->selected = last; /* none: the index behind the last one that is left */
    else if (peer->selected == last)
        peer->selected = at;
    peer->tuples[at] = peer->tuples[last];
    peer->tuples_count = last;
}

const struct net_address *ice_peer_selected(const struct ice_peer *peer)
{
    return peer->selected < peer->tuples_count ? &peer->tuples[peer->selected].address : NULL;
}

bool ice_peer_has(const struct ice_peer *peer, const struct net_address *address)
{
    return tuple_find(peer, address) < peer->tuples_count;
}

int64_t ice_peer_address_us(const struct ice_peer *peer, const struct net_address *address)
{
    uint32_t at = tuple_find(peer, address);
    return at < peer->tuples_count ? peer->tuples[at].checked_us : INT64_MIN;
}
