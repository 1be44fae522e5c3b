/* The answering half of ICE-lite (RFC 8445 §2.5): validates a STUN Binding request and builds the reply. It sends
 * nothing, binds nothing and keeps no state between calls; what a valid check means is the endpoint's affair.
 *
 * Thread: that of the owner.   Allocation: none after ice_agent_new.
 * Silence: whatever is not an authenticated Binding request for a known ufrag gets no answer at all, so the port
 * neither reflects nor reveals which ufrags exist. */
#ifndef MEDIA_ICE_ICE_AGENT_H
#define MEDIA_ICE_ICE_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "media/ice/net_address.h"

#define ICE_REPLY_MAX 548 /* RFC 8489 §6.1: fits a path whose MTU is unknown */

struct ice_agent;

MUST_CHECK enum result ice_agent_new(struct ice_agent **ret_agent);
struct ice_agent *ice_agent_free(struct ice_agent *agent);

/* Embedded by the caller. `password` returns the password that goes with one of our ufrags, or an empty span when
 * nobody has it; the bytes must stay until ice_agent_check returns. It may note whom it found. */
struct ice_lookup {
    struct span (*password)(struct ice_lookup *lookup, struct span local_ufrag);
};

enum ice_outcome {
    ICE_INVALID,    /* not STUN, unknown ufrag, wrong integrity…: say nothing */
    ICE_INDICATION, /* authenticated, wants no answer (RFC 8445 §11); is no consent */
    ICE_REFUSED, /* authenticated but 487 role conflict or 420 unknown attribute: send the reply, bind nothing */
    ICE_VALID, /* authenticated check: send the reply; the source may be bound */
};

struct ice_verdict {
    enum ice_outcome outcome;
    bool
        use_candidate; /* ICE_VALID: the peer nominates this address (RFC 8445 §7.2.5.3.4… as seen by a lite agent) */
    size_t reply_length;
};

/* `reply` holds ICE_REPLY_MAX bytes. */
struct ice_verdict ice_agent_check(struct ice_agent *agent, struct span datagram,
                                   const struct net_address *source, struct ice_lookup *lookup,
                                   uint8_t *ret_reply);

/* Our half of the USERNAME ("ours:theirs", RFC 8445 §7.2.2) as the request claims it: nothing is authenticated. Empty when
 * it is not a STUN request with one. The bytes are the datagram's. */
struct span ice_agent_local_ufrag(struct span datagram);

#endif
