/* The TURN part of `tsunagi check-config`: what pages are told, what the server beside us has to be told, and, when its
 * file is given, whether it says that. coturn would relay to any address; only its own lists hold it to our media
 * address, so they are worth a check. Thread: main. */
#ifndef GATEWAY_CHECK_TURN_H
#define GATEWAY_CHECK_TURN_H

#include <stdbool.h>

#include "config/config.h"

/* Prints to stdout, complains on stderr. `turnserver_file`: coturn's configuration, or NULL. False: unusable. */
MUST_CHECK bool check_turn(const struct gateway_config *config, const char *turnserver_file);

#endif
