/* `tsunagi check-config FILE`: reads a configuration as `serve` would and says what it means: effective values, what a
 * client will see as candidates, the certificate's subject and expiry, the rule pack. Starts nothing. Thread: main.
 * Returns the exit status: 0 usable, 2 not. */
#ifndef GATEWAY_CHECK_CONFIG_H
#define GATEWAY_CHECK_CONFIG_H

/* argv[0] is the configuration file; `--turnserver FILE` behind it holds coturn's own file against it. */
int check_config_cli(int argc, char **argv);

#endif
