#include "gateway/synthetic/house.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#define START_ATTEMPTS 100 /* of 100 ms */

/* Thread: main.   Owner: the program.   Life: house_open … house_close. */
struct house {
    char *home;
    char *config;
    char *certificate;
    char *origin;
    const char *binary;
    json_t *clinic;
    GSubprocess *signer;
    GSubprocess *server;
    guint16 port;
};

const char *house_origin(const struct house *house)
{
    return house->origin;
}

const char *house_certificate(const struct house *house)
{
    return house->certificate;
}

const char *house_server(const struct house *house)
{
    return g_subprocess_get_identifier(house->server);
}

json_t *house_clinic(const struct house *house)
{
    return house->clinic;
}

/* A port nobody listens on now; the gateway binds it a moment later. */
static guint16 house_free_port(void)
{
    GSocket *socket =
        g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
    GSocketAddress *any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
    g_socket_bind(socket, any, TRUE, NULL);
    GSocketAddress *bound = g_socket_get_local_address(socket, NULL);
    guint16 port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    g_object_unref(bound);
    g_object_unref(any);
    g_object_unref(socket);
    return port;
}

/* Runs to the end; `*ret_output` (may be NULL) is for g_free. */
static bool house_run(const char *const *arguments, char **ret_output, int *ret_status)
{
    GError *error = NULL;
    GSubprocess *process = g_subprocess_newv(arguments, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
    char *output = NULL;
    bool ran = process != NULL &&
               g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, &error);
    int status =
        ran && g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) : -1;
    if (error != NULL)
        g_printerr("%s: %s\n", arguments[0], error->message);
    g_clear_error(&error);
    g_clear_object(&process);
    if (ret_output != NULL)
        *ret_output = output;
    else
        g_free(output);
    if (ret_status != NULL)
        *ret_status = status;
    return ran && (status == 0 || ret_status != NULL);
}

