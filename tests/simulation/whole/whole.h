/* Whole calls on virtual time: the real control room and consultation core with the real rule pack, between fakes of the
 * store, signaling, the media plane and the browsers. One event queue, one thread, one seed.
 *
 * Owner: simulate(), which makes one struct sim a seed. The fakes are the linker's: each file defines the functions of
 * the header it stands in for, and its struct carries the way back to the struct sim. */
#ifndef TESTS_SIMULATION_WHOLE_WHOLE_H
#define TESTS_SIMULATION_WHOLE_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/control/control.h"

#define VISITS_MAX   6
#define PHYSICIANS   2
#define DESKS        (2 * PHYSICIANS) /* every physician has two windows open, maybe on different visits */
#define PAGES_MAX    (DESKS + 2 * VISITS_MAX)
#define STORED_CELLS 20
#define GRACE_US                                                                                   \
    (200 * 1000ll) /* security-reliability: closed means nothing forwarded after this */
#define TICK_US        (500 * 1000ll) /* what the full media mailbox refused, the next tick tells again */
#define MEDIA_DELAY_US (20 * 1000ll)

struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *dice);
int64_t dice_between(struct dice *dice, int64_t least, int64_t most);
bool dice_permille(struct dice *dice, int permille);

/* fake_machine.c */
void machine_start(uint64_t seed);
void machine_set_time(int64_t to_us);

enum happening {
    HAPPENING_STORE,         /* object: struct store_job */
    HAPPENING_MEDIA_COMMAND, /* object: struct media_command on the heap */
    HAPPENING_MEDIA_EVENTS,
    HAPPENING_PUMP,
    HAPPENING_TICK,
    HAPPENING_PAGE,    /* a: page */
    HAPPENING_RESUME,  /* a: page */
    HAPPENING_EXPIRE,  /* a, b: a session without a socket */
    HAPPENING_CONNECT, /* a: endpoint slot, b: generation */
    HAPPENING_RESTART,
};

struct happened {
    int64_t at_us;
    uint64_t order;
    enum happening what;
    uint32_t a, b;
    void *object;
};

/* One consultation as the simulation knows it; `durable` is what the last answered commit said. */
struct visit {
    bool asked, booked; /* control_book called; answered with success */
    int physician;
    struct id id, invitation, holder;
    bool reissuing; /* a new link is on its way to the disk, */
    struct id kept; /* which leaves this browser in */
    int64_t invitation_created_us, invitation_expires_us;
    char personal[512];
    struct id patient, subject;
    struct {
        int kind;
        int64_t integer;
        uint8_t *bytes;
        size_t length;
    } cells[STORED_CELLS]; /* of the row, in the order of PUT_CONSULTATION */
    int64_t revision;
    struct consultation durable;
    bool ever_admitted;
    int64_t changed_us;                      /* when `durable` changed last */
    int64_t closed_us[SEATS_MAX][SEATS_MAX]; /* since when the gate has to be closed; 0: open */
    int64_t no_endpoint_us[SEATS_MAX];       /* since when the seat may have none; 0: it may */
    int64_t lane_us; /* its last commit is answered then: order within one visit */
};

struct page_asked {
    uint32_t ref;
    bool durable; /* its `done` promises a commit */
    int visit;
};

/* One browser. */
struct page {
    bool used, second;
    int physician; /* index, or -1: a patient */
    int visit;     /* whose patient, or where the physician sits */
    struct visit_identity identity;
    bool redeemed, redeeming, has_session, has_socket, joined, network, camera, microphone;
    bool over; /* told so, or not coming back */
    struct handle session;
    int64_t socket_lost_us;
    int64_t replaced_us; /* another window took its seat */
    uint32_t next_ref;
    struct page_asked asked[64];
    struct handle peer;    /* the endpoint of its PeerConnection */
    uint32_t offer_number; /* not answered yet; 0 none */
    int64_t camera_back_us, microphone_back_us, network_back_us;
    int facts_said[3]; /* how far in the table of each stage */
    int64_t state_since_us;
    enum consultation_state state_seen;
};

