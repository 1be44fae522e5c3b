/* The structs of the control room, for its own files only. */
#ifndef GATEWAY_CONTROL_CONTROL_STATE_H
#define GATEWAY_CONTROL_CONTROL_STATE_H

#include "gateway/base/check.h"
#include "gateway/base/list.h"
#include "gateway/control/control.h"
#include "gateway/control/diagnosis.h"
#include "gateway/control/directory.h"
#include "gateway/control/evidence.h"
#include "gateway/control/line.h"
#include "gateway/control/negotiation.h"
#include "gateway/identity/ticket.h"

#define CONTROL_TICKETS_MAX 1024
#define LIVE_CLOSING_MAX    24 /* endpoints of one consultation on their way out */
#define SUBMIT_ROWS_MAX     2

/* Thread: control.   Owner: struct control, in visitors.
 * Life:   hello accepted … `ended` handler.
 * Bound:  CONTROL_VISITORS_MAX.   It is the context of a signaling session. */
struct visitor {
    struct list_link link;
    struct handle session;
    struct visit_identity identity;
    struct id session_id; /* n_… of this WebSocket session, told in welcome */
    struct id joined;     /* consultation in which this session holds a seat; empty */
    int seat;             /* index there, -1 none */
    bool watching;        /* wants the queue */
    bool wants_media;     /* said in join */
    bool held;            /* asked for a seat that another device holds (2.5-20) */
    int64_t wrote_us;     /* when all it wrote so far would have been due, monotonic */
};

struct device_session;

/* The transport of one seat. */
struct live_seat {
    struct handle session; /* who sits here, when somebody does */
    bool away;             /* its socket is gone, since `away_since_us` (monotonic) */
    int64_t away_since_us;
    bool wants_media;
    struct handle endpoint; /* unset: none */
    struct negotiation_offer offer;
    uint8_t slots_told;    /* of that offer: what the worker knows */
    uint32_t offer_number; /* of the last offer sent */
    bool open_refused;     /* no room at the worker; the tick opens it then */
    bool answered;         /* to that offer */
    bool connected;        /* DTLS done, and not lost since */
    bool was_connected;
    uint16_t loss_permille;
    uint32_t rtt_us;
    struct line line;
    struct sending sending; /* what it was last asked to send; sound is asked for in the offer */
    int64_t reoffer_us;     /* no offer because of sound before this */
    struct device_session
        *devices[2];                  /* of a seat with the role device, by whip_kind; NULL: none */
    struct diagnosis diagnosis;       /* of the attempt that is under way */
    const char *told;                 /* code last told about it; NULL: none */
    bool voice_off, face_off;         /* as the page says it */
    char guest_name[VISIT_NAME_SIZE]; /* as staff wrote it in the invitation; empty: no guest */
    struct id guest_holder;           /* the browser that redeemed the guest's link first */
};

/* An input with the one who waits for its outcome. */
struct submit_batch;

struct pending_input {
    struct step_input input;
    struct handle session; /* unset: nobody waits */
    uint32_t ref;
    bool
        reread_fact; /* message fact: `fact_name` and `fact_scalar` are resolved when its turn comes */
    char fact_name[FACT_NAME_SIZE];
    struct message_scalar fact_scalar;
    void (*done)(void *owner, enum result result, const struct step_result *step);
    void *owner;
    /* What else belongs into the transaction of a step that went, at most SUBMIT_ROWS_MAX rows; may be NULL. */
    void (*attach)(void *owner, struct store_transaction *transaction);
};

/* Thread: control.   Owner: struct control, in live[].
 * Life:   booked or loaded at start … over and its last effect run.
 * Bound:  CONTROL_LIVE_MAX.   `now` is what is durable. */
struct live_consultation {
    struct list_link link;
    struct consultation now;
    bool unborn; /* its booking is being committed; live_find and the queue pass it over */
    struct submit_batch *committing; /* on its way to the disk; submit.c knows what is in it */
    bool submitting;                 /* inside submit.c */
    struct pending_input *waiting;   /* ring of CONTROL_WAITING_INPUTS_MAX, made on first use */
    uint32_t waiting_first, waiting_count;
    struct control *control;
    const struct control_pack *pack;
    struct id subject; /* k_…: the patient's key */
    struct id holder;  /* the browser that redeemed the newest link first; empty: none yet */
    int64_t link_us;   /* when the newest link was made; older ones are void */
    char patient_name[121];
    uint32_t worker;
    bool has_worker;
    struct live_seat seats[SEATS_MAX];
    bool wide; /* a guest came: everybody gets m-lines for all the seats */
    bool routed[SEATS_MAX][SEATS_MAX][NEGOTIATION_TRACKS]; /* routes that exist */
    bool gates[SEATS_MAX][SEATS_MAX][NEGOTIATION_TRACKS];  /* as last told to the worker */
    struct {
        struct handle endpoint; /* told to close, DRAINED not seen yet */
        int seat;
        bool told; /* false: the mailbox was full, the tick tells the worker again */
    } closing[LIVE_CLOSING_MAX];
    uint32_t closing_count;
    struct evidence evidence;
    bool arriving
        [EVIDENCE_TRACKS]; /* at the relay; whether the other one gets it is another thing */
    int64_t gap_total_us;
    uint64_t media_said; /* digest of the last `media` message, so that it is sent on change only */
};