static bool house_certificate_make(struct house *house)
{
    char *key = g_build_filename(house->home, "tls.key", NULL);
    const char *const arguments[] = {"openssl",
                                     "req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:P-256",
                                     "-nodes",
                                     "-days",
                                     "2",
                                     "-subj",
                                     "/CN=localhost",
                                     "-addext",
                                     "subjectAltName=DNS:localhost,IP:127.0.0.1",
                                     "-keyout",
                                     key,
                                     "-out",
                                     house->certificate,
                                     NULL};
    GSubprocess *process = g_subprocess_newv(arguments, G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
    bool made = process != NULL && g_subprocess_wait_check(process, NULL, NULL);
    g_clear_object(&process);
    g_chmod(key, 0600);
    g_free(key);
    return made;
}

static bool house_configure(struct house *house, const struct house_options *options)
{
    char *empty = g_build_filename(house->home, "pages", NULL);
    if (options->web == NULL) {
        char *page = g_build_filename(empty, "index.html", NULL);
        g_mkdir(empty, 0700);
        g_file_set_contents(page, "<!doctype html><title>no pages</title>", -1, NULL);
        g_free(page);
    }
    char *text = g_strdup_printf(
        "http:\n  bind: 127.0.0.1\n  port: %u\n  certificate: tls.crt\n  key: tls.key\n  origins: "
        "[\"%s\"]\n  web_root: \"%s\"\n%s"
        "media:\n  bind: 127.0.0.1\n  port: %u\n%s"
        "storage:\n  path: gateway.db\naudit:\n  origin: demo.example/gateway/audit/2026\n  "
        "checkpoints: signer\n"
        "rules:\n  pack: \"%s\"\n",
        house->port, house->origin, options->web == NULL ? empty : options->web,
        options->http == NULL ? "" : options->http, house_free_port(),
        options->media == NULL ? "" : options->media, options->pack);
    bool written = g_file_set_contents(house->config, text, -1, NULL);
    g_free(text);
    g_free(empty);
    return written;
}

/* One after the other: each is a process of its own that extends the audit log. */
static bool house_hire(const struct house *house, const struct house_options *options)
{
    bool good = true;
    for (unsigned i = 1; i <= options->physicians && good; i++) {
        char *login = g_strdup_printf("doctor-%u", i);
        const char *const arguments[] = {house->binary, "staff",        "add",       "--config",
                                         house->config, "--login",      login,       "--role",
                                         "physician",   "--name-ja",    "試験 医師", "--name-en",
                                         "Test Doctor", "--registered", "2004",      NULL};
        GSubprocess *process = g_subprocess_newv(arguments, G_SUBPROCESS_FLAGS_STDIN_PIPE, NULL);
        good = process != NULL &&
               g_subprocess_communicate_utf8(process, options->password, NULL, NULL, NULL, NULL) &&
               g_subprocess_get_successful(process);
        g_clear_object(&process);
        g_free(login);
    }
    return good;
}

static bool house_prepare(struct house *house)
{
    char *state = g_build_filename(house->home, "signer", NULL), *clinic = NULL;
    const char *const key[] = {house->binary, "signer",  "--init", "--config",
                               house->config, "--state", state,    NULL};
    const char *const book[] = {house->binary, "demo-clinic", "--config",
                                house->config, "--json",      NULL};
    bool good = house_run(key, NULL, NULL) && house_run(book, &clinic, NULL);
    if (good)
        house->clinic = json_loads(clinic, 0, NULL);
    g_free(clinic);
    g_free(state);
    return good && house->clinic != NULL;
}

/* Is somebody listening on the port? */
static bool house_listens(const struct house *house)
{
    GSocketClient *client = g_socket_client_new();
    GSocketConnection *connection =
        g_socket_client_connect_to_host(client, "127.0.0.1", house->port, NULL, NULL);
    bool listens = connection != NULL;
    g_clear_object(&connection);
    g_object_unref(client);
    return listens;
}

static bool house_start(struct house *house)
{
    char *state = g_build_filename(house->home, "signer", NULL),
         *log = g_build_filename(house->home, "gateway.log", NULL);
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_subprocess_launcher_set_stderr_file_path(launcher, log);
    house->signer = g_subprocess_launcher_spawn(launcher, NULL, house->binary, "signer", "--config",
                                                house->config, "--state", state, NULL);
    house->server = g_subprocess_launcher_spawn(launcher, NULL, house->binary, "serve", "--config",
                                                house->config, NULL);
    bool up = false;
    for (int i = 0; i < START_ATTEMPTS && house->server != NULL && !up; i++) {
        g_usleep(100000);
        up = house_listens(house);
    }
    if (!up) {
        char *text = NULL;
        g_file_get_contents(log, &text, NULL, NULL);
        g_printerr("the gateway did not come up:\n%s\n", text == NULL ? "" : text);
        g_free(text);
    }
    g_object_unref(launcher);
    g_free(log);
    g_free(state);
    return up;
}

struct house *house_open(const struct house_options *options)
{
    struct house *house = g_new0(struct house, 1);
    house->binary = options->binary;
    house->home = g_dir_make_tmp("tsunagi-demo-XXXXXX", NULL);
    house->config = g_build_filename(house->home, "tsunagi.yaml", NULL);
    house->certificate = g_build_filename(house->home, "tls.crt", NULL);
    house->port = house_free_port();
    house->origin = g_strdup_printf("https://localhost:%u", house->port);
    if (house_certificate_make(house) && house_configure(house, options) && house_prepare(house) &&
        house_hire(house, options) && house_start(house))
        return house;
    return house_close(house, false);
}

/* The second signal ends a gateway that waits for its consultations. */
static void house_stop(GSubprocess *process)
{
    if (process == NULL)
        return;
    g_subprocess_send_signal(process, SIGTERM);
    g_usleep(100000);
    g_subprocess_send_signal(process, SIGTERM);
    g_subprocess_wait(process, NULL, NULL);
    g_object_unref(process);
}

struct house *house_close(struct house *house, bool keep)
{
    house_stop(house->server);
    house_stop(house->signer);
    if (keep) {
        g_printerr("kept: %s\n", house->home);
    } else {
        const char *const remove[] = {"rm", "-rf", house->home, NULL};
        house_run(remove, NULL, NULL);
    }
    json_decref(house->clinic);
    g_free(house->home);
    g_free(house->config);
    g_free(house->certificate);
    g_free(house->origin);
    g_free(house);
    return NULL;
}

json_t *house_verify(const struct house *house)
{
    const char *const arguments[] = {house->binary, "audit",       "verify", "--json",
                                     "--config",    house->config, NULL};
    char *output = NULL;
    int status;
    json_t *report = house_run(arguments, &output, &status) && output != NULL
                         ? json_loads(output, 0, NULL)
                         : NULL;
    if (report != NULL)
        json_object_set_new(report, "exit", json_integer(status));
    g_free(output);
    return report;
}
