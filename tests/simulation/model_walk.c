/* The whole consultation machine, walked breadth first over distinct (state, regions, seats, gate bits, losses, what
 * guards will remember) until nothing new appears, with every actor, event, code, gap and answer of the rules; then
 * random sequences against a second opinion about gate bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/base/check.h"
#include "tests/simulation/model_walk_checks.h"
#include "tests/simulation/model_walk_reference.h"

#define NODES_MAX (1u << 20)
#define SLOTS     (NODES_MAX * 2)

/* A consultation without the thousands of facts that this pack does not have. */
struct node {
    unsigned char head[offsetof(struct consultation, facts)];
    struct fact_value facts[FAKE_FACTS];
    unsigned char tail[sizeof(struct consultation) - offsetof(struct consultation, acknowledged)];
    int64_t now_us;
    bool admitted;
};

struct walk {
    struct bench bench;
    struct walk_inputs inputs;
    struct node *nodes;
    uint64_t *keys; /* SLOTS, 0 empty */
    uint32_t count;
    uint64_t edges, gone, ignored, refused;
    bool seen[CONSULTATION_STATE_COUNT];
    bool cell_went[CONSULTATION_STATE_COUNT][CONSULTATION_EVENT_COUNT];
    bool refusal_seen[STEP_REFUSAL_COUNT];
};

static void node_put(struct node *node, const struct consultation *consultation)
{
    memcpy(node->head, consultation, sizeof(node->head));
    memcpy(node->facts, consultation->facts.values, sizeof(node->facts));
    memcpy(node->tail, consultation->acknowledged, sizeof(node->tail));
}

static void node_get(const struct node *node, struct consultation *ret_consultation)
{
    memcpy(ret_consultation, node->head, sizeof(node->head));
    memcpy(ret_consultation->facts.values, node->facts, sizeof(node->facts));
    memcpy((unsigned char *)ret_consultation + offsetof(struct consultation, acknowledged),
           node->tail, sizeof(node->tail));
}

static void key_add(uint64_t *key, unsigned bits, uint64_t value)
{
    CHECK(value < 1ull << bits && *key >> (64 - bits) == 0);
    *key = *key << bits | value;
}

static bool is_one_of(enum consultation_state state, unsigned states)
{
    return (1u << state & states) != 0;
}

#define IN(name) (1u << CONSULTATION_STATE_##name)

/* Everything that can make two futures differ; times only as the comparisons that will be made with them, and what a
 * state cannot see is left out: an ended consultation remembers nothing that matters, gaps and grace are measured only
 * while somebody is missed, START and CONTINUE ask the rules afresh, an attestation can be given where it is needed.
 * Which of two browsers holds the seat is one case: they differ in name only. */
static uint64_t key_of(const struct bench *bench, const struct consultation *c, int64_t now_us,
                       bool admitted)
{
    uint64_t key = 1;
    enum consultation_state state = c->state;
    const struct fact_value *useful = &c->facts.values[FAKE_FACT_USEFUL];
    bool interrupted = is_one_of(state, IN(PAUSED) | IN(RECONNECTING));
    bool early = now_us < BENCH_BOOKED_US - bench->parameters.lobby_early_us;
    key_add(&key, 4, state);
    key_add(&key, 1, admitted);
    key_add(&key, 2, c->rec);
    key_add(&key, 2, c->rx);
    key_add(&key, 1, c->presence);
    for (int i = 0; i < 2; i++) {
        int64_t gap_us = now_us - c->seats[i].lost_at_us;
        key_add(&key, 3, c->seats[i].status);
        key_add(&key, 1, c->seats[i].was_present);
        key_add(&key, 1,
                interrupted && c->seats[i].was_present && !c->confirm_needed &&
                    gap_us > bench->parameters.gap_pause_us);
    }
    key_add(&key, 1, consultation_gate_open(c, 0, 1, GATE_AUDIO));
    key_add(&key, 1, consultation_gate_open(c, 0, 1, GATE_VIDEO));
    key_add(&key, 1, consultation_gate_open(c, 1, 0, GATE_AUDIO));
    key_add(&key, 1, consultation_gate_open(c, 1, 0, GATE_VIDEO));
    const struct seat *guest = &c->seats[SEAT_FIRST_GUEST];
    key_add(&key, 3, guest->status);
    key_add(&key, 1, guest->was_present);
    key_add(&key, 1, id_is_set(&guest->person));
    if (state > CONSULTATION_STATE_CLOSING)
        return key;
    key_add(&key, 1, id_is_set(&guest->device));
    key_add(&key, 2, guest->consent);
    key_add(&key, 1,
            guest->was_present &&
                now_us - guest->lost_at_us > bench->parameters.reconnect_grace_us);
    key_add(&key, 1, guest->sharing);
    key_add(&key, 1, c->seats[SEAT_PHYSICIAN].sharing);
    key_add(&key, 4, c->before_hold);
    key_add(&key, 1, c->picture_lost);
    key_add(&key, 1, c->sound_lost);
    key_add(&key, 1, c->evidence_lost && is_one_of(state, IN(CONSULT) | IN(RECONNECTING)));
    key_add(&key, 1, c->confirm_needed);
    key_add(&key, 1, c->second_device);
    key_add(&key, 1, id_is_set(&c->seats[SEAT_PATIENT].device));
    key_add(&key, 1, c->live_exam_us > 0);
    key_add(&key, 1, c->live_since_us > 0);
    key_add(&key, 1, c->pack_pinned);
    key_add(&key, 1, state == CONSULTATION_STATE_EMERGENCY && c->finished_at_us > 0);
    key_add(&key, 1, c->hold_reason[0] == 'F'); /* held by a rule of the pack */
    key_add(&key, 1,
            c->facts.values[FAKE_FACT_ACUTE].value == 1 &&
                !is_one_of(state, IN(EMERGENCY) | IN(CLOSING)));
    key_add(&key, 1,
            state == CONSULTATION_STATE_RECONNECTING && useful->known && useful->value == 1 &&
                useful->expires_us > now_us);
    key_add(&key, 1, c->deadline_us != 0 && now_us >= c->deadline_us);
    key_add(&key, 1, state == CONSULTATION_STATE_BOOKED && early);
    return key;
}

