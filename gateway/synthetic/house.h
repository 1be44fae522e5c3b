/* A gateway of one's own: a temporary home, certificate, log key, clinic; signer and server as child processes of the very
 * binary that is shipped. Everything is removed at the end. For the demo, the load generator and whole-system tests.
 *
 * Thread: the main one.   Owner: the program's main. */
#ifndef GATEWAY_SYNTHETIC_HOUSE_H
#define GATEWAY_SYNTHETIC_HOUSE_H

#include <jansson.h>
#include <stdbool.h>

#include "gateway/base/cleanup.h"

struct house;

struct house_options {
    const char *binary;   /* path of tsunagi */
    const char *web;      /* folder with the built pages; NULL: no pages are needed */
    const char *pack;     /* rule pack */
    const char *http;     /* more lines of the http section, each indented and ended; may be NULL */
    const char *media;    /* and of the media section */
    unsigned physicians;  /* besides the demo clinic's one: "doctor-1" … */
    const char *password; /* of each of them */
};

/* Says on stderr what is wrong; NULL then. The options' texts outlive the house. */
struct house *house_open(const struct house_options *options);
/* Stops both processes (SIGTERM) and removes the home unless `keep`. */
struct house *house_close(struct house *house, bool keep);
const char *house_origin(const struct house *house);
const char *house_certificate(const struct house *house);
/* Process id of `tsunagi serve`, as text. */
const char *house_server(const struct house *house);
/* What demo-clinic printed: consultation, link, physician, administrator. Borrowed. */
json_t *house_clinic(const struct house *house);
/* `tsunagi audit verify --json` on the house's log; the caller owns the object. */
json_t *house_verify(const struct house *house);

#endif
