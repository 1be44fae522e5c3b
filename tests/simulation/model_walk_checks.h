/* What has to hold at every edge, whatever the code thinks: promises P1, P2, P3, P7 and the invariants at the end of
 * safe-practice rules §4.2. */
#ifndef TESTS_SIMULATION_MODEL_WALK_CHECKS_H
#define TESTS_SIMULATION_MODEL_WALK_CHECKS_H

#include "tests/support/consultation_bench.h"

/* NULL, or what does not hold. `admitted`: the path to `before` had an ADMIT that was not taken back by the lobby. */
const char *walk_check_edge(const struct consultation *before, const struct step_input *input,
                            const struct consultation *after, const struct step_result *result,
                            bool admitted);
/* One consultation on its own. */
const char *walk_check_state(const struct consultation *consultation);

#endif