/* True when it is new. */
static bool keys_add(struct walk *walk, uint64_t key)
{
    uint64_t slot = key * 0x9e3779b97f4a7c15ull >> 43;
    for (slot &= SLOTS - 1; walk->keys[slot] != 0; slot = (slot + 1) & (SLOTS - 1))
        if (walk->keys[slot] == key)
            return false;
    walk->keys[slot] = key;
    return true;
}

static void walk_reached(struct walk *walk, const struct consultation *consultation, int64_t now_us,
                         bool admitted)
{
    if (!keys_add(walk, key_of(&walk->bench, consultation, now_us, admitted)))
        return;
    assert_true(walk->count < NODES_MAX);
    struct node *node = &walk->nodes[walk->count++];
    node_put(node, consultation);
    node->now_us = now_us;
    node->admitted = admitted;
    walk->seen[consultation->state] = true;
}

static bool admitted_after(bool admitted, const struct step_input *input,
                           const struct consultation *after)
{
    if (after->state <= CONSULTATION_STATE_LOBBY)
        return false;
    return admitted || input->event == CONSULTATION_EVENT_ADMIT;
}

static void walk_edge(struct walk *walk, const struct node *node, const struct walk_input *choice)
{
    struct bench *bench = &walk->bench;
    struct step_input input = choice->input;
    const struct seat *guest = &bench->now.seats[SEAT_FIRST_GUEST];
    if (input.event == CONSULTATION_EVENT_INVITE && id_is_set(&guest->person) &&
        guest->status != SEAT_GONE)
        return; /* one guest is walked; more of them are the same, and how many fit is test_guests' */
    input.now_us = node->now_us + choice->passes_us;
    walk_say(bench, choice->truth);
    consultation_step(bench->pack, &bench->parameters, &bench->now, &input, &bench->after,
                      &bench->result);
    const char *wrong =
        walk_check_edge(&bench->now, &input, &bench->after, &bench->result, node->admitted);
    if (wrong != NULL)
        fail_msg("%s in %s -> %s by %s, code '%s', seat %d, rules %d, after %lld s: not true: %s",
                 consultation_event_name(input.event), consultation_state_name(bench->now.state),
                 consultation_state_name(bench->after.state), role_name(input.actor.role),
                 input.code, input.seat, choice->truth, (long long)(choice->passes_us / BENCH_S),
                 wrong);
    walk->edges++;
    walk->refusal_seen[bench->result.refusal] = true;
    if (bench->result.verdict != STEP_GO) {
        walk->ignored += bench->result.verdict == STEP_IGNORE;
        walk->refused += bench->result.verdict == STEP_REFUSE;
        return;
    }
    walk->gone++;
    walk->cell_went[bench->now.state][input.event] = true;
    walk_reached(walk, &bench->after, input.now_us,
                 admitted_after(node->admitted, &input, &bench->after));
}

