/* Many seeds of whole calls; see whole.h. TSUNAGI_SEED repeats one base seed, TSUNAGI_SEEDS says how many from there. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/pack_load.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/control/control_state.h"
#include "tests/simulation/whole/whole.h"

#define PACK_FILE    "config/rules/jp-online-care.yaml"
#define ANSWER_FILE  "tests/data/sdp/chromium_156_answer.sdp"
#define BASE_SEED    123400 /* the same lives in every run; TSUNAGI_SEED looks for others */
#define SEEDS        300
#define PUMP_US      (50 * US_PER_MS)
#define WIND_DOWN_US (30 * 3600 * US_PER_S) /* longer than every deadline */

void sim_fail(const struct sim *sim, const char *file, int line, const char *format, ...)
{
    va_list values;
    fprintf(stderr, "\nTSUNAGI_SEED=%" PRIu64 " TSUNAGI_SEEDS=1, at %lld ms, %s:%d: ", sim->seed,
            (long long)(sim->now_us / US_PER_MS), file, line);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    abort();
}

void sim_trace(struct sim *sim, uint64_t value)
{
    sim->trace = (sim->trace ^ value ^ (uint64_t)sim->now_us) * 0x100000001b3ull;
}

struct visit *sim_visit(struct sim *sim, const char *id)
{
    for (int i = 0; i < sim->visits_count; i++)
        if (id[0] != 0 && strcmp(sim->visits[i].id.text, id) == 0)
            return &sim->visits[i];
    return NULL;
}

bool sim_overdue(const struct sim *sim, int64_t since_us)
{
    int64_t full_us = fake_media_full_us(sim->media);
    int64_t asked_us = full_us >= since_us ? full_us + TICK_US : since_us;
    return sim->now_us - asked_us > GRACE_US;
}

/* ---- the queue: a heap by time, then by order of scheduling ----------------------------------------------------- */

