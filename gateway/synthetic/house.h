/* The demo's own gateway: a temporary home, certificate, log key, clinic; signer and server as child processes of the very
 * binary that is shipped. Everything is removed at the end.
 *
 * Thread: the main one.   Owner: demo.c. */
#ifndef GATEWAY_SYNTHETIC_HOUSE_H
#define GATEWAY_SYNTHETIC_HOUSE_H

#include <jansson.h>
#include <stdbool.h>

#include "gateway/base/cleanup.h"

struct house;

/* `binary` is the path of tsunagi; `share` the folder with web/ and config/. Says on stderr what is wrong; NULL then. */
struct house *house_open(const char *binary, const char *web, const char *pack);
/* Stops both processes (SIGTERM) and removes the home unless `keep`. */
struct house *house_close(struct house *house, bool keep);
const char *house_origin(const struct house *house);
const char *house_certificate(const struct house *house);
/* What demo-clinic printed: consultation, link, physician, administrator. Borrowed. */
json_t *house_clinic(const struct house *house);
/* `tsunagi audit verify --json` on the house's log; the caller owns the object. */
json_t *house_verify(const struct house *house);

#endif
