#include "tests/simulation/model_walk_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"

void walk_say(struct bench *bench, enum walk_truth truth)
{
    enum truth gates = truth == WALK_GATES_REFUSED   ? TRUTH_FALSE
                       : truth == WALK_GATES_UNKNOWN ? TRUTH_UNKNOWN
                                                     : TRUTH_TRUE;
    fake_pack_say_all(bench->pack, TRUTH_TRUE);
    fake_pack_say(bench->pack, FAKE_RULE_LOBBY, gates);
    fake_pack_say(bench->pack, FAKE_RULE_ADMIT, gates);
    fake_pack_say(bench->pack, FAKE_RULE_START, gates);
    fake_pack_say(bench->pack, FAKE_RULE_CLOSE, gates);
    if (truth == WALK_PAUSE)
        fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_FALSE);
    if (truth == WALK_PAUSE_UNKNOWN)
        fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_UNKNOWN);
    if (truth == WALK_SOFT_PAUSE)
        fake_pack_say(bench->pack, FAKE_RULE_TRACKS, TRUTH_FALSE);
    if (truth == WALK_TERMINATE)
        fake_pack_say(bench->pack, FAKE_RULE_WISH, TRUTH_FALSE);
}

static void add(struct walk_inputs *inputs, const struct walk_input *input)
{
    CHECK(inputs->count < WALK_INPUTS_MAX);
    inputs->all[inputs->count++] = *input;
}

/* The answers of the rules that can matter to this event. */
static void add_truths(struct walk_inputs *inputs, struct walk_input input)
{
    static const struct {
        enum consultation_event event;
        unsigned truths;
    } asks[] = {
        {CONSULTATION_EVENT_ENTER, 1u << WALK_GATES_REFUSED | 1u << WALK_GATES_UNKNOWN},
        {CONSULTATION_EVENT_ADMIT, 1u << WALK_GATES_REFUSED | 1u << WALK_GATES_UNKNOWN},
        {CONSULTATION_EVENT_CLOSE, 1u << WALK_GATES_REFUSED | 1u << WALK_GATES_UNKNOWN},
        {CONSULTATION_EVENT_START, (1u << WALK_TRUTHS) - 1},
        {CONSULTATION_EVENT_CONTINUE, (1u << WALK_TRUTHS) - 1},
        {CONSULTATION_EVENT_FACT, (1u << WALK_TRUTHS) - 1},
    };
    input.truth = WALK_ALL_MET;
    add(inputs, &input);
    for (size_t i = 0; i < ARRAY_LENGTH(asks); i++)
        for (int truth = WALK_ALL_MET + 1; truth < WALK_TRUTHS; truth++)
            if (asks[i].event == input.input.event && (asks[i].truths & 1u << truth) != 0) {
                input.truth = (enum walk_truth)truth;
                add(inputs, &input);
            }
}

static void add_codes(struct walk_inputs *inputs, struct walk_input input)
{
    static const struct {
        enum consultation_event event;
        const char *code;
    } codes[] = {
#define X(event, code) {CONSULTATION_EVENT_##event, #code},
        CONSULTATION_CODE_LIST(X)
#undef X
    };
    memset(input.input.code, 0, sizeof(input.input.code));
    add_truths(inputs, input);
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
        if (codes[i].event == input.input.event) {
            strcpy(input.input.code, codes[i].code);
            add_truths(inputs, input);
        }
    strcpy(input.input.code, "yamada_hanako");
    add(inputs, &input);
}

