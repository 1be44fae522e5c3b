/* From the configuration file to what the rooms want: the one place where the two meet, shared by the verbs. */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "config/config.h"
#include "gateway/gateway.h"
#include "gateway/turn_secret.h"

#define SETTINGS_KEY_TEXT_SIZE 192

/* Thread: any one. Owner: the verb. Holds every string the options point to. */
struct settings {
    struct gateway_config config;
    char file[CONFIG_PATH_SIZE];
    char vkey_file[CONFIG_PATH_SIZE + 16];
    char checkpoint_file[CONFIG_PATH_SIZE + 16];
    char storage_key_file[CONFIG_PATH_SIZE + 16];
    char vkey[SETTINGS_KEY_TEXT_SIZE];
    char turn_secret[TURN_SECRET_SIZE]; /* empty: no TURN */
    struct control_pack pack;
    struct gateway_options options;
};

/* Loads file, verifier key and rule pack and fills `options`. What is wrong goes to stderr, one line. Returns the exit
 * code of the verb: 0, or 2 as promised for a bad configuration. */
int settings_load(const char *file, struct settings *ret_settings);
/* --config FILE out of a verb's arguments; NULL when absent. */
const char *settings_argument(int argc, char **argv, const char *name);
bool settings_flag(int argc, char **argv, const char *name);
enum result settings_reload(void *owner, struct gateway_reload *ret_reload);
enum result settings_read_pack(void *owner, struct span bytes, const char *name,
                               struct rule_pack **ret_pack);

#endif
