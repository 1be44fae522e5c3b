/* Devices in a consultation: a camera publishes by WHIP, a monitor plays by WHEP, a room system does both. To everybody
 * else it is a guest with the role `device`: staff make its token (which takes a seat), it waits there with its media
 * authenticated and dropped, the patient agrees, the physician lets it in; removing it destroys its keys.
 *
 * A seat has at most one endpoint of each kind. The publisher is the endpoint of the seat; the player is a second one, whose
 * m-lines show fixed seats. Slots stand in the order of the device's m-lines.
 *
 * Thread: control. Owner: struct live_consultation, in seats[].devices. Bound: DEVICE_WAITS_MAX offers being checked. */
#ifndef GATEWAY_CONTROL_DEVICES_H
#define GATEWAY_CONTROL_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/handle.h"
#include "gateway/base/id.h"
#include "gateway/control/device_offer.h"
#include "gateway/model/consultation.h"
#include "media/media.h"
#include "signaling/whip/whip.h"

#define DEVICE_WAITS_MAX 64
#define DEVICE_KINDS     2 /* WHIP_PUBLISH, WHIP_PLAY */

struct live_consultation;
struct control;

/* One m-line of a player: which track of which endpoint it shows now. */
struct device_route {
    struct handle source; /* publisher's endpoint; unset: no route */
    bool open;            /* its gate, as last told to the worker */
};

/* Thread: control.   Owner: struct live_seat, in devices[].
 * Life:   token checked and seat taken … DELETE, lost, removed, revoked or the consultation's end. */
struct device_session {
    struct id id; /* w_… */
    struct handle endpoint;
    struct device_offer offer;
    bool connected;
    int watches;                                 /* player: seat shown by its first m-lines */
    struct device_route routes[MEDIA_SLOTS_MAX]; /* player: by m-line */
};

/* Opens an endpoint for an offer that was read, replacing one of the same kind; whose answer is written into `ret_text`.
 * RESULT_WRONG_STATE: the seat may have none now. */
MUST_CHECK enum result device_media_open(struct live_consultation *live, int seat,
                                         const struct device_offer *offer, int watches,
                                         char *ret_text, size_t size, struct id *ret_session);
/* Ends one session: keys destroyed, URL stale. The seat is the caller's business. */
void device_media_close(struct live_consultation *live, int seat, enum whip_kind kind);
/* Both, when the seat may have no endpoint any more. */
void device_media_close_all(struct live_consultation *live, int seat);
void device_media_free(struct live_consultation *live);
/* Routes and gates into players, as consultation_gate_open() says now. */
void device_media_gates(struct live_consultation *live);
/* True when the event was about a device and nobody else needs to hear of it. */
bool device_media_event(struct control *control, const struct media_event *event);
bool device_media_any(const struct live_consultation *live, int seat);
/* By its WHIP session. */
struct live_consultation *device_media_find(struct control *control, const struct id *session,
                                            int *ret_seat, enum whip_kind *ret_kind);

/* devices.c: a device is gone without a word. */
void device_lost(struct live_consultation *live, int seat);

#endif
