/* The configuration file: what it fills, and each complaint with its exact line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/turn_url.h"
#include "gateway/base/clock.h"

#define TEXT_SIZE 16384

/* A folder with the files a configuration names. */
struct place {
    char folder[64];
    char file[96];
};

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    snprintf(place->folder, sizeof(place->folder), "/tmp/tsunagi-config-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->file, sizeof(place->file), "%s/tsunagi.yaml", place->folder);
    write_file(place->folder, "tls.crt", "certificate", 0644);
    write_file(place->folder, "tls.key", "key", 0600);
    write_file(place->folder, "open.key", "key", 0644);
    write_file(place->folder, "pack.yaml", "pack", 0644);
    write_file(place->folder, "turn.secret", "0123456789abcdef\n", 0600);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    static const char *const names[] = {"tls.crt",   "tls.key",     "open.key",
                                        "pack.yaml", "turn.secret", "tsunagi.yaml"};
    struct place *place = *state;
    char path[160];
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", place->folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    return 0;
}

/* The least that is needed; lines 1 to 14. */
static const char LEAST[] = "http:\n"
                            "  certificate: tls.crt\n"
                            "  key: tls.key\n"
                            "  origins: [\"https://clinic.example:8443\"]\n"
                            "  web_root: .\n"
                            "media:\n"
                            "  announce: [\"192.0.2.7\", \"2001:db8::7\"]\n"
                            "storage:\n"
                            "  path: data/tsunagi.db\n"
                            "audit:\n"
                            "  origin: clinic.example/gw1/audit/2026\n"
                            "  checkpoints: /var/lib/signer\n"
                            "rules:\n"
                            "  pack: pack.yaml\n";

static enum result load(const struct place *place, const char *text,
                        struct gateway_config *ret_config, char *ret_message)
{
    ret_message[0] = '\0';
    return config_load_bytes(span_of(text, strlen(text)), place->file, ret_config, ret_message,
                             CONFIG_MESSAGE_SIZE);
}

static void test_least_configuration_has_all_defaults(void **state)
{
    const struct place *place = *state;
    struct gateway_config config;
    char message[CONFIG_MESSAGE_SIZE], path[160];
    enum result result = load(place, LEAST, &config, message);
    if (!result_ok(result))
        fail_msg("%s", message);
    assert_string_equal(message, "");
    assert_string_equal(config.file, place->file);
    assert_string_equal(config.http.bind_address, "::");
    assert_int_equal(config.http.port, 8443);
    snprintf(path, sizeof(path), "%s/tls.crt", place->folder); /* relative to the file's folder */
    assert_string_equal(config.http.certificate_file, path);
    snprintf(path, sizeof(path), "%s/data/tsunagi.db", place->folder);
    assert_string_equal(config.storage.path, path);
    assert_string_equal(config.audit.checkpoint_directory, "/var/lib/signer");
    assert_int_equal(config.http.origins_count, 1);
    assert_string_equal(config.http.origins[0], "https://clinic.example:8443");
    assert_int_equal(config.media.workers, 1);
    assert_int_equal(config.media.port, 40000);
    assert_int_equal(config.media.tcp_port, 0);
    assert_int_equal(config.media.announce_count, 2);
    assert_string_equal(config.media.announce[1].address, "2001:db8::7");
    assert_int_equal(config.media.consent_timeout_us, 30 * US_PER_S);
    assert_int_equal(config.media.gap_notice_us, 1 * US_PER_S);
    assert_int_equal(config.media.random_seed, 0);
    assert_int_equal(config.practice.gap_warn_us, 5 * US_PER_S);
    assert_int_equal(config.practice.gap_pause_us, 15 * US_PER_S);
    assert_int_equal(config.practice.reconnect_grace_us, 180 * US_PER_S);
    assert_int_equal(config.practice.lobby_early_us, 15 * 60 * US_PER_S);
    assert_int_equal(config.practice.checklist_limit_us, 24 * 3600 * US_PER_S);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.turn.urls_count, 0);
    assert_string_equal(config.turn.secret_file, "");
    assert_int_equal(config.turn.lifetime_us, 600 * US_PER_S);
    assert_int_equal(config.media.relays_count, 0);
    config_free(&config);
    assert_int_equal(config.http.port, 0);
}

