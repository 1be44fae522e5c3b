/* Everything that may happen to a consultation next: events × actors × seats × devices × codes × facts × time that
 * passes × what the rules say. Used by the walk (all of them) and by the random sequences (picked). */
#ifndef TESTS_SIMULATION_MODEL_WALK_INPUTS_H
#define TESTS_SIMULATION_MODEL_WALK_INPUTS_H

#include "tests/support/consultation_bench.h"

/* What the rules answer while this input is handled. */
enum walk_truth {
    WALK_ALL_MET,
    WALK_GATES_REFUSED, /* G2, G3, G4 and G7 */
    WALK_GATES_UNKNOWN, /* the same, because nobody said */
    WALK_PAUSE,         /* a live rule is false by an answer */
    WALK_PAUSE_UNKNOWN, /* the answer is missing: must not act */
    WALK_SOFT_PAUSE,    /* a live rule is false by measure (1.6-02) */
    WALK_TERMINATE,
    WALK_TRUTHS
};

struct walk_input {
    struct step_input input; /* now_us is set when it is used */
    enum walk_truth truth;
    int64_t passes_us; /* time that goes by before it */
};

#define WALK_INPUTS_MAX 1024

struct walk_inputs {
    struct walk_input *all; /* heap, WALK_INPUTS_MAX */
    unsigned count;
    unsigned first_of[CONSULTATION_EVENT_COUNT + 1]; /* inputs of one event lie together */
};

/* Patient and physician alone: everything about the two. */
void walk_inputs_init(struct walk_inputs *inputs, const struct bench *bench);
/* With a guest: everything about the guest and screens, and one way through each event of the two. */
void walk_inputs_init_guest(struct walk_inputs *inputs, const struct bench *bench);
void walk_inputs_done(struct walk_inputs *inputs);
/* Makes the bench's rules answer so. */
void walk_say(struct bench *bench, enum walk_truth truth);

#endif