static bool happens_before(const struct happened *a, const struct happened *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void sim_later(struct sim *sim, int64_t delay_us, enum happening what, uint32_t a, uint32_t b,
               void *object)
{
    if (sim->queue_count == sim->queue_room) {
        sim->queue_room = sim->queue_room == 0 ? 256 : 2 * sim->queue_room;
        sim->queue = realloc(sim->queue, sim->queue_room * sizeof(*sim->queue));
        SIM_CHECK(sim, sim->queue != NULL, "no memory");
    }
    struct happened happened = {.at_us = sim->now_us + delay_us,
                                .order = sim->order++,
                                .what = what,
                                .a = a,
                                .b = b,
                                .object = object};
    size_t at = sim->queue_count++;
    while (at > 0 && happens_before(&happened, &sim->queue[(at - 1) / 2])) {
        sim->queue[at] = sim->queue[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sim->queue[at] = happened;
}

static struct happened sim_take(struct sim *sim)
{
    struct happened first = sim->queue[0], last = sim->queue[--sim->queue_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < sim->queue_count; at = child) {
        if (child + 1 < sim->queue_count &&
            happens_before(&sim->queue[child + 1], &sim->queue[child]))
            child++;
        if (!happens_before(&sim->queue[child], &last))
            break;
        sim->queue[at] = sim->queue[child];
    }
    if (sim->queue_count > 0)
        sim->queue[at] = last;
    return first;
}

/* ---- birth and restart ----------------------------------------------------------------------------------------- */

static enum result read_pack(void *owner, struct span bytes, const char *name,
                             struct rule_pack **ret_pack)
{
    char message[1024];
    (void)owner;
    return pack_load_bytes(bytes, name, ret_pack, message, sizeof(message));
}

static void gateway_start(struct sim *sim)
{
    struct control_options options = {.practice = {.gap_warn_us = 5 * US_PER_S,
                                                   .gap_pause_us = 15 * US_PER_S,
                                                   .reconnect_grace_us = 180 * US_PER_S,
                                                   .lobby_early_us = 15 * 60 * US_PER_S,
                                                   .checklist_limit_us = 24 * 3600 * US_PER_S},
                                      .resume_us = 180 * US_PER_S,
                                      .read_pack = read_pack};
    options.pack.bytes = malloc(sim->pack_length);
    options.pack.length = sim->pack_length;
    memcpy(options.pack.bytes, sim->pack_bytes, sim->pack_length);
    SIM_CHECK(sim,
              result_ok(read_pack(NULL, span_of(sim->pack_bytes, sim->pack_length), PACK_FILE,
                                  &options.pack.pack)),
              "the pack does not load");
    sim->store = fake_store_new(sim);
    sim->media = fake_media_new(sim);
    sim->signaling = fake_signaling_new(sim);
    struct control_rooms rooms = {
        .store = sim->store, .media = sim->media, .counters = sim->counters};
    SIM_CHECK(sim, result_ok(control_new(&options, &rooms, &sim->control)), "control_new");
    control_attach(sim->control, sim->signaling);
}

/* What is under way belongs to rooms that are gone. */
static void queue_forget_rooms(struct sim *sim)
{
    size_t kept = 0, count = sim->queue_count;
    struct happened *old = malloc((count + 1) * sizeof(*old));
    memcpy(old, sim->queue, count * sizeof(*old));
    sim->queue_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (old[i].what == HAPPENING_MEDIA_COMMAND)
            free(old[i].object);
        if (old[i].what == HAPPENING_TICK || old[i].what == HAPPENING_PUMP ||
            old[i].what == HAPPENING_PAGE || old[i].what == HAPPENING_RESTART) {
            sim_later(sim, old[i].at_us - sim->now_us, old[i].what, old[i].a, old[i].b, NULL);
            kept++;
        }
    }
    SIM_CHECK(sim, kept == sim->queue_count, "queue");
    free(old);
}

/* In the order of gateway.c. */
static void gateway_stop(struct sim *sim)
{
    fake_store_finish(sim->store);
    sim->store = fake_store_free(sim->store);
    control_detach(sim->control);
    sim->signaling = fake_signaling_free(sim->signaling);
    sim->media = fake_media_free(sim->media);
    sim->control = control_free(sim->control);
    browser_forget_all(sim);
    queue_forget_rooms(sim);
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static void sim_happen(struct sim *sim, const struct happened *happened)
{
    switch (happened->what) {
    case HAPPENING_STORE:
        fake_store_answer(sim->store, happened->object);
        break;
    case HAPPENING_MEDIA_COMMAND:
        fake_media_carry_out(sim->media, happened->object);
        break;
    case HAPPENING_MEDIA_EVENTS:
        control_media_events(sim->control);
        break;
    case HAPPENING_PUMP:
        fake_media_pump(sim->media);
        sim_later(sim, sim->winding_down ? TICK_US : PUMP_US, HAPPENING_PUMP, 0, 0, NULL);
        break;
    case HAPPENING_TICK:
        control_tick(sim->control);
        sim_later(sim, TICK_US, HAPPENING_TICK, 0, 0, NULL);
        break;
    case HAPPENING_PAGE:
        browser_step(sim, &sim->pages[happened->a]);
        break;
    case HAPPENING_RESUME:
        browser_resume(sim, &sim->pages[happened->a]);
        break;
    case HAPPENING_EXPIRE:
        fake_signaling_expire(sim, (struct handle){happened->a, happened->b});
        break;
    case HAPPENING_CONNECT:
        fake_media_connect(sim->media, (struct handle){happened->a, happened->b});
        break;
    case HAPPENING_RESTART:
        sim->seen[SEEN_RESTARTED]++;
        gateway_stop(sim);
        gateway_start(sim);
        break;
    }
}

static bool sim_is_quiet(const struct sim *sim)
{
    for (int i = 0; i < sim->visits_count; i++)
        if (sim->visits[i].booked && !consultation_is_over(sim->visits[i].durable.state))
            return false;
    return sim->control->live_count == 0 && fake_store_owed(sim->store) == 0 &&
           fake_media_endpoints(sim->media) == 0;
}

static void sim_run_until(struct sim *sim, int64_t end_us, bool until_quiet)
{
    while (sim->queue_count > 0 && sim->queue[0].at_us <= end_us &&
           !(until_quiet && sim_is_quiet(sim))) {
        struct happened happened = sim_take(sim);
        sim->now_us = happened.at_us;
        machine_set_time(sim->now_us);
        sim_happen(sim, &happened);
    }
}

static void sim_start(struct sim *sim, uint64_t seed)
{
    machine_start(seed);
    sim->seed = seed;
    sim->dice.state = seed;
    sim->now_us = clock_monotonic_us();
    sim->counters = calloc(1, sizeof(*sim->counters));
    sim->institution = id_new('i');
    for (int i = 0; i < PHYSICIANS; i++)
        sim->physicians[i] = id_new('s');
    sim->visits_count = (int)dice_between(&sim->dice, 2, VISITS_MAX);
    for (int i = 0; i < sim->visits_count; i++) {
        struct visit *visit = &sim->visits[i];
        visit->physician = i % PHYSICIANS;
        visit->changed_us = sim->now_us;
    }
    gateway_start(sim);
    browser_start(sim);
    sim_later(sim, 0, HAPPENING_TICK, 0, 0, NULL);
    sim_later(sim, 0, HAPPENING_PUMP, 0, 0, NULL);
    sim->end_us = sim->now_us + dice_between(&sim->dice, 600, 3000) * US_PER_S;
    if (dice_permille(&sim->dice, 250))
        sim_later(sim, dice_between(&sim->dice, 60, 600) * US_PER_S, HAPPENING_RESTART, 0, 0, NULL);
}

static void sim_end(struct sim *sim)
{
    sim->winding_down = true;
    sim_run_until(sim, sim->now_us + WIND_DOWN_US, true);
    for (int i = 0; i < sim->visits_count; i++)
        SIM_CHECK(sim, !sim->visits[i].booked || consultation_is_over(sim->visits[i].durable.state),
                  "%s never ends: %s", sim->visits[i].id.text,
                  consultation_state_name(sim->visits[i].durable.state));
    for (int i = 0; i < PAGES_MAX; i++)
        if (sim->pages[i].has_session)
            fake_signaling_end(sim, &sim->pages[i], SESSION_END_BYE);
    for (int i = 0; i < PAGES_MAX; i++)
        sim->pages[i].over = true;
    sim_run_until(sim, sim->now_us + 400 * US_PER_S, false);
    SIM_CHECK(sim, sim->control->live_count == 0, "%u consultations stay",
              sim->control->live_count);
    SIM_CHECK(sim, sim->control->visitors_count == 0, "%u visitors stay",
              sim->control->visitors_count);
    SIM_CHECK(sim, fake_media_endpoints(sim->media) == 0, "%u endpoints stay",
              fake_media_endpoints(sim->media));
    SIM_CHECK(sim, fake_signaling_sessions(sim->signaling) == 0, "sessions stay");
    SIM_CHECK(sim, fake_store_owed(sim->store) == 0, "answers are owed");
    gateway_stop(sim);
    for (int i = 0; i < sim->visits_count; i++)
        for (int cell = 0; cell < STORED_CELLS; cell++)
            free(sim->visits[i].cells[cell].bytes);
    free(sim->queue);
    free(sim->counters);
}

/* One seed from booking to the last key destroyed; returns the digest of all that happened. */
static uint64_t simulate(const struct sim *prepared, uint64_t seed, uint64_t *seen)
{
    struct sim *sim = malloc(sizeof(*sim));
    *sim = *prepared;
    sim_start(sim, seed);
    sim_run_until(sim, sim->end_us, false);
    sim_end(sim);
    uint64_t trace = sim->trace;
    for (int i = 0; i < SEEN_COUNT; i++)
        seen[i] += sim->seen[i];
    free(sim);
    return trace;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* A simulation in which nothing of the kind happened has shown nothing. */
static bool seen_enough(const uint64_t *seen, bool must)
{
    static const char *const names[SEEN_COUNT] = {
        "admitted",   "started",   "closed",      "picture lost", "sound kept",   "emergency",
        "removed",    "moved",     "reconnected", "paused",       "store failed", "store full",
        "media full", "forwarded", "held back",   "restarted",    "resumed",      "expired",
        "refused",    "reissued",  "raced",       "records",      "told"};
    bool good = true;
    for (int i = 0; i < SEEN_COUNT; i++) {
        printf("  %-13s %" PRIu64 "\n", names[i], seen[i]);
        good = good && (seen[i] > 0 || !must);
    }
    return good;
}

int main(void)
{
    struct sim prepared = {0};
    char message[1024] = "";
    uint64_t seen[SEEN_COUNT] = {0}, again[SEEN_COUNT] = {0};
    uint64_t base = number_of("TSUNAGI_SEED", BASE_SEED);
    uint64_t count = number_of("TSUNAGI_SEEDS", SEEDS);
    printf("TSUNAGI_SEED=%" PRIu64 " TSUNAGI_SEEDS=%" PRIu64 "\n", base, count);
    fflush(stdout);
    log_set_level((enum log_level)(LOG_ERROR + (getenv("TSUNAGI_LOG") == NULL)));
    if (getenv("TSUNAGI_LOG") != NULL)
        log_set_level(LOG_INFO);
    if (!result_ok(pack_load(PACK_FILE, &prepared.pack, message, sizeof(message))) ||
        !result_ok(pack_read_file(PACK_FILE, &prepared.pack_bytes, &prepared.pack_length))) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    uint8_t *answer = NULL;
    size_t length = 0;
    if (!result_ok(pack_read_file(ANSWER_FILE, &answer, &length)))
        return 1;
    prepared.answer_sdp = calloc(1, length + 1);
    memcpy(prepared.answer_sdp, answer, length);
    free(answer);
    uint64_t first = simulate(&prepared, base, seen);
    bool good = simulate(&prepared, base, again) == first;
    if (!good)
        fprintf(stderr, "the same seed did not do the same\n");
    for (uint64_t i = 1; i < count; i++)
        simulate(&prepared, base + i, seen);
    good = seen_enough(seen, count >= 100) && good;
    rule_pack_free(prepared.pack);
    free(prepared.pack_bytes);
    free(prepared.answer_sdp);
    return good ? 0 : 1;
}