static void test_values_are_taken(void **state)
{
    const struct place *place = *state;
    struct gateway_config config;
    char message[CONFIG_MESSAGE_SIZE], text[TEXT_SIZE];
    snprintf(text, sizeof(text),
             "%slog: {level: debug}\n"
             "practice: {gap_warn: 3s, gap_pause: 8 s, lobby_early: 1h, checklist_limit: 2d}\n"
             "session: {idle: 10min, absolute: 8h}\n"
             "drain_limit: 1500ms\n",
             LEAST);
    assert_int_equal(load(place, text, &config, message), RESULT_OK);
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_int_equal(config.practice.gap_warn_us, 3 * US_PER_S);
    assert_int_equal(config.practice.gap_pause_us, 8 * US_PER_S);
    assert_int_equal(config.practice.lobby_early_us, 3600 * US_PER_S);
    assert_int_equal(config.practice.checklist_limit_us, 2 * 86400 * US_PER_S);
    assert_int_equal(config.session.idle_us, 600 * US_PER_S);
    assert_int_equal(config.drain_limit_us, 1500 * US_PER_MS);
}

static void test_turn_is_taken(void **state)
{
    const struct place *place = *state;
    struct gateway_config config;
    char message[CONFIG_MESSAGE_SIZE], text[TEXT_SIZE], path[160];
    snprintf(text, sizeof(text),
             "%sturn:\n"
             "  urls: [\"turn:192.0.2.8:3478?transport=udp\", \"turns:turn.clinic.example:443\"]\n"
             "  secret: turn.secret\n"
             "  lifetime: 2min\n"
             "  relays: [\"192.0.2.8\"]\n",
             LEAST);
    if (!result_ok(load(place, text, &config, message)))
        fail_msg("%s", message);
    snprintf(path, sizeof(path), "%s/turn.secret", place->folder);
    assert_string_equal(config.turn.secret_file, path);
    assert_int_equal(config.turn.urls_count, 2);
    assert_string_equal(config.turn.urls[1], "turns:turn.clinic.example:443");
    assert_int_equal(config.turn.lifetime_us, 120 * US_PER_S);
    assert_string_equal(config.media.relays[0].address, "192.0.2.8");
}

static void test_turn_urls(void **state)
{
    static const struct {
        const char *text;
        struct turn_url url;
    } good[] = {
        {"turn:a", {false, false, "a", 3478}},
        {"turn:turn.example:1?transport=udp", {false, false, "turn.example", 1}},
        {"turn:192.0.2.1:65535?transport=tcp", {false, true, "192.0.2.1", 65535}},
        {"turns:turn-2.example", {true, true, "turn-2.example", 5349}},
        {"turns:[2001:db8::1]:443?transport=tcp", {true, true, "2001:db8::1", 443}},
    };
    static const char *const bad[] = {"",
                                      "turn:",
                                      "turn://a",
                                      "stun:a",
                                      "turns:a?transport=udp",
                                      "turn:a:0",
                                      "turn:a:65536",
                                      "turn:a:065",
                                      "turn:a:",
                                      "turn:a?transport=",
                                      "turn:a?transport=tcp ",
                                      "turn:A.example",
                                      "turn:[2001:db8::1",
                                      "turn:[turn.example]",
                                      "turn:2001:db8::1",
                                      "turn:a@b",
                                      "turn:.a",
                                      "turn:a:99999999999999999999",
                                      "turn:[]:1",
                                      "turn:-a"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        struct turn_url url;
        memset(&url, 7, sizeof(url));
        assert_true(turn_url_parse(good[i].text, &url));
        assert_int_equal(url.tls, good[i].url.tls);
        assert_int_equal(url.tcp, good[i].url.tcp);
        assert_int_equal(url.port, good[i].url.port);
        assert_string_equal(url.host, good[i].url.host);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct turn_url url = {.port = 7};
        if (turn_url_parse(bad[i], &url))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(url.port, 7);
    }
    struct turn_url url;
    assert_true(turn_url_parse("turns:[2001:db8::1]:443", &url));
    assert_true(turn_url_is_host(&url, "2001:DB8:0:0::1"));
    assert_false(turn_url_is_host(&url, "2001:db8::2"));
    assert_true(turn_url_is_of_origin(&url, "https://[2001:db8::1]"));
    assert_false(turn_url_is_of_origin(&url, "https://[2001:db8::1]:8443"));
    assert_false(turn_url_is_of_origin(&url, "https://clinic.example"));
}

