/* The settings of one gateway as plain data. config.c has the one table that says which YAML key fills which field,
 * with its unit, range and default; config/tsunagi.yaml is the commented reference and a test holds the two together.
 *
 * Thread: any; a loaded configuration is handed down as const and never changes (a reload loads a second one).
 * Bounds: the sizes below. Included by main.c and the command-line verbs called from it, by nobody else. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/log.h"
#include "gateway/base/result.h"
#include "gateway/consultation/consultation.h"
#include "media/media.h"

#define CONFIG_PATH_SIZE    512 /* with NUL */
#define CONFIG_NAME_SIZE    128 /* with NUL */
#define CONFIG_ORIGINS_MAX  8
#define CONFIG_MESSAGE_SIZE 512 /* what config_load may say, with NUL */

/* Web door: HTTPS and WSS on one port. */
struct config_http {
    char bind_address[46];
    uint16_t port;
    char certificate_file[CONFIG_PATH_SIZE];
    char key_file[CONFIG_PATH_SIZE]; /* secret: readable by us, not by everybody */
    /* "https://clinic.example:8443", no slash at the end */
    char origins[CONFIG_ORIGINS_MAX][CONFIG_NAME_SIZE];
    uint32_t origins_count;
    char web_root[CONFIG_PATH_SIZE];
    uint32_t sockets_max;
    uint32_t sockets_per_address_max;
    int64_t hello_timeout_us;
    int64_t header_timeout_us;
    int64_t body_timeout_us;
    int64_t ping_interval_us;
    uint32_t messages_per_second;
    uint32_t messages_burst;
};

struct config_storage {
    char path[CONFIG_PATH_SIZE]; /* the database file; created when missing */
};

struct config_audit {
    char origin[CONFIG_NAME_SIZE];               /* name of the log in its checkpoints (C2SP) */
    char checkpoint_directory[CONFIG_PATH_SIZE]; /* the signer's: log.vkey, checkpoint */
};

#define CONFIG_TURN_URLS_MAX 4

/* coturn beside us, for networks that let media through no other way. */
struct config_turn {
    char urls[CONFIG_TURN_URLS_MAX][CONFIG_NAME_SIZE]; /* config/turn_url.h; 0: none */
    uint32_t urls_count;
    char secret_file[CONFIG_PATH_SIZE]; /* secret; empty without urls */
    int64_t lifetime_us;                /* of a credential */
};

/* Signed-in staff. */
struct config_session {
    int64_t idle_us;
    int64_t absolute_us;
};

struct config_rules {
    char pack_file[CONFIG_PATH_SIZE];
};

struct gateway_config {
    char file[CONFIG_PATH_SIZE]; /* where it was read from */
    struct config_http http;
    struct media_options media; /* random_seed stays 0: it has no key; turn.relays are in it */
    struct config_turn turn;
    struct config_storage storage;
    enum log_level log_level;
    struct config_audit audit;
    struct practice_parameters practice;
    struct config_session session;
    struct config_rules rules;
    int64_t drain_limit_us; /* SIGTERM: how long running consultations may go on */
};

/* Reads, checks and fills. Paths in the file are relative to the file's folder; they come back joined to it. On
 * failure `ret_config` is untouched and `ret_message` holds one line: "file:line: key: what is wrong; allowed: …".
 * RESULT_IO (cannot be read), RESULT_PARSE, RESULT_UNKNOWN_FIELD, RESULT_EXISTS (doubled key), RESULT_INVALID
 * (type or range), RESULT_DENIED (secret file unreadable or open to everybody), RESULT_NO_MEMORY. */
MUST_CHECK enum result config_load(const char *file, struct gateway_config *ret_config,
                                   char *ret_message, size_t size);
/* The same from memory; `file` stands in messages and its folder is where relative paths begin. */
MUST_CHECK enum result config_load_bytes(struct span bytes, const char *file,
                                         struct gateway_config *ret_config, char *ret_message,
                                         size_t size);
/* Wipes it. Accepts a zeroed or never loaded one. */
void config_free(struct gateway_config *config);
/* Effective configuration as YAML on stdout, each key with its unit and range, and "default" where it is the default. */
void config_print(const struct gateway_config *config);
/* The commented reference (config/tsunagi.yaml): every key with its meaning, unit, range and default. */
void config_print_reference(FILE *stream);

#endif