/* Nothing happens for a while: a gap that pauses, the grace time, a day. */
static void walk_time(struct walk *walk, const struct node *node)
{
    static const int64_t passes_us[] = {20 * BENCH_S, 200 * BENCH_S, 25 * 3600 * BENCH_S};
    for (size_t i = 0; i < ARRAY_LENGTH(passes_us); i++)
        walk_reached(walk, &walk->bench.now, node->now_us + passes_us[i], node->admitted);
}

static void walk_init(struct walk *walk)
{
    bench_init(&walk->bench);
    walk->nodes = malloc(NODES_MAX * sizeof(*walk->nodes)); /* touched as far as it is needed */
    walk->keys = calloc(SLOTS, sizeof(*walk->keys));
    CHECK(walk->nodes != NULL && walk->keys != NULL);
}

static void walk_done(struct walk *walk)
{
    free(walk->nodes);
    free(walk->keys);
    walk_inputs_done(&walk->inputs);
    bench_done(&walk->bench);
    free(walk);
}

/* Returns the cells that went; the walk holds what was seen. */
static unsigned breadth_first(struct walk *walk)
{
    walk_reached(walk, &walk->bench.now, BENCH_BOOKED_US - 3600 * BENCH_S, false);
    for (uint32_t i = 0; i < walk->count; i++) {
        node_get(&walk->nodes[i], &walk->bench.now);
        for (unsigned k = 0; k < walk->inputs.count; k++)
            walk_edge(walk, &walk->nodes[i], &walk->inputs.all[k]);
        walk_time(walk, &walk->nodes[i]);
    }
    unsigned cells = 0;
    for (int state = 0; state < CONSULTATION_STATE_COUNT; state++) {
        assert_true(walk->seen[state]);
        for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++)
            cells += walk->cell_went[state][event];
    }
    print_message("states: %u  edges: %llu (%llu go, %llu ignored, %llu refused)  inputs tried in "
                  "each: %u  cells that went: %u\n",
                  walk->count, (unsigned long long)walk->edges, (unsigned long long)walk->gone,
                  (unsigned long long)walk->ignored, (unsigned long long)walk->refused,
                  walk->inputs.count, cells);
    return cells;
}

static void two_people_until_nothing_new(void **unused)
{
    (void)unused;
    struct walk *walk = calloc(1, sizeof(*walk));
    CHECK(walk != NULL);
    walk_init(walk);
    walk_inputs_init(&walk->inputs, &walk->bench);
    breadth_first(walk);
    for (int refusal = 0; refusal < STEP_REFUSAL_SEATS_FULL; refusal++)
        if (!walk->refusal_seen[refusal])
            fail_msg("no input was ever refused with %s",
                     step_refusal_name((enum step_refusal)refusal));
    walk_done(walk);
}

static void with_a_guest_until_nothing_new(void **unused)
{
    (void)unused;
    struct walk *walk = calloc(1, sizeof(*walk));
    CHECK(walk != NULL);
    walk_init(walk);
    walk_inputs_init_guest(&walk->inputs, &walk->bench);
    breadth_first(walk);
    assert_true(walk->refusal_seen[STEP_REFUSAL_CONSENT_MISSING]);
    assert_true(walk->refusal_seen[STEP_REFUSAL_SCREEN_TAKEN]);
    for (int state = CONSULTATION_STATE_IDENT; state <= CONSULTATION_STATE_EMERGENCY; state++)
        assert_true(walk->cell_went[state][CONSULTATION_EVENT_SEAT_ADMIT] ==
                    (state != CONSULTATION_STATE_RECONNECTING));
    walk_done(walk);
}

/* ---- random sequences against the reference ---- */

#define SEQUENCES 1000000u
#define STEPS_MAX 16

/* xorshift64*, so that a seed gives the same walk everywhere */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static const struct walk_input *random_input(const struct walk_inputs *inputs,
                                             const struct consultation *now, uint64_t *seed)
{
    /* toward the next state often enough that long lives are common */
    static const unsigned char onward[CONSULTATION_STATE_COUNT] = {
        [CONSULTATION_STATE_BOOKED] = CONSULTATION_EVENT_ENTER,
        [CONSULTATION_STATE_LOBBY] = CONSULTATION_EVENT_ADMIT,
        [CONSULTATION_STATE_IDENT] = CONSULTATION_EVENT_START,
        [CONSULTATION_STATE_CONSULT] = CONSULTATION_EVENT_ENDPOINT_LOST,
        [CONSULTATION_STATE_PAUSED] = CONSULTATION_EVENT_CONTINUE,
        [CONSULTATION_STATE_RECONNECTING] = CONSULTATION_EVENT_ENDPOINT_BACK,
        [CONSULTATION_STATE_EMERGENCY] = CONSULTATION_EVENT_EMERGENCY_OVER,
        [CONSULTATION_STATE_CLOSING] = CONSULTATION_EVENT_FACT,
    };
    uint64_t draw = random_next(seed);
    unsigned event = (unsigned)(draw >> 8) % CONSULTATION_EVENT_COUNT;
    if (draw % 8 < 5)
        event = onward[now->state];
    if (draw % 8 == 5 || now->seats[0].status == SEAT_EMPTY || now->seats[1].status == SEAT_EMPTY)
        event = CONSULTATION_EVENT_SEAT_TAKE;
    unsigned first = inputs->first_of[event], count = inputs->first_of[event + 1] - first;
    return &inputs->all[first + (unsigned)(random_next(seed) >> 16) % count];
}

