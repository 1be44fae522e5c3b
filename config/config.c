#include "config/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/binder.h"
#include "config/turn_url.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"

#define CONFIG_BYTES_MAX (256 * 1024)
#define MINUTE_US        (60 * US_PER_S)
#define HOUR_US          (60 * MINUTE_US)
#define DAY_US           (24 * HOUR_US)

/* ---- checks of single texts ----------------------------------------------------------------------------------- */

static bool is_address(const char *text)
{
    uint8_t bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* A browser cannot send anything to "any address". */
static bool is_announce(const char *text)
{
    return is_address(text) && strcmp(text, "0.0.0.0") != 0 && strcmp(text, "::") != 0;
}

/* RFC 6454 §6.2, as browsers write it: https, host, port only when it is not 443; no path. */
static bool is_origin(const char *text)
{
    static const char scheme[] = "https://";
    static const char host_signs[] = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
        return false;
    const char *host = text + sizeof(scheme) - 1;
    size_t length = strlen(host);
    bool default_port =
        length > 4 && strcmp(host + length - 4, ":443") == 0 && host[length - 5] != ':';
    return length > 0 && strspn(host, host_signs) == length && !default_port;
}

static bool is_turn_url(const char *text)
{
    struct turn_url url;
    return turn_url_parse(text, &url);
}

/* What gateway/audit/checkpoint.h accepts, and no blanks at all. */
static bool is_log_origin(const char *text)
{
    static const char signs[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-";
    return strspn(text, signs) == strlen(text) && text[0] != '/';
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

static const char *const OFFLOADS[] = {
    [MEDIA_OFFLOAD_AUTO] = "auto", [MEDIA_OFFLOAD_OFF] = "off", NULL};
static const char *const PINS[] = {[MEDIA_PIN_AUTO] = "auto", [MEDIA_PIN_OFF] = "off", NULL};
static const char *const LOG_LEVELS[] = {[LOG_DEBUG] = "debug",
                                         [LOG_INFO] = "info",
                                         [LOG_WARNING] = "warning",
                                         [LOG_ERROR] = "error",
                                         NULL};

#define FIELD(field)                                                                               \
    .offset = offsetof(struct gateway_config, field),                                              \
    .size = sizeof(((struct gateway_config *)0)->field)
#define LIST(field, counter)                                                                       \
    .offset = offsetof(struct gateway_config, field),                                              \
    .size = sizeof(((struct gateway_config *)0)->field[0]),                                        \
    .count_offset = offsetof(struct gateway_config, counter)
#define RANGE(low, high) .minimum = (low), .maximum = (high)
#define TEXT_OF(most)    .minimum = 1, .allowed = most

static const char AN_ADDRESS[] = "a numeric IPv4 or IPv6 address";

static const struct binder_row ROWS[] = {

    {"http.bind", BINDER_TEXT, FIELD(http.bind_address), TEXT_OF(AN_ADDRESS), .check = is_address,
     .fallback = "::",
     .doc = "Address the pages and the signaling listen on; :: takes IPv4 and IPv6."},
    {"http.port", BINDER_NUMBER, FIELD(http.port), RANGE(1, 65535), .fallback = "8443",
     .doc = "TCP port of HTTPS and WSS."},
    {"http.certificate", BINDER_FILE, FIELD(http.certificate_file),
     TEXT_OF("a PEM file that can be read"), .example = "/etc/tsunagi/tls.crt",
     .doc = "Certificate chain, PEM, server first. Read again on SIGHUP."},
    {"http.key", BINDER_SECRET, FIELD(http.key_file), .minimum = 1,
     .example = "/etc/tsunagi/tls.key",
     .doc = "Private key of the certificate, PEM. Read again on SIGHUP."},
    {"http.origins", BINDER_TEXTS, LIST(http.origins, http.origins_count),
     RANGE(1, CONFIG_ORIGINS_MAX), .check = is_origin,
     .allowed = "https://host or https://host:port, lower case, nothing after it",
     .example = "[\"https://clinic.example:8443\"]",
     .doc = "Exactly these page origins may open a session or change anything."},
    {"http.web_root", BINDER_DIRECTORY, FIELD(http.web_root), .minimum = 1,
     .example = "/usr/share/tsunagi/web",
     .doc = "Folder with the built pages; read into memory at start."},
    {"http.sockets_max", BINDER_NUMBER, FIELD(http.sockets_max), RANGE(8, 65536),
     .fallback = "4096", .doc = "Open connections in all; further ones are refused."},
    {"http.sockets_per_address_max", BINDER_NUMBER, FIELD(http.sockets_per_address_max),
     RANGE(1, 65536), .fallback = "64",
     .doc = "Open connections from one address; a whole clinic may share one."},
    {"http.hello_timeout", BINDER_DURATION, FIELD(http.hello_timeout_us),
     RANGE(1 * US_PER_S, 60 * US_PER_S), .fallback = "10s",
     .doc = "Socket open until its first message."},
    {"http.header_timeout", BINDER_DURATION, FIELD(http.header_timeout_us),
     RANGE(1 * US_PER_S, 60 * US_PER_S), .fallback = "10s",
     .doc = "Connection open until a request's headers are complete."},
    {"http.body_timeout", BINDER_DURATION, FIELD(http.body_timeout_us),
     RANGE(1 * US_PER_S, 120 * US_PER_S), .fallback = "15s",
     .doc = "Headers until a request's body is complete."},
    {"http.ping_interval", BINDER_DURATION, FIELD(http.ping_interval_us),
     RANGE(2 * US_PER_S, 60 * US_PER_S), .fallback = "10s",
     .doc = "How often sockets are pinged; two missed answers end one."},
    {"http.messages_per_second", BINDER_NUMBER, FIELD(http.messages_per_second), RANGE(1, 1000),
     .fallback = "20", .doc = "Messages a second one socket may send for long."},
    {"http.messages_burst", BINDER_NUMBER, FIELD(http.messages_burst), RANGE(1, 10000),
     .fallback = "120", .doc = "Messages one socket may send at once."},

    {"media.workers", BINDER_NUMBER, FIELD(media.workers), RANGE(1, MEDIA_WORKERS_MAX),
     .fallback = "1",
     .doc = "Relay threads; each has its own UDP port. One serves some hundred people."},
    {"media.bind", BINDER_TEXT, FIELD(media.bind_address), TEXT_OF(AN_ADDRESS), .check = is_address,
     .fallback = "::",
     .doc = "Address media is received on; :: takes IPv4 and IPv6 (then announce is needed)."},
    {"media.port", BINDER_NUMBER, FIELD(media.port), RANGE(1, 65535), .fallback = "40000",
     .doc = "UDP port of the first worker; the next one has the next port."},
    {"media.tcp_port", BINDER_NUMBER, FIELD(media.tcp_port), RANGE(0, 65535), .fallback = "0",
     .doc =
         "TCP port for browsers whose network lets no UDP through (ICE-TCP), one for all workers; "
         "443 passes most. 0: none."},
    {"media.announce", BINDER_TEXTS, LIST(media.announce, media.announce_count),
     RANGE(0, MEDIA_ANNOUNCE_MAX), .check = is_announce,
     .allowed = "numeric addresses browsers can reach", .fallback = "[]",
     .doc = "Addresses told to browsers, best first; empty: the bind address."},
    {"media.endpoints_max", BINDER_NUMBER, FIELD(media.endpoints_max),
     RANGE(2, MEDIA_ENDPOINTS_PER_WORKER_MAX), .fallback = "512",
     .doc = "People one worker serves at most."},
    {"media.consent_timeout", BINDER_DURATION, FIELD(media.consent_timeout_us),
     RANGE(5 * US_PER_S, 120 * US_PER_S), .fallback = "30s",
     .doc = "Silence after which a connection counts as lost (RFC 7675)."},
    {"media.handshake_timeout", BINDER_DURATION, FIELD(media.handshake_timeout_us),
     RANGE(2 * US_PER_S, 60 * US_PER_S), .fallback = "15s",
     .doc = "Time a media connection may take to be set up."},
    {"media.offload", BINDER_CHOICE, FIELD(media.offload), .choices = OFFLOADS, .fallback = "auto",
     .doc = "Datagrams given to and taken from the kernel together where a test at start passes."},
    {"media.pin", BINDER_CHOICE, FIELD(media.pin), .choices = PINS, .fallback = "auto",
     .doc = "Each worker on a processor of its own when there are two or more and enough of them."},
    {"media.load_max", BINDER_NUMBER, FIELD(media.load_max_percent), RANGE(10, 100),
     .fallback = "85",
     .doc =
         "Percent of its time a worker may be busy; above, new consultations wait. 100: no limit."},
    {"media.gap_notice", BINDER_DURATION, FIELD(media.gap_notice_us),
     RANGE(200 * US_PER_MS, 5 * US_PER_S), .fallback = "1s",
     .doc = "Silence after which the relay says that sound or picture stopped."},

    {"turn.urls", BINDER_TEXTS, LIST(turn.urls, turn.urls_count), RANGE(0, CONFIG_TURN_URLS_MAX),
     .check = is_turn_url,
     .allowed = "turn:host:port?transport=udp, the same with tcp, or turns:host:port?transport=tcp",
     .fallback = "[]",
     .doc = "TURN servers for networks that let nothing else through. turns: on 443 gets through "
            "most, on a second address or name."},
    {"turn.secret", BINDER_SECRET, FIELD(turn.secret_file), .fallback = "",
     .allowed = "empty, or a file that we can read and that is not open to everybody (chmod o=)",
     .doc = "File with one line: the secret shared with the TURN server. Needed with turn.urls."},
    {"turn.lifetime", BINDER_DURATION, FIELD(turn.lifetime_us),
     RANGE(60 * US_PER_S, 600 * US_PER_S), .fallback = "10min",
     .doc = "How long a credential opens a relay; every offer brings a fresh one, an open relay "
            "stays open."},
    {"turn.relays", BINDER_TEXTS, LIST(media.relays, media.relays_count),
     RANGE(0, MEDIA_RELAYS_MAX), .check = is_announce,
     .allowed = "numeric addresses the TURN server relays from", .fallback = "[]",
     .doc = "Media from there is recorded as relayed (relay-ip of coturn). Needed with turn.urls."},

    {"storage.path", BINDER_PATH, FIELD(storage.path), .minimum = 1,
     .allowed = "a file in a folder of ours alone", .example = "/var/lib/tsunagi/tsunagi.db",
     .doc = "Database file; created when it is missing."},

    {"log.level", BINDER_CHOICE, FIELD(log_level), .choices = LOG_LEVELS, .fallback = "info",
     .doc = "Least serious line that is written. No level writes patient data."},

    {"audit.origin", BINDER_TEXT, FIELD(audit.origin), TEXT_OF("letters, digits and . / _ - only"),
     .check = is_log_origin, .example = "clinic.example/gw1/audit/2026",
     .doc = "Name of the audit log for all time: who/which gateway/audit/year it began."},
    {"audit.checkpoints", BINDER_PATH, FIELD(audit.checkpoint_directory), .minimum = 1,
     .allowed = "a folder only the signer may write to", .example = "/var/lib/tsunagi-log",
     .doc =
         "Where the signer publishes: log.vkey (the log's public key) and its latest checkpoint."},

    {"practice.gap_warn", BINDER_DURATION, FIELD(practice.gap_warn_us),
     RANGE(1 * US_PER_S, 30 * US_PER_S), .fallback = "5s",
     .doc = "Shorter gaps of sound or picture change nothing (JP-OC-1.6-02)."},
    {"practice.gap_pause", BINDER_DURATION, FIELD(practice.gap_pause_us),
     RANGE(2 * US_PER_S, 120 * US_PER_S), .fallback = "15s",
     .doc = "A longer gap asks the physician: wait, telephone or end. At least gap_warn."},
    {"practice.reconnect_grace", BINDER_DURATION, FIELD(practice.reconnect_grace_us),
     RANGE(30 * US_PER_S, 900 * US_PER_S), .fallback = "180s",
     .doc = "How long a lost browser keeps its place."},
    {"practice.lobby_early", BINDER_DURATION, FIELD(practice.lobby_early_us), RANGE(0, DAY_US),
     .fallback = "15min", .doc = "How long before the booked time the waiting room opens."},
    {"practice.checklist_limit", BINDER_DURATION, FIELD(practice.checklist_limit_us),
     RANGE(HOUR_US, 7 * DAY_US), .fallback = "24h",
     .doc = "After it an unfinished visit is closed with open tasks."},

    {"session.idle", BINDER_DURATION, FIELD(session.idle_us), RANGE(5 * MINUTE_US, DAY_US),
     .fallback = "60min", .doc = "Staff: signed out after this time without a request."},
    {"session.absolute", BINDER_DURATION, FIELD(session.absolute_us), RANGE(HOUR_US, 7 * DAY_US),
     .fallback = "12h", .doc = "Staff: signed out after this time in any case. At least idle."},

    {"rules.pack", BINDER_FILE, FIELD(rules.pack_file), .minimum = 1,
     .example = "/usr/share/tsunagi/rules/jp-online-care.yaml",
     .doc = "Rule pack for new consultations; running ones keep theirs. Read again on SIGHUP."},

    {"drain_limit", BINDER_DURATION, FIELD(drain_limit_us), RANGE(0, 4 * HOUR_US),
     .fallback = "10min", .doc = "After SIGTERM running consultations may go on for this long."},
};
static const struct binder_table TABLE = {ROWS, ARRAY_LENGTH(ROWS)};

_Static_assert(ARRAY_LENGTH(ROWS) <= BINDER_ROWS_MAX, "binder table");

/* ---- loading -------------------------------------------------------------------------------------------------- */

static bool is_any_address(const char *address)
{
    return strcmp(address, "::") == 0 || strcmp(address, "0.0.0.0") == 0;
}

/* Would a browser that goes there arrive at our pages? One TCP port of one address serves one of the two. */
static bool is_our_listener(const struct gateway_config *config, const struct turn_url *url)
{
    if (!url->tcp)
        return false;
    bool ours = url->port == config->http.port && turn_url_is_host(url, config->http.bind_address);
    for (uint32_t i = 0; i < config->http.origins_count; i++)
        ours = ours || turn_url_is_of_origin(url, config->http.origins[i]);
    bool any = url->port == config->http.port && is_any_address(config->http.bind_address);
    for (uint32_t i = 0; any && i < config->media.announce_count; i++)
        ours = ours || turn_url_is_host(url, config->media.announce[i].address);
    return ours;
}

static enum result check_turn(struct binder *binder, const struct gateway_config *config)
{
    struct turn_url url;
    if (config->turn.urls_count > 0 && config->turn.secret_file[0] == '\0')
        return binder_complain_at(binder, "turn.secret", RESULT_INVALID,
                                  "is needed because turn.urls is set; allowed: a file with the "
                                  "secret shared with the TURN server");
    if (config->turn.urls_count > 0 && config->media.relays_count == 0)
        return binder_complain_at(binder, "turn.relays", RESULT_INVALID,
                                  "is needed because turn.urls is set; allowed: the addresses the "
                                  "TURN server relays from");
    for (uint32_t i = 0; i < config->turn.urls_count; i++)
        if (turn_url_parse(config->turn.urls[i], &url) && is_our_listener(config, &url))
            return binder_complain_at(binder, "turn.urls", RESULT_INVALID,
                                      "names the address and port of our own pages; allowed: a "
                                      "second address or name for TURN, one port serves one of "
                                      "the two");
    return RESULT_OK;
}

/* What no single row can see. */
static enum result check_together(struct binder *binder, const struct gateway_config *config)
{
    if (is_any_address(config->media.bind_address) && config->media.announce_count == 0)
        return binder_complain_at(
            binder, "media.announce", RESULT_INVALID,
            "is needed because media.bind is any address; allowed: addresses browsers can reach");
    if (config->media.port + config->media.workers - 1 > 65535)
        return binder_complain_at(
            binder, "media.port", RESULT_INVALID,
            "too high for so many workers; allowed: port + workers - 1 up to 65535");
    bool one_address = strcmp(config->media.bind_address, config->http.bind_address) == 0 ||
                       is_any_address(config->media.bind_address) ||
                       is_any_address(config->http.bind_address);
    if (config->media.tcp_port == config->http.port && one_address)
        return binder_complain_at(binder, "media.tcp_port", RESULT_INVALID,
                                  "is the port of the pages; allowed: another port, or http.bind "
                                  "and media.bind on two addresses");
    if (config->practice.gap_pause_us < config->practice.gap_warn_us)
        return binder_complain_at(binder, "practice.gap_pause", RESULT_INVALID,
                                  "is shorter than gap_warn; allowed: gap_warn or more");
    if (config->session.absolute_us < config->session.idle_us)
        return binder_complain_at(binder, "session.absolute", RESULT_INVALID,
                                  "is shorter than idle; allowed: idle or more");
    if (config->http.messages_burst < config->http.messages_per_second)
        return binder_complain_at(binder, "http.messages_burst", RESULT_INVALID,
                                  "is less than messages_per_second; allowed: that or more");
    return check_turn(binder, config);
}

static enum result bind_bytes(struct span bytes, const char *file,
                              struct gateway_config *ret_config, char *ret_message, size_t size)
{
    struct binder *binder = NULL;
    enum result result = binder_open(bytes, file, ret_message, size, &binder);
    if (result_ok(result))
        result = binder_bind(binder, binder_root(binder), "", &TABLE, ret_config);
    if (result_ok(result))
        result = check_together(binder, ret_config);
    binder_free(binder);
    return result;
}

static enum result read_bytes(const char *file, uint8_t *ret_bytes, size_t *ret_length,
                              char *ret_message, size_t size)
{
    const char *wrong = NULL;
    FILE *stream = fopen(file, "rbe");
    if (stream == NULL) {
        snprintf(ret_message, size, "%s:1: the file %s; allowed: a configuration file", file,
                 errno == ENOENT ? "is not there" : "cannot be read");
        return RESULT_IO;
    }
    *ret_length = fread(ret_bytes, 1, CONFIG_BYTES_MAX + 1, stream);
    if (ferror(stream))
        wrong = "cannot be read";
    else if (*ret_length > CONFIG_BYTES_MAX)
        wrong = "is too large";
    fclose(stream);
    if (wrong != NULL)
        snprintf(ret_message, size, "%s:1: the file %s; allowed: at most %d bytes", file, wrong,
                 CONFIG_BYTES_MAX);
    return wrong == NULL ? RESULT_OK : RESULT_IO;
}

enum result config_load(const char *file, struct gateway_config *ret_config, char *ret_message,
                        size_t size)
{
    size_t length = 0;
    snprintf(ret_message, size, "%s:1: out of memory", file);
    uint8_t *bytes = malloc(CONFIG_BYTES_MAX + 1);
    if (bytes == NULL)
        return RESULT_NO_MEMORY;
    enum result result = read_bytes(file, bytes, &length, ret_message, size);
    if (result_ok(result))
        result = config_load_bytes(span_of(bytes, length), file, ret_config, ret_message, size);
    free(bytes);
    return result;
}

enum result config_load_bytes(struct span bytes, const char *file,
                              struct gateway_config *ret_config, char *ret_message, size_t size)
{
    struct gateway_config config;
    memset(&config, 0, sizeof(config));
    if (!text_copy(config.file, sizeof(config.file), file)) {
        snprintf(ret_message, size, "%.80s…:1: the name is too long; allowed: %d bytes", file,
                 CONFIG_PATH_SIZE - 1);
        return RESULT_INVALID;
    }
    enum result result = bind_bytes(bytes, file, &config, ret_message, size);
    if (!result_ok(result))
        return result;
    *ret_config = config;
    if (size > 0)
        ret_message[0] = '\0';
    return RESULT_OK;
}

void config_free(struct gateway_config *config)
{
    memset(config, 0, sizeof(*config));
}

/* ---- showing -------------------------------------------------------------------------------------------------- */

static size_t group_of(const char *key)
{
    const char *dot = strchr(key, '.');
    return dot == NULL ? 0 : (size_t)(dot - key);
}

/* "http:" before the first key of a group; returns the key's own name. */
static const char *open_group(FILE *stream, const struct binder_row *row,
                              const struct binder_row *before)
{
    size_t length = group_of(row->key);
    bool same = before != NULL && group_of(before->key) == length &&
                strncmp(row->key, before->key, length) == 0;
    if (length > 0 && !same)
        fprintf(stream, "%.*s:\n", (int)length, row->key);
    return length > 0 ? row->key + length + 1 : row->key;
}

static const char *indent_of(const struct binder_row *row)
{
    return group_of(row->key) > 0 ? "  " : "";
}

void config_print(const struct gateway_config *config)
{
    struct gateway_config defaults;
    memset(&defaults, 0, sizeof(defaults));
    for (size_t i = 0; i < ARRAY_LENGTH(ROWS); i++) {
        const struct binder_row *row = &ROWS[i];
        char value[BINDER_LIST_MAX * CONFIG_NAME_SIZE],
            fallback[BINDER_LIST_MAX * CONFIG_NAME_SIZE] = "", allowed[256];
        const char *name = open_group(stdout, row, i > 0 ? row - 1 : NULL);
        binder_describe_allowed(row, allowed, sizeof(allowed));
        binder_format_value(row, config, value, sizeof(value));
        if (row->fallback != NULL) {
            binder_set_fallback(row, &defaults);
            binder_format_value(row, &defaults, fallback, sizeof(fallback));
        }
        printf("%s%s: %s  # %s%s\n", indent_of(row), name, value,
               strcmp(value, fallback) == 0 ? "default; " : "", allowed);
    }
}

void config_print_reference(FILE *stream)
{
    fprintf(
        stream,
        "# Reference of the gateway's settings: every key, what it means, what is allowed, its "
        "default.\n"
        "# Made by `tsunagi check-config --reference`; a test keeps it equal. Keys with a default "
        "may be\n"
        "# left out. Relative paths are relative to the folder of the file. SIGHUP reads it again: "
        "the\n"
        "# certificate, its key and the rule pack change at once, the rest at the next start.\n");
    for (size_t i = 0; i < ARRAY_LENGTH(ROWS); i++) {
        const struct binder_row *row = &ROWS[i];
        char allowed[256];
        if (group_of(row->key) == 0 || i == 0 || group_of(row[-1].key) != group_of(row->key) ||
            strncmp(row[-1].key, row->key, group_of(row->key)) != 0)
            fprintf(stream, "\n");
        const char *name = open_group(stream, row, i > 0 ? row - 1 : NULL);
        const char *indent = indent_of(row);
        binder_describe_allowed(row, allowed, sizeof(allowed));
        fprintf(stream, "%s# %s\n%s# Allowed: %s. %s%s%s\n", indent, row->doc, indent, allowed,
                row->fallback != NULL ? "Default: " : "No default",
                row->fallback == NULL      ? ""
                : row->fallback[0] == '\0' ? "empty"
                                           : row->fallback,
                ".");
        bool quoted = row->type != BINDER_NUMBER && row->type != BINDER_DURATION &&
                      row->type != BINDER_CHOICE && row->type != BINDER_TEXTS;
        const char *shown = row->fallback != NULL ? row->fallback : row->example;
        fprintf(stream, "%s%s: %s%s%s\n", indent, name, quoted ? "\"" : "", shown,
                quoted ? "\"" : "");
    }
}
