/* `tsunagi duty check FILE.json [--json]`: one physician's declared month or planned roster against the working-time
 * rules. Thread: main. Returns the exit status: 0 in order on what was declared (or the rules do not apply),
 * 1 breach or warning, 2 wrong usage or input, 3 cannot be said. */
#ifndef GATEWAY_DUTY_CLI_H
#define GATEWAY_DUTY_CLI_H

/* argv[0] is the word after "duty". */
int duty_cli(int argc, char **argv);

#endif