struct complaint {
    const char *more;       /* appended to LEAST, whose last line is 14 */
    const char *find, *put; /* or: replaced in it */
    enum result result;
    int line;
    const char *
        says; /* from the key on; must be the whole rest when it ends with a full stop here as "$" */
};

static const struct complaint COMPLAINTS[] = {
    {"colour: blue\n", NULL, NULL, RESULT_UNKNOWN_FIELD, 15,
     "colour: unknown key; allowed: http, media, turn, storage, log, audit, practice, session, "
     "rules, "
     "drain_limit"},
    {"log:\n  levle: info\n", NULL, NULL, RESULT_UNKNOWN_FIELD, 16,
     "log.levle: unknown key; allowed: level"},
    {"drain_limit: 5s\ndrain_limit: 6s\n", NULL, NULL, RESULT_EXISTS, 16,
     "drain_limit: is there twice; allowed: once"},
    {"media:\n  port: 40002\n", NULL, NULL, RESULT_EXISTS, 15,
     "media: is there twice; allowed: once"},
    {NULL, "  web_root: .\n", "  web_root: .\n  port: 8443\n  port: 8444\n", RESULT_EXISTS, 7,
     "http.port: is there twice; allowed: once"},
    {NULL, "  web_root: .\n", "  web_root: .\n  port: many\n", RESULT_INVALID, 6,
     "http.port: is not a whole number; allowed: a whole number, 1 to 65535"},
    {NULL, "  web_root: .\n", "  web_root: .\n  port: 70000\n", RESULT_INVALID, 6,
     "http.port: is out of range; allowed: a whole number, 1 to 65535"},
    {NULL, "  web_root: .\n", "  web_root: .\n  port: [8443]\n", RESULT_INVALID, 6,
     "http.port: is not a single value; allowed: a whole number, 1 to 65535"},
    {NULL, "  web_root: .\n", "  web_root: .\n  bind: localhost\n", RESULT_INVALID, 6,
     "http.bind: is not valid; allowed: a numeric IPv4 or IPv6 address"},
    {"practice:\n  gap_warn: 5\n", NULL, NULL, RESULT_INVALID, 16,
     "practice.gap_warn: is not a time with a unit; allowed: a time in ms, s, min, h or d, 1s to "
     "30s"},
    {"practice:\n  gap_warn: 99999999999999d\n", NULL, NULL, RESULT_INVALID, 16,
     "practice.gap_warn: is not a time with a unit"},
    {"practice:\n  gap_warn: -5s\n", NULL, NULL, RESULT_INVALID, 16,
     "practice.gap_warn: is not a time with a unit"},
    {"practice:\n  gap_warn: 31s\n", NULL, NULL, RESULT_INVALID, 16,
     "practice.gap_warn: is out of range"},
    {"log: {level: loud}\n", NULL, NULL, RESULT_INVALID, 15,
     "log.level: is not one of the choices; allowed: debug, info, warning, error"},
    {"log: info\n", NULL, NULL, RESULT_INVALID, 15, "log: is not a group; allowed: level below it"},
    {NULL, "  key: tls.key\n", "", RESULT_INVALID, 1,
     "http.key: is missing; allowed: a file that we can read and that is not open to everybody "
     "(chmod o=)"},
    {NULL, "  key: tls.key\n", "  key: nowhere.key\n", RESULT_DENIED, 3,
     "http.key: is not there; allowed: a file that we can read"},
    {NULL, "  key: tls.key\n", "  key: open.key\n", RESULT_DENIED, 3,
     "http.key: is open to everybody; allowed: "},
    {NULL, "  key: tls.key\n", "  key: .\n", RESULT_DENIED, 3, "http.key: is not a file"},
    {NULL, "  certificate: tls.crt\n", "  certificate: nowhere.crt\n", RESULT_IO, 2,
     "http.certificate: is not there"},
    {NULL, "  web_root: .\n", "  web_root: tls.crt\n", RESULT_IO, 5,
     "http.web_root: is not a folder; allowed: a folder"},
    {NULL, "\"https://clinic.example:8443\"", "\"https://clinic.example:8443/\"", RESULT_INVALID, 4,
     "http.origins: is not valid; allowed: a list, 1 to 8 of: https://host"},
    {NULL, "\"https://clinic.example:8443\"", "\"http://clinic.example\"", RESULT_INVALID, 4,
     "http.origins: is not valid"},
    {NULL, "\"https://clinic.example:8443\"", "\"https://clinic.example:443\"", RESULT_INVALID, 4,
     "http.origins: is not valid"},
    {NULL, "[\"https://clinic.example:8443\"]", "[]", RESULT_INVALID, 4,
     "http.origins: has too few items"},
    {NULL, "[\"https://clinic.example:8443\"]", "https://clinic.example", RESULT_INVALID, 4,
     "http.origins: is not a list"},
    {NULL, "[\"192.0.2.7\", \"2001:db8::7\"]",
     "[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\",\"1.1.1.5\",\"1.1.1.6\",\"1.1.1.7\",\"1.1.1."
     "8\",\"1.1.1.9\"]",
     RESULT_TOO_MANY, 7, "media.announce: has too many items"},
    {NULL, "\"192.0.2.7\"", "\"0.0.0.0\"", RESULT_INVALID, 7, "media.announce: is not valid"},
    {NULL, "  announce: [\"192.0.2.7\", \"2001:db8::7\"]\n", "  port: 40000\n", RESULT_INVALID, 7,
     "media.announce: is needed because media.bind is any address; allowed: addresses browsers can "
     "reach"},
    {NULL, "clinic.example/gw1/audit/2026", "\"clinic example\"", RESULT_INVALID, 11,
     "audit.origin: is not valid"},
    {NULL, "clinic.example/gw1/audit/2026", "\"\"", RESULT_INVALID, 11, "audit.origin: is empty"},
    {"practice: {gap_warn: 10s, gap_pause: 8s}\n", NULL, NULL, RESULT_INVALID, 15,
     "practice.gap_pause: is shorter than gap_warn"},
    {NULL, "  announce: [\"192", "  tcp_port: 8443\n  announce: [\"192", RESULT_INVALID, 7,
     "media.tcp_port: is the port of the pages; allowed: another port"},
    {"session: {idle: 6h, absolute: 2h}\n", NULL, NULL, RESULT_INVALID, 15,
     "session.absolute: is shorter than idle"},
    {"turn: {urls: [\"stun:a\"]}\n", NULL, NULL, RESULT_INVALID, 15,
     "turn.urls: is not valid; allowed: a list, 0 to 4 of: turn:host:port?transport=udp"},
    {"turn: {urls: [\"turn:a\"], relays: [\"192.0.2.8\"]}\n", NULL, NULL, RESULT_INVALID, 15,
     "turn.secret: is needed because turn.urls is set; allowed: a file with the secret"},
    {"turn: {urls: [\"turn:a\"], secret: turn.secret}\n", NULL, NULL, RESULT_INVALID, 15,
     "turn.relays: is needed because turn.urls is set; allowed: the addresses"},
    {"turn: {secret: open.key}\n", NULL, NULL, RESULT_DENIED, 15,
     "turn.secret: is open to everybody"},
    {"turn: {secret: nowhere}\n", NULL, NULL, RESULT_DENIED, 15, "turn.secret: is not there"},
    {"turn: {lifetime: 11min}\n", NULL, NULL, RESULT_INVALID, 15,
     "turn.lifetime: is out of range; allowed: a time in ms, s, min, h or d, 1min to 10min"},
    {"turn: {relays: [\"turn.example\"]}\n", NULL, NULL, RESULT_INVALID, 15,
     "turn.relays: is not valid"},
    /* our own pages: by name and port, by the address of the listener, by an address that :: covers */
    {"turn:\n  urls: [\"turns:clinic.example:8443\"]\n  secret: turn.secret\n"
     "  relays: [\"192.0.2.8\"]\n",
     NULL, NULL, RESULT_INVALID, 16,
     "turn.urls: names the address and port of our own pages; allowed: a second address or name "
     "for TURN, one port serves one of the two"},
    {"turn: {urls: [\"turns:192.0.2.9:443\"], secret: turn.secret, relays: [\"192.0.2.8\"]}\n",
     "  web_root: .\n", "  web_root: .\n  bind: 192.0.2.9\n  port: 443\n", RESULT_INVALID, 17,
     "turn.urls: names the address and port of our own pages"},
    {"turn: {urls: [\"turns:[2001:db8:0::7]:8443\"], secret: turn.secret, relays: "
     "[\"192.0.2.8\"]}\n",
     NULL, NULL, RESULT_INVALID, 15, "turn.urls: names the address and port of our own pages"},
    {"log: &a {level: info}\nother: *a\n", NULL, NULL, RESULT_UNSUPPORTED, 16,
     "an alias (*name) is used; allowed: write the value out"},
    {"---\nlog: {level: info}\n", NULL, NULL, RESULT_INVALID, 16,
     "a second document begins; allowed: one"},
    {"log: {level: info\n", NULL, NULL, RESULT_PARSE, 16, "not YAML: "},
    {"log:\n\tlevel: info\n", NULL, NULL, RESULT_PARSE, 16, "not YAML: "},
    {"\"log.level\": info\n", NULL, NULL, RESULT_UNKNOWN_FIELD, 15, "log.level: unknown key"},
    {"? [a]\n: b\n", NULL, NULL, RESULT_UNKNOWN_FIELD, 15, "?: unknown key"},
};