/* Mostly nothing; now and then a gap that pauses, the grace time or the checklist's day. */
static int64_t random_pause_us(uint64_t *seed)
{
    static const int64_t pauses_us[8] = {20 * BENCH_S, 200 * BENCH_S, 25 * 3600 * BENCH_S};
    return pauses_us[random_next(seed) >> 32 & 7];
}

static void compare_gates(const struct bench *bench, const struct reference *reference,
                          uint64_t seed)
{
    const struct consultation *now = &bench->now;
    for (int from = 0; from < SEATS_MAX; from++)
        for (int to = 0; to < SEATS_MAX; to++)
            for (enum gate_kind kind = GATE_AUDIO; kind <= GATE_VIDEO; kind++) {
                bool wanted = reference_open(reference) && from < 2 && to < 2 && from != to;
                if (consultation_gate_open(now, from, to, kind) != wanted)
                    fail_msg("seed %llu: gate %d -> %d in %s: the reference says %d",
                             (unsigned long long)seed, from, to,
                             consultation_state_name(now->state), wanted);
            }
}

static uint64_t random_sequence(struct bench *bench, const struct walk_inputs *inputs,
                                const struct node *first, uint64_t *seed, uint64_t *ret_opened)
{
    struct reference reference = {.admitted = false};
    uint64_t start = *seed, steps = 0;
    bool admitted = false, opened = false;
    node_get(first, &bench->now);
    bench->now_us = BENCH_BOOKED_US;
    for (unsigned i = 0; i < STEPS_MAX && bench->now.state <= CONSULTATION_STATE_CLOSING; i++) {
        const struct walk_input *choice = random_input(inputs, &bench->now, seed);
        struct step_input input = choice->input;
        bench->now_us += choice->passes_us + random_pause_us(seed);
        input.now_us = bench->now_us;
        walk_say(bench, choice->truth);
        consultation_step(bench->pack, &bench->parameters, &bench->now, &input, &bench->after,
                          &bench->result);
        steps++;
        if (bench->result.verdict != STEP_GO)
            continue;
        reference_take(&reference, &input, choice->truth);
        admitted = admitted_after(admitted, &input, &bench->after);
        bench->now = bench->after;
        compare_gates(bench, &reference, start);
        const char *wrong = walk_check_state(&bench->now);
        if (wrong != NULL)
            fail_msg("seed %llu: after %s in %s: not true: %s", (unsigned long long)start,
                     consultation_event_name(input.event),
                     consultation_state_name(bench->now.state), wrong);
        opened |= consultation_gate_open(&bench->now, 0, 1, GATE_AUDIO);
    }
    *ret_opened += opened;
    return steps;
}

static void random_sequences_agree_with_the_reference(void **unused)
{
    (void)unused;
    const char *given = getenv("TSUNAGI_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    uint64_t steps = 0, opened = 0;
    struct walk_inputs inputs;
    struct bench bench;
    struct node first;
    seed += seed == 0; /* zero stays zero for ever */
    print_message("seed: %llu (TSUNAGI_SEED repeats it)\n", (unsigned long long)seed);
    bench_init(&bench);
    walk_inputs_init(&inputs, &bench);
    node_put(&first, &bench.now);
    for (unsigned i = 0; i < SEQUENCES; i++)
        steps += random_sequence(&bench, &inputs, &first, &seed, &opened);
    print_message("sequences: %u  steps: %llu  with open media: %llu\n", SEQUENCES,
                  (unsigned long long)steps, (unsigned long long)opened);
    assert_true(opened > SEQUENCES / 20); /* else the sequences were about nothing */
    walk_inputs_done(&inputs);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_people_until_nothing_new),
        cmocka_unit_test(with_a_guest_until_nothing_new),
        cmocka_unit_test(random_sequences_agree_with_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