struct ticket_identity {
    struct id key; /* n_… made for the ticket table */
    struct visit_identity identity;
    bool used;
};

/* Thread: control.   Owner: gateway.c. */
struct control {
    struct thread_owner owner;
    struct control_options options;
    struct control_rooms rooms;
    struct signaling *signaling;
    struct directory *directory;
    struct ticket_table *tickets;
    struct ticket_identity ticket_identities[CONTROL_TICKETS_MAX];
    uint32_t ticket_next;
    struct list visitors;
    uint32_t visitors_count;
    struct list live;
    uint32_t live_count;
    struct control_pack packs[16]; /* [0] for new consultations is packs[pack_current] */
    uint32_t packs_count, pack_current;
    struct message *scratch; /* one outgoing message; about 64 KiB, so not on the stack */
    char *text;              /* CONSULTATION_TEXT_MAX, for blobs */
    bool draining;
    struct whip *whip;                  /* NULL in tests without that door */
    struct sign_in_guard *device_guard; /* devices that are refused again and again */
    uint32_t device_waits;
    bool queue_dirty;
    int64_t queue_told_us; /* monotonic */
};

/* control.c: tell the queues soon */
void control_queue_changed(struct control *control);

/* live.c */
struct live_consultation *live_find(struct control *control, const struct id *id);
struct live_consultation *live_new(struct control *control, const struct control_pack *pack);
void live_free(struct live_consultation *live);
const struct control_pack *control_pack_by_hash(struct control *control, const struct sha256 *hash);
/* The one who sits there, or NULL. */
struct visitor *live_visitor(const struct live_consultation *live, int seat);
int live_seat_of_role(const struct consultation *consultation, enum role role);
/* The seat that is this person's, whoever sits there now, or -1. */
int live_seat_of(const struct consultation *consultation, const struct actor *actor);

/* submit.c: one input through step, store and effects. The done callback, if any, comes exactly once. */
void control_submit(struct live_consultation *live, const struct pending_input *pending);
void submit_free(struct submit_batch *batch);
/* Records that change no state (a gap, destroyed keys): one transaction, nobody waits. */
void control_record(struct live_consultation *live, const struct audit_draft *draft);
/* The same about a consultation that may be over. */
void control_record_alone(struct control *control, const struct audit_draft *draft);
void control_put_consultation(struct store_transaction *transaction, struct live_consultation *live,
                              const struct consultation *consultation);
struct step_input control_input(enum consultation_event event, const struct actor *actor);
struct actor control_system_actor(const struct live_consultation *live);

/* tickets.c: who stands behind a ticket, which is used up by asking; NULL when it is not valid. */
const struct visit_identity *control_ticket_identity(struct control *control, const char *ticket);
/* The visit's older links were voided: every browser but `kept` is sent away, with its tickets. */
void control_end_devices(struct control *control, const struct id *consultation,
                         const struct id *kept);

/* visitors.c */
/* Nobody sits there any more: away, or lost when it was present. */
void visitor_lost(struct live_consultation *live, int seat);
void visitor_sit(struct live_consultation *live, struct handle session);
/* The seat was moved to a held device: if its page waits here, it sits down now. */
void visitor_sit_moved(struct live_consultation *live);

/* effects.c */
void control_effects(struct live_consultation *live, const struct step_result *step);

/* visit_names.c: a person's name as it is sealed, {"name":"…"}, and back */
enum result name_seal_text(const char *name, char *ret_text, size_t size);
void name_of_sealed(const char *personal, char *ret_name, size_t size);

/* guests.c: their names, and who holds their links, after a restart */
enum result guests_load(struct control *control, struct live_consultation *live);
/* After a restart: which browser redeemed each seat's link, the guests' seats included. */
enum result redeem_load(struct control *control, struct live_consultation *live);
/* A new link's row; the secret is told once. */
struct store_invitation invitation_row(const struct live_consultation *live, char *ret_secret);