static void add_facts(struct walk_inputs *inputs, struct walk_input input, enum who who)
{
    static const struct {
        enum who who;
        enum supplier supplier;
        enum fake_fact fact;
        bool every_truth;
    } doors[] = {
        {WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_PRIVATE, true},
        {WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_ACUTE, false},
        {WHO_PATIENT, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, false}, /* not his to say */
        {WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, false},
        {WHO_SYSTEM, SUPPLIER_MEDIA, FAKE_FACT_PICTURE, false},
    };
    if (who == WHO_PHYSICIAN) {
        input.input.fact_supplier = SUPPLIER_PHYSICIAN;
        input.input.fact_value = 10; /* out of range */
        add(inputs, &input);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(doors); i++)
        for (int value = 0; value <= 2 && doors[i].who == who; value++) {
            input.input.fact = (int)doors[i].fact;
            input.input.fact_supplier = doors[i].supplier;
            input.input.fact_clear = value == 2;
            input.input.fact_value = value == 2 ? 0 : value;
            if (doors[i].every_truth)
                add_truths(inputs, input);
            else
                add(inputs, &input);
        }
}

static void add_seats(struct walk_inputs *inputs, struct walk_input input)
{
    static const struct id none = {""};
    const struct id *devices[] = {&BENCH_DEVICE, &BENCH_OTHER_DEVICE, &none};
    enum consultation_event event = input.input.event;
    bool by_device =
        event == CONSULTATION_EVENT_SEAT_TAKE || event == CONSULTATION_EVENT_SECOND_DEVICE ||
        event == CONSULTATION_EVENT_MOVE_SEAT || event == CONSULTATION_EVENT_ENDPOINT_BACK;
    for (int seat = -1; seat < 2; seat++)
        for (size_t i = 0; i < (by_device ? ARRAY_LENGTH(devices) : 1); i++) {
            input.input.seat = seat;
            input.input.device = *devices[i];
            add(inputs, &input);
        }
    input.input.seat = 2; /* of nobody */
    add(inputs, &input);
    input.input.seat = SEATS_MAX;
    add(inputs, &input);
}

/* One event by one entitled actor. */
static void add_event(struct walk_inputs *inputs, const struct bench *bench,
                      enum consultation_event event, enum who who)
{
    struct walk_input input = {.input = bench_input(bench, event, who), .passes_us = BENCH_S};
    if (event == CONSULTATION_EVENT_FACT) {
        add_facts(inputs, input, who);
    } else if ((event >= CONSULTATION_EVENT_SEAT_TAKE && event <= CONSULTATION_EVENT_MOVE_SEAT) ||
               event == CONSULTATION_EVENT_ENDPOINT_LOST ||
               event == CONSULTATION_EVENT_ENDPOINT_BACK) {
        add_seats(inputs, input);
    } else {
        add_codes(inputs, input);
        input.passes_us = 0; /* in the same moment: nothing was examined yet */
        if (event == CONSULTATION_EVENT_FINISH || event == CONSULTATION_EVENT_EMERGENCY)
            add(inputs, &input);
        input.input.physician_busy = true;
        if (event == CONSULTATION_EVENT_ADMIT)
            add(inputs, &input);
    }
}

void walk_inputs_init(struct walk_inputs *inputs, const struct bench *bench)
{
    inputs->count = 0;
    inputs->all = calloc(WALK_INPUTS_MAX, sizeof(*inputs->all));
    CHECK(inputs->all != NULL);
    for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++) {
        inputs->first_of[event] = inputs->count;
        for (enum who who = WHO_PATIENT; who < WHO_COUNT; who++) {
            struct walk_input wrong = {.input =
                                           bench_input(bench, (enum consultation_event)event, who),
                                       .passes_us = BENCH_S};
            bool entitled =
                who <= WHO_SYSTEM &&
                consultation_event_allowed((enum consultation_event)event, bench_actor(who).role);
            if (event == CONSULTATION_EVENT_INVITE && entitled)
                continue; /* with guests: walk_inputs_init_guest() */
            if (entitled)
                add_event(inputs, bench, (enum consultation_event)event, who);
            else if (who >= WHO_OTHER_PATIENT) /* other roles: every cell in test_step_table */
                add(inputs, &wrong);
        }
    }
    inputs->first_of[CONSULTATION_EVENT_COUNT] = inputs->count;
}

