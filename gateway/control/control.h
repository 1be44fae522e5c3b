/* The shell around the pure cores: every input of the gateway arrives on this thread, goes through the consultation's
 * step, is made durable, and only then has effects (promise P2).
 *
 *   message → control_message → control_submit → consultation_step → store (state + records, one transaction)
 *                                                     └→ committed → control_effects: media commands, then replies
 *
 * Thread: control; every function here. Owner: gateway.c. Bounds: CONTROL_* below.
 * What happens when full: too many live consultations → booking is refused (`busy`); too many inputs waiting for one
 * consultation's commit → the sender gets `busy` and nothing changed. */
#ifndef GATEWAY_CONTROL_CONTROL_H
#define GATEWAY_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/counters.h"
#include "gateway/base/result.h"
#include "gateway/consultation/consultation.h"
#include "gateway/identity/token.h"
#include "gateway/model/visit.h"
#include "gateway/rules/rules.h"
#include "gateway/storage/store.h"
#include "media/media.h"
#include "signaling/signaling.h"
#include "signaling/whip/whip.h"

#define CONTROL_LIVE_MAX           4096
#define CONTROL_WAITING_INPUTS_MAX 64 /* of one consultation while a commit is under way */
#define CONTROL_VISITORS_MAX       16384

struct control;
struct directory;

/* A pack as it is kept for the database and for old consultations. */
struct control_pack {
    struct rule_pack *pack; /* owned by control from control_new / control_use_pack on */
    uint8_t *bytes;         /* heap, owned likewise */
    size_t length;
};

/* Makes a pack out of stored bytes (config/ does it; control may not include it). */
typedef enum result control_pack_reader(void *owner, struct span bytes, const char *name,
                                        struct rule_pack **ret_pack);

#define CONTROL_TURN_URLS_MAX 4

/* The TURN server beside us. Texts and secret outlive control. */
struct control_turn {
    const char *urls[CONTROL_TURN_URLS_MAX]; /* RFC 7065 */
    uint32_t urls_count;                     /* 0: there is none */
    struct span secret;                      /* shared with the server */
    int64_t lifetime_us;                     /* of a credential */
};

struct control_options {
    struct practice_parameters practice;
    struct control_turn turn;
    int64_t resume_us; /* how long a seat waits for its browser; told to the page */
    struct control_pack pack;
    control_pack_reader *read_pack;
    void *read_pack_owner;
};

/* The rooms control works with; all outlive it. `signaling` is set by control_attach once it runs. */
struct control_rooms {
    struct store *store;
    struct media *media;
    struct counters *counters;
};

/* Loads the directory and every consultation that is not over; seats that were present before a restart become away. */
MUST_CHECK enum result control_new(const struct control_options *options,
                                   const struct control_rooms *rooms, struct control **ret_control);
struct control *control_free(struct control *control);
void control_attach(struct control *control, struct signaling *signaling);
/* The store is closed and signaling is about to be: handlers do nothing from now on. */
void control_detach(struct control *control);

/* Handlers for signaling_start; `owner` is the struct control. */
void control_on_hello(void *owner, struct handle socket, const struct message_hello *hello);
void control_on_message(void *owner, struct handle session, uint32_t ref,
                        const struct message *message);
void control_on_away(void *owner, struct handle session);
void control_on_resumed(void *owner, struct handle session);
void control_on_ended(void *owner, struct handle session, enum session_end why);

/* Media events are waiting. */
void control_media_events(struct control *control);
/* About twice a second: evidence, deadlines, lost endpoints. */
void control_tick(struct control *control);
/* SIGTERM: no new consultations; everybody is told. */
void control_drain(struct control *control);
/* True when nothing is left to wait for while draining. */
bool control_is_idle(const struct control *control);
/* From now on new consultations use this pack; pinned ones keep theirs (R2). Takes ownership. */
MUST_CHECK enum result control_use_pack(struct control *control, struct control_pack *pack);

/* ---- services for the HTTP rooms ------------------------------------------------------------------------------- */

void control_issue_ticket(struct control *control, const struct visit_identity *identity,
                          struct token *ret_ticket);
/* Signed out: their sockets end and tickets die. */
void control_sign_out(struct control *control, const struct id *session);

const struct directory *control_directory(const struct control *control);

/* Books a consultation with its invitation in one transaction; the callback comes exactly once, maybe at once. */
void control_book(struct control *control, const struct booking *booking, booking_done_fn done,
                  void *owner);
/* A new link for the same visit; the old ones and their devices die. */
void control_reissue(struct control *control, const struct actor *actor,
                     const struct id *consultation, booking_done_fn done, void *owner);

/* A link for one more person; step, guest and invitation are one transaction. The callback comes exactly once. */
void control_invite_guest(struct control *control, const struct guest_invitation *invitation,
                          booking_done_fn done, void *owner);

/* Redeeming a link: which device may hold the visit. The callback comes exactly once, maybe at once. */
void control_redeem(struct control *control, const struct redeem *redeem, redeem_done_fn done,
                    void *owner);

/* The door of devices; NULL: closed. It outlives nothing: detached with signaling. */
void control_attach_devices(struct control *control, struct whip *whip);
/* A token for a device and a seat for whoever shows it. The callback comes exactly once, maybe at once. */
void control_device_issue(struct control *control, const struct device_request *request,
                          device_done_fn done, void *owner);
/* The token opens nothing any more and whoever came in with it is out. As above; RESULT_NOT_FOUND: no such token. */
void control_device_revoke(struct control *control, const struct actor *actor,
                           const struct id *consultation, const struct id *device,
                           device_done_fn done, void *owner);
/* Handlers for whip_new; `owner` is the struct control. */
void control_on_device_offer(void *owner, const struct whip_offer *offer);
enum result control_on_device_restart(void *owner, const struct id *session,
                                      const struct whip_ice *theirs, struct whip_ice *ret_ours);
void control_on_device_deleted(void *owner, const struct id *session);

/* What anyone may ask of a live consultation without changing it; NULL when it is not live. The pointer is good until
 * the next call into control. */
const struct consultation *control_find(struct control *control, const struct id *consultation);
uint32_t control_live_count(const struct control *control);
const struct rule_pack *control_pack_in_use(const struct control *control);

#endif