enum {
    SEEN_ADMITTED,
    SEEN_STARTED,
    SEEN_CLOSED,
    SEEN_PICTURE_LOST,
    SEEN_SOUND_KEPT,
    SEEN_EMERGENCY,
    SEEN_REMOVED,
    SEEN_MOVED,
    SEEN_RECONNECTED,
    SEEN_PAUSED,
    SEEN_STORE_FAILED,
    SEEN_STORE_FULL,
    SEEN_MEDIA_FULL,
    SEEN_FORWARDED,
    SEEN_HELD_BACK,
    SEEN_RESTARTED,
    SEEN_RESUMED,
    SEEN_EXPIRED,
    SEEN_REFUSED,
    SEEN_REISSUED,
    SEEN_RACED,
    SEEN_RECORDS,
    SEEN_TOLD,
    SEEN_COUNT
};

struct sim {
    uint64_t seed;
    struct dice dice;
    struct happened *queue; /* heap */
    size_t queue_count, queue_room;
    uint64_t order;
    int64_t now_us, end_us;
    bool winding_down, stopping;
    struct rule_pack *pack; /* the simulation's own copy, to read what was stored */
    uint8_t *pack_bytes;
    size_t pack_length;
    char *answer_sdp;
    struct store *store;
    struct media *media;
    struct signaling *signaling;
    struct control *control;
    struct counters *counters;
    struct id institution, physicians[PHYSICIANS];
    struct visit visits[VISITS_MAX];
    int visits_count;
    struct page pages[PAGES_MAX];
    uint64_t seen[SEEN_COUNT];
    uint64_t trace; /* digest of all that happened: equal for equal seeds */
};

/* whole.c */
_Noreturn void sim_fail(const struct sim *sim, const char *file, int line, const char *format, ...)
    PRINTF_LIKE(4, 5);
#define SIM_CHECK(sim, condition, ...)                                                             \
    do {                                                                                           \
        if (!(condition))                                                                          \
            sim_fail((sim), __FILE__, __LINE__, __VA_ARGS__);                                      \
    } while (0)
void sim_later(struct sim *sim, int64_t delay_us, enum happening what, uint32_t a, uint32_t b,
               void *object);
void sim_trace(struct sim *sim, uint64_t value);
struct visit *sim_visit(struct sim *sim, const char *id);
/* What had to be carried out since then should be by now; a refusal of the full mailbox since then puts it off. */
bool sim_overdue(const struct sim *sim, int64_t since_us);

/* fake_store.c */
struct store *fake_store_new(struct sim *sim);
struct store *fake_store_free(struct store *store);
void fake_store_answer(struct store *store, void *job);
void fake_store_finish(struct store *store); /* answers all that is owed; takes nothing new */
uint32_t fake_store_owed(const struct store *store);

/* fake_signaling.c */
struct signaling *fake_signaling_new(struct sim *sim);
struct signaling *fake_signaling_free(struct signaling *signaling);
void fake_signaling_hello(struct sim *sim, struct page *page);
void fake_signaling_end(struct sim *sim, struct page *page, enum session_end why);
void fake_signaling_expire(struct sim *sim, struct handle session);
uint32_t fake_signaling_sessions(const struct signaling *signaling);

/* fake_media.c */
struct media *fake_media_new(struct sim *sim);
struct media *fake_media_free(struct media *media);
void fake_media_carry_out(struct media *media, struct media_command *command);
void fake_media_connect(struct media *media, struct handle endpoint);
void fake_media_pump(
    struct media *media); /* packets of all browsers, then the checks on what is open */
uint32_t fake_media_endpoints(const struct media *media);
int64_t fake_media_full_us(const struct media *media); /* when it last refused a command */

/* fake_browser.c */
void browser_step(struct sim *sim, struct page *page);
void browser_resume(struct sim *sim, struct page *page);
void browser_start(struct sim *sim);
void browser_forget_all(struct sim *sim); /* the gateway restarted: no session survived */

#endif
