/* Which TURN servers a page may use: the configured ones, with credentials made for this offer. Only an offer carries
 * them, so only somebody who may have an endpoint gets any (P3); each offer and each ICE restart brings fresh ones.
 * Pure but for the random name. Thread: control. */
#ifndef GATEWAY_CONTROL_ICE_SERVERS_H
#define GATEWAY_CONTROL_ICE_SERVERS_H

#include <stdint.h>

#include "gateway/control/control.h"
#include "signaling/messages/message.h"

/* Appends to `offer->ice_servers`; nothing when no server is configured. `wall_us` since 1970. */
void ice_servers_fill(const struct control_turn *turn, int64_t wall_us,
                      struct message_offer *offer);

#endif
