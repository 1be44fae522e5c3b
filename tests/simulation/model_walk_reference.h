/* A second opinion about gate bits: who hears whom, from the events that went, in a handful of booleans. It shares
 * nothing with the consultation room but the names of events. */
#ifndef TESTS_SIMULATION_MODEL_WALK_REFERENCE_H
#define TESTS_SIMULATION_MODEL_WALK_REFERENCE_H

#include "tests/simulation/model_walk_inputs.h"

struct reference {
    bool admitted, consulting, held, emergency, closing, over;
    bool acute;
    bool line_cut[2];
};

/* An event went. */
void reference_take(struct reference *reference, const struct step_input *input,
                    enum walk_truth truth);
/* Do the two hear and see each other? */
bool reference_open(const struct reference *reference);

#endif
