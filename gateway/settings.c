#include "gateway/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/pack_load.h"

#define EXIT_CONFIGURATION 2

const char *settings_argument(int argc, char **argv, const char *name)
{
    for (int i = 0; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

bool settings_flag(int argc, char **argv, const char *name)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

enum result settings_read_pack(void *owner, struct span bytes, const char *name,
                               struct rule_pack **ret_pack)
{
    char message[CONFIG_MESSAGE_SIZE];
    (void)owner;
    return pack_load_bytes(bytes, name, ret_pack, message, sizeof(message));
}

static enum result settings_load_pack(const char *file, struct control_pack *ret_pack)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct control_pack pack = {0};
    enum result result = pack_load(file, &pack.pack, message, sizeof(message));
    if (!result_ok(result)) {
        fprintf(stderr, "%s\n", message);
        return result;
    }
    result = pack_read_file(file, &pack.bytes, &pack.length);
    if (!result_ok(result)) {
        rule_pack_free(pack.pack);
        return result;
    }
    *ret_pack = pack;
    return RESULT_OK;
}

/* First line of the file the signer wrote with its key. */
static bool settings_read_vkey(struct settings *settings)
{
    FILE *file = fopen(settings->vkey_file, "re");
    if (file == NULL || fgets(settings->vkey, sizeof(settings->vkey), file) == NULL) {
        fprintf(
            stderr,
            "%s: no verifier key of the log; make one with: tsunagi signer --init --config %s\n",
            settings->vkey_file, settings->file);
        if (file != NULL)
            fclose(file);
        return false;
    }
    fclose(file);
    settings->vkey[strcspn(settings->vkey, "\r\n")] = 0;
    return true;
}

static void settings_signaling(struct settings *settings)
{
    const struct config_http *http = &settings->config.http;
    struct signaling_options *options = &settings->options.signaling;
    memcpy(options->bind_address, http->bind_address, sizeof(options->bind_address));
    options->port = http->port;
    options->certificate_file = http->certificate_file;
    options->key_file = http->key_file;
    options->origins_count = http->origins_count;
    for (uint32_t i = 0; i < http->origins_count; i++)
        options->origins[i] = http->origins[i];
    options->web_root = http->web_root;
    options->sockets_max = http->sockets_max;
    options->sockets_per_address_max = http->sockets_per_address_max;
    options->hello_timeout_us = http->hello_timeout_us;
    options->header_timeout_us = http->header_timeout_us;
    options->body_timeout_us = http->body_timeout_us;
    options->ping_interval_us = http->ping_interval_us;
    options->resume_us = settings->config.practice.reconnect_grace_us;
    options->messages_per_second = http->messages_per_second;
    options->messages_burst = http->messages_burst;
}

static struct control_turn settings_turn(const struct settings *settings)
{
    const struct config_turn *turn = &settings->config.turn;
    struct control_turn options = {
        .urls_count = turn->urls_count,
        .secret = span_of(settings->turn_secret, strlen(settings->turn_secret)),
        .lifetime_us = turn->lifetime_us};
    for (uint32_t i = 0; i < turn->urls_count; i++)
        options.urls[i] = turn->urls[i];
    return options;
}

static void settings_options(struct settings *settings)
{
    const struct gateway_config *config = &settings->config;
    struct gateway_options *options = &settings->options;
    options->store = (struct store_options){.path = config->storage.path,
                                            .log_origin = config->audit.origin,
                                            .log_vkey = settings->vkey,
                                            .node = "gateway",
                                            .key_path = settings->storage_key_file,
                                            .readers = 1};
    options->media = config->media;
    settings_signaling(settings);
    options->control = (struct control_options){.practice = config->practice,
                                                .turn = settings_turn(settings),
                                                .resume_us = config->practice.reconnect_grace_us,
                                                .pack = settings->pack,
                                                .read_pack = settings_read_pack};
    options->api = (struct api_options){.checkpoint_file = settings->checkpoint_file,
                                        .log_vkey = settings->vkey,
                                        .reader = options->store,
                                        .public_origin = config->http.origins[0],
                                        .session_idle_us = config->session.idle_us,
                                        .session_absolute_us = config->session.absolute_us};
    options->drain_limit_us = config->drain_limit_us;
    options->reload = settings_reload;
    options->reload_owner = settings;
}

int settings_load(const char *file, struct settings *ret_settings)
{
    char message[CONFIG_MESSAGE_SIZE];
    memset(ret_settings, 0, sizeof(*ret_settings));
    if (file == NULL) {
        fprintf(stderr, "which configuration? say: --config FILE\n");
        return EXIT_CONFIGURATION;
    }
    snprintf(ret_settings->file, sizeof(ret_settings->file), "%s", file);
    if (!result_ok(config_load(file, &ret_settings->config, message, sizeof(message)))) {
        fprintf(stderr, "%s\n", message);
        return EXIT_CONFIGURATION;
    }
    const struct gateway_config *config = &ret_settings->config;
    if (config->turn.urls_count > 0 &&
        !result_ok(turn_secret_read(config->turn.secret_file, ret_settings->turn_secret, message,
                                    sizeof(message)))) {
        fprintf(stderr, "%s\n", message);
        return EXIT_CONFIGURATION;
    }
    snprintf(ret_settings->vkey_file, sizeof(ret_settings->vkey_file), "%s/log.vkey",
             config->audit.checkpoint_directory);
    snprintf(ret_settings->checkpoint_file, sizeof(ret_settings->checkpoint_file), "%s/checkpoint",
             config->audit.checkpoint_directory);
    snprintf(ret_settings->storage_key_file, sizeof(ret_settings->storage_key_file), "%s.key",
             config->storage.path);
    if (!settings_read_vkey(ret_settings) ||
        !result_ok(settings_load_pack(config->rules.pack_file, &ret_settings->pack)))
        return EXIT_CONFIGURATION;
    enum result key = store_key_create(ret_settings->storage_key_file);
    if (!result_ok(key) && key != RESULT_EXISTS) {
        fprintf(stderr, "%s: the key that wraps personal values cannot be made: %s\n",
                ret_settings->storage_key_file, result_text(key));
        return EXIT_CONFIGURATION;
    }
    settings_options(ret_settings);
    return 0;
}

enum result settings_reload(void *owner, struct gateway_reload *ret_reload)
{
    struct settings *settings = owner;
    struct gateway_config *fresh = calloc(1, sizeof(*fresh));
    char message[CONFIG_MESSAGE_SIZE];
    if (fresh == NULL)
        return RESULT_NO_MEMORY;
    enum result result = config_load(settings->file, fresh, message, sizeof(message));
    if (result_ok(result))
        result = settings_load_pack(fresh->rules.pack_file, &ret_reload->pack);
    else
        fprintf(stderr, "%s\n", message);
    if (result_ok(result)) {
        /* Ports, paths of storage and limits need a restart; certificates and the pack are what changes in a day's work. */
        memcpy(settings->config.http.certificate_file, fresh->http.certificate_file,
               sizeof(fresh->http.certificate_file));
        memcpy(settings->config.http.key_file, fresh->http.key_file, sizeof(fresh->http.key_file));
        ret_reload->certificate_file = settings->config.http.certificate_file;
        ret_reload->key_file = settings->config.http.key_file;
    }
    config_free(fresh);
    free(fresh);
    return result;
}