/* transport_routes.c */
void transport_gates(struct live_consultation *live);
int transport_seat_of_line(int to, int line);
/* M-lines this seat's offer lacks; false: none. */
bool transport_add_lines(struct live_consultation *live, int seat);
/* Its endpoint is gone, and every route with it. */
void transport_forget_routes(struct live_consultation *live, int seat);

/* transport.c */
/* False when the mailbox is full: loud, and the tick tells again what is still true. */
bool transport_command(struct live_consultation *live, const struct media_command *command);
void transport_open(struct live_consultation *live, int seat);
void transport_close(struct live_consultation *live, int seat);
/* An endpoint on the consultation's worker, which is chosen now if it has none. */
MUST_CHECK enum result transport_reserve(struct live_consultation *live,
                                         struct handle *ret_endpoint);
/* Told to close, and kept in mind until DRAINED brings the evidence. */
void transport_retire(struct live_consultation *live, int seat, struct handle endpoint);
void transport_connected(struct live_consultation *live, int seat, const struct media_event *event);
void transport_back(struct live_consultation *live, int seat);
void transport_failed(struct live_consultation *live, int seat, const struct media_event *event);
void transport_restart(struct live_consultation *live, int seat);

/* Passes text on to every seat that the sound of `visitor` may reach, and answers. `live` NULL: refused already. */
void writing_message(struct live_consultation *live, struct visitor *visitor, uint32_t ref,
                     const struct message_write *write);

void transport_send_offer(struct live_consultation *live, int seat, bool fresh);
/* RESULT_STALE: not the last offer. */
enum result transport_answer(struct live_consultation *live, int seat,
                             const struct message_answer *answer);
/* What the page says about an attempt that does not come about. */
void transport_report(struct live_consultation *live, int seat,
                      const struct message_report *report);
void transport_event(struct control *control, const struct media_event *event);
/* What a full mailbox refused is told again: closes first, then endpoints, then gates. */
void transport_tick(struct live_consultation *live);

/* sending.c: what people's lines carry. A fresh endpoint knows nothing of its line. */
void sending_reset(struct live_consultation *live, int seat);
void sending_ladder(struct live_consultation *live, int seat, const struct media_event *event);
/* Tells senders what changed; what has to wait is told by the next call (each tick). */
void sending_update(struct live_consultation *live);
/* The track of that seat began or stopped to arrive, or the other one's line to carry it. */
void sending_evidence(struct live_consultation *live, int seat, enum media_kind kind,
                      int64_t now_us, int64_t gap_us);

/* view.c */
void view_tell_all(struct live_consultation *live);
void view_tell(struct live_consultation *live, struct visitor *visitor);
void view_tell_media(struct live_consultation *live);
void view_queue(struct control *control, struct visitor *visitor);
void view_queue_all(struct control *control, const struct id *institution);
/* An empty message of that type, to be filled and handed to view_send(). One at a time. */
struct message *view_message(struct control *control, enum message_type type);
void view_error(struct control *control, struct handle session, uint32_t ref, const char *code,
                const char *field);
void view_refusal(struct control *control, struct live_consultation *live, struct handle session,
                  uint32_t ref, const struct step_result *step);
void view_done(struct control *control, struct handle session, uint32_t ref);
void view_notice(struct control *control, struct handle session, const char *code);
/* Sends control->scratch; a failure to queue ends nothing here: signaling closes a socket that is too slow. */
void view_send(struct control *control, struct handle session);

/* doors.c */
enum supplier door_supplier(enum role role);
/* Value of a message into the pack's terms. RESULT_INVALID when it does not fit the fact's type. */
enum result door_value(const struct fact_info *fact, const struct message_scalar *scalar,
                       int64_t *ret_value);
void door_scalar(const struct fact_info *fact, int64_t value, struct message_scalar *ret_scalar);
/* Supplies what the gateway itself knows before the gate that `event` opens. */
void door_system_facts(struct live_consultation *live, enum consultation_event event,
                       const struct actor *actor);
void door_system_fact(struct live_consultation *live, const char *name, int64_t value);
void door_media_fact(struct live_consultation *live, const char *name, int64_t value);
/* What the relay measured besides the tracks: network, channel of the identity check. */
void door_media_facts(struct live_consultation *live);
/* Camera, screen, file or virtual device, as the sending page measured its own track (1.6-09). */
void door_source_kind(struct live_consultation *live, const char *kind);
/* The values a decision depended on, as canonical JSON; and who supplied them. */
enum result door_values_json(const struct rule_pack *pack, const struct fact_set *facts,
                             char *ret_values, char *ret_suppliers, size_t size);

#endif