static void compose(const struct complaint *complaint, char *ret_text)
{
    const char *at =
        complaint->find != NULL ? strstr(LEAST, complaint->find) : LEAST + strlen(LEAST);
    assert_non_null(at);
    int used = snprintf(ret_text, TEXT_SIZE, "%.*s%s%s", (int)(at - LEAST), LEAST,
                        complaint->find != NULL ? complaint->put : "",
                        complaint->find != NULL ? at + strlen(complaint->find) : "");
    snprintf(ret_text + used, TEXT_SIZE - (size_t)used, "%s",
             complaint->more != NULL ? complaint->more : "");
}

static void test_each_complaint_has_its_line(void **state)
{
    const struct place *place = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(COMPLAINTS); i++) {
        char text[TEXT_SIZE], message[CONFIG_MESSAGE_SIZE], expected[CONFIG_MESSAGE_SIZE];
        struct gateway_config config, before;
        memset(&config, 7, sizeof(config));
        before = config;
        compose(&COMPLAINTS[i], text);
        enum result result = load(place, text, &config, message);
        snprintf(expected, sizeof(expected), "%s:%d: %s", place->file, COMPLAINTS[i].line,
                 COMPLAINTS[i].says);
        if (strncmp(message, expected, strlen(expected)) != 0)
            fail_msg("complaint %zu\n says %s\n not  %s", i, message, expected);
        assert_int_equal(result, COMPLAINTS[i].result);
        assert_memory_equal(&config, &before, sizeof(config)); /* untouched */
        assert_null(strchr(message, '\n'));
    }
    print_message("%zu complaints\n", ARRAY_LENGTH(COMPLAINTS));
}