static void add_guest(struct walk_inputs *inputs, const struct bench *bench,
                      enum consultation_event event, enum who who, int seat, const char *code)
{
    struct walk_input input = {.input = bench_input(bench, event, who), .passes_us = BENCH_S};
    input.input.seat = seat;
    if (seat == SEAT_FIRST_GUEST || who == WHO_GUEST)
        input.input.device = BENCH_GUEST_DEVICE;
    if (code != NULL)
        (void)!text_copy(input.input.code, sizeof(input.input.code), code);
    add(inputs, &input);
    input.input.device = BENCH_OTHER_DEVICE;
    if (event == CONSULTATION_EVENT_SEAT_TAKE || event == CONSULTATION_EVENT_ENDPOINT_BACK)
        add(inputs, &input);
}

static void add_guest_event(struct walk_inputs *inputs, const struct bench *bench,
                            enum consultation_event event)
{
    enum who who = bench_allowed(event);
    switch (event) {
    case CONSULTATION_EVENT_FACT: /* about the two */
    case CONSULTATION_EVENT_ACKNOWLEDGE:
    case CONSULTATION_EVENT_SECOND_DEVICE:
    case CONSULTATION_EVENT_MOVE_SEAT:
        break;
    case CONSULTATION_EVENT_SEAT_TAKE:
        add_guest(inputs, bench, event, WHO_PATIENT, -1, NULL);
        add_guest(inputs, bench, event, WHO_PHYSICIAN, -1, NULL);
        add_guest(inputs, bench, event, WHO_GUEST, -1, NULL);
        break;
    case CONSULTATION_EVENT_SEAT_LEAVE:
        add_guest(inputs, bench, event, WHO_PATIENT, SEAT_PATIENT, NULL);
        add_guest(inputs, bench, event, WHO_GUEST, SEAT_FIRST_GUEST, NULL);
        add_guest(inputs, bench, event, WHO_SYSTEM, SEAT_FIRST_GUEST, NULL);
        break;
    case CONSULTATION_EVENT_SEAT_AWAY:
    case CONSULTATION_EVENT_ENDPOINT_LOST:
    case CONSULTATION_EVENT_ENDPOINT_BACK:
    case CONSULTATION_EVENT_REMOVE:
        for (int seat = 0; seat <= SEAT_FIRST_GUEST + 1; seat++) /* the last is nobody's */
            add_guest(inputs, bench, event, who, seat, NULL);
        break;
    case CONSULTATION_EVENT_SEAT_CONSENT:
        add_guest(inputs, bench, event, who, SEAT_FIRST_GUEST, "given");
        add_guest(inputs, bench, event, who, SEAT_FIRST_GUEST, "refused");
        add_guest(inputs, bench, event, who, SEAT_FIRST_GUEST, NULL);
        break;
    case CONSULTATION_EVENT_SEAT_ADMIT:
        add_guest(inputs, bench, event, who, SEAT_FIRST_GUEST, NULL);
        break;
    case CONSULTATION_EVENT_SCREEN:
        for (int i = 0; i < 4; i++)
            add_guest(inputs, bench, event, i % 2 == 0 ? WHO_PHYSICIAN : WHO_GUEST, -1,
                      i < 2 ? "on" : "off");
        break;
    case CONSULTATION_EVENT_EMERGENCY:
        add_guest(inputs, bench, event, WHO_GUEST, -1, NULL);
        add_guest(inputs, bench, event, WHO_PATIENT, -1, NULL);
        break;
    default:
        add_guest(inputs, bench, event, who, -1, NULL);
        break;
    }
}

void walk_inputs_init_guest(struct walk_inputs *inputs, const struct bench *bench)
{
    inputs->count = 0;
    inputs->all = calloc(WALK_INPUTS_MAX, sizeof(*inputs->all));
    CHECK(inputs->all != NULL);
    for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++) {
        inputs->first_of[event] = inputs->count;
        add_guest_event(inputs, bench, (enum consultation_event)event);
    }
    inputs->first_of[CONSULTATION_EVENT_COUNT] = inputs->count;
}

void walk_inputs_done(struct walk_inputs *inputs)
{
    free(inputs->all);
    inputs->all = NULL;
}
