/* The ICE state of one endpoint: our credentials, the addresses that passed an authenticated check, which of them is
 * selected, and when consent was last given. No I/O, no clock; a worker keeps the address index in step through the
 * two lists of ice_change.
 *
 * Thread: that of the owner (media worker).   Owner: struct endpoint.
 * Bound:  MEDIA_TUPLES_PER_ENDPOINT_MAX addresses; the one checked longest ago makes room for a new one.
 * Sources: RFC 8445 §2.5 and §7.3 (lite agent), §9 (restart), RFC 7675 §5.1 (consent). */
#ifndef MEDIA_ICE_ICE_PEER_H
#define MEDIA_ICE_ICE_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "media/ice/net_address.h"
#include "media/media_command.h"

struct ice_tuple {
    struct net_address address;
    int64_t checked_us; /* last valid check from here */
};

struct ice_peer {
    struct media_ice local;
    struct media_ice previous; /* before a restart; valid until the first check with `local` */
    bool restarting;           /* `previous` is in force */
    bool consenting;           /* a check came within the consent time-out */
    int64_t consent_us;        /* last valid check */
    uint32_t tuples_count;
    uint32_t selected; /* index into tuples, == tuples_count while there is none */
    struct ice_tuple tuples[MEDIA_TUPLES_PER_ENDPOINT_MAX];
};

/* What one call changed; the owner updates its index with it. */
struct ice_change {
    bool added;                 /* `address` is now bound */
    struct net_address address; /* the source of the check */
    bool selected;              /* the selected address is another one now */
    bool restarted;             /* first check with the new credentials: `previous` is void */
    bool back; /* consent is given again after it was lost, or the restart is complete */
    uint32_t removed_count;
    struct net_address removed[MEDIA_TUPLES_PER_ENDPOINT_MAX];
};

/* RFC 8445 §5.3: a ufrag of at least 4 and a password of at least 22 characters. RESULT_INVALID else. */
MUST_CHECK enum result ice_credentials_check(const struct media_ice *ice);

MUST_CHECK enum result ice_peer_init(struct ice_peer *peer, const struct media_ice *local);
/* Wipes the passwords and forgets every address. */
void ice_peer_done(struct ice_peer *peer);

/* The password for one of our ufrags; empty when it is none of them. */
struct span ice_peer_password(const struct ice_peer *peer, struct span ufrag);
/* An authenticated check came from `source` with our ufrag `ufrag`. */
void ice_peer_checked(struct ice_peer *peer, struct span ufrag, const struct net_address *source,
                      bool use_candidate, int64_t now_us, struct ice_change *ret_change);
/* New credentials; the old ones stay valid until a check uses the new ones. A second restart before that check
 * replaces the first: then the caller has to drop the ufrag in `ret_dropped` (else ret_dropped->ufrag is empty). */
MUST_CHECK enum result ice_peer_restart(struct ice_peer *peer, const struct media_ice *local,
                                        struct media_ice *ret_dropped);
/* True once when consent has run out; every address is then forgotten (in `ret_change`). */
bool ice_peer_expire(struct ice_peer *peer, int64_t now_us, int64_t timeout_us,
                     struct ice_change *ret_change);

/* The address proved to be somebody else's since. Nothing happens when it is not bound. */
void ice_peer_forget(struct ice_peer *peer, const struct net_address *address);

/* Where to send; NULL while no address is bound. */
const struct net_address *ice_peer_selected(const struct ice_peer *peer);
bool ice_peer_has(const struct ice_peer *peer, const struct net_address *address);
/* When a check last came from this address; INT64_MIN when it is not bound. */
int64_t ice_peer_address_us(const struct ice_peer *peer, const struct net_address *address);

#endif