static void test_unreadable_files(void **state)
{
    const struct place *place = *state;
    struct gateway_config config;
    char message[CONFIG_MESSAGE_SIZE], path[160];
    snprintf(path, sizeof(path), "%s/nothing.yaml", place->folder);
    assert_int_equal(config_load(path, &config, message, sizeof(message)), RESULT_IO);
    assert_non_null(strstr(message, "nothing.yaml:1: the file is not there; allowed: "));
    write_file(place->folder, "tsunagi.yaml", LEAST, 0644);
    assert_int_equal(config_load(place->file, &config, message, sizeof(message)), RESULT_OK);
    assert_int_equal(config.http.port, 8443);
    assert_int_equal(load(place, "", &config, message), RESULT_INVALID);
    assert_non_null(strstr(message, "holds no settings"));
}

/* config/tsunagi.yaml says exactly what the table says. */
static void test_reference_is_up_to_date(void **state)
{
    (void)state;
    static char made[65536], kept[65536];
    FILE *memory = fmemopen(made, sizeof(made) - 1, "w");
    assert_non_null(memory);
    config_print_reference(memory);
    fclose(memory);
    FILE *file = fopen("config/tsunagi.yaml", "r");
    assert_non_null(file);
    kept[fread(kept, 1, sizeof(kept) - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(kept, made);
}

static void replace(char *text, size_t size, const char *find, const char *put)
{
    char after[TEXT_SIZE];
    char *at = strstr(text, find);
    assert_non_null(at);
    snprintf(after, sizeof(after), "%s", at + strlen(find));
    snprintf(at, size - (size_t)(at - text), "%s%s", put, after);
}

/* The reference and the development file load once the files they name are there. */
static void test_shipped_files_load(void **state)
{
    const struct place *place = *state;
    static const char *const files[] = {"config/tsunagi.yaml", "config/development.yaml"};
    static const char *const swaps[2][8] = {
        {"/etc/tsunagi/tls.crt", "tls.crt", "/etc/tsunagi/tls.key", "tls.key",
         "/usr/share/tsunagi/web", ".", "/usr/share/tsunagi/rules/jp-online-care.yaml",
         "pack.yaml"},
        {"@HOME@/tls.crt", "tls.crt", "@HOME@/tls.key", "tls.key", "\"@WEB@", "\".",
         "../config/rules/jp-online-care.yaml", "pack.yaml"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        char text[TEXT_SIZE], message[CONFIG_MESSAGE_SIZE];
        struct gateway_config config;
        FILE *file = fopen(files[i], "r");
        assert_non_null(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        for (size_t s = 0; s < 8; s += 2)
            replace(text, sizeof(text), swaps[i][s], swaps[i][s + 1]);
        if (i == 0)
            replace(text, sizeof(text), "announce: []", "announce: [\"192.0.2.7\"]");
        if (!result_ok(load(place, text, &config, message)))
            fail_msg("%s", message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_configuration_has_all_defaults),
        cmocka_unit_test(test_values_are_taken),
        cmocka_unit_test(test_turn_is_taken),
        cmocka_unit_test(test_turn_urls),
        cmocka_unit_test(test_each_complaint_has_its_line),
        cmocka_unit_test(test_unreadable_files),
        cmocka_unit_test(test_reference_is_up_to_date),
        cmocka_unit_test(test_shipped_files_load),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
