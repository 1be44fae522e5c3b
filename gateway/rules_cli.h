/* `tsunagi rules eval|facts|doors|lint …`: ask a rule pack without a gateway. Thread: main.
 * Returns the exit status: 0 done, 1 the gate refuses (eval) or the pack has faults (lint), 2 wrong usage or input. */
#ifndef GATEWAY_RULES_CLI_H
#define GATEWAY_RULES_CLI_H

/* argv[0] is the word after "rules". */
int rules_cli(int argc, char **argv);

#endif
