#include "gateway/synthetic/person.h"

#include <stdlib.h>
#include <string.h>

#include <libsoup/soup.h>

/* Thread: GLib main loop.   Owner: the program.   Life: person_new … person_free. */
struct person {
    struct person_options options;
    SoupSession *http;
    GTlsCertificate *certificate;
    SoupWebsocketConnection *socket;
    struct peer *peer;
    int next_ref;
    bool connected;
    bool failed;
};

const char *person_name(const struct person *person)
{
    return person->options.name;
}

struct peer *person_peer(struct person *person)
{
    return person->peer;
}

/* The demo's own self-signed certificate and no other. */
static gboolean person_accept_certificate(SoupMessage *message, GTlsCertificate *shown,
                                          GTlsCertificateFlags flags, gpointer user)
{
    struct person *person = user;
    (void)message, (void)flags;
    return g_tls_certificate_is_same(shown, person->certificate);
}

static SoupMessage *person_message(struct person *person, const char *method, const char *path)
{
    char *url = g_strconcat(person->options.origin, path, NULL);
    SoupMessage *message = soup_message_new(method, url);
    g_signal_connect(message, "accept-certificate", G_CALLBACK(person_accept_certificate), person);
    g_free(url);
    return message;
}

json_t *person_call(struct person *person, const char *method, const char *path, json_t *body)
{
    SoupMessage *message = person_message(person, method, path);
    SoupMessageHeaders *headers = soup_message_get_request_headers(message);
    GError *error = NULL;
    soup_message_headers_append(headers, "X-Tsunagi", "1");
    soup_message_headers_append(headers, "Origin", person->options.origin);
    soup_message_headers_append(headers, "Accept-Language", person->options.language);
    if (body != NULL) {
        char *text = json_dumps(body, JSON_COMPACT);
        GBytes *bytes = g_bytes_new(text, strlen(text));
        soup_message_set_request_body_from_bytes(message, "application/json", bytes);
        g_bytes_unref(bytes);
        free(text);
        json_decref(body);
    }
    GBytes *reply = soup_session_send_and_read(person->http, message, NULL, &error);
    int status = (int)soup_message_get_status(message);
    json_t *answer =
        reply == NULL ? NULL
                      : json_loadb(g_bytes_get_data(reply, NULL), g_bytes_get_size(reply), 0, NULL);
    if (status != 200 && status != 201) {
        g_printerr("%s: %s %s answered %d %s\n", person->options.name, method, path, status,
                   error != NULL    ? error->message
                   : answer == NULL ? ""
                                    : json_string_value(json_object_get(answer, "code")));
        json_decref(answer);
        answer = NULL;
    }
    g_clear_error(&error);
    if (reply != NULL)
        g_bytes_unref(reply);
    g_object_unref(message);
    return answer;
}

int person_send(struct person *person, json_t *message)
{
    int ref = ++person->next_ref;
    json_object_set_new(message, "ref", json_integer(ref));
    char *text = json_dumps(message, JSON_COMPACT);
    if (person->socket != NULL &&
        soup_websocket_connection_get_state(person->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_send_text(person->socket, text);
    free(text);
    json_decref(message);
    return ref;
}

void person_fact(struct person *person, const char *consultation, const char *name, json_t *value)
{
    person_send(person, json_pack("{s:s,s:s,s:s,s:o}", "type", "fact", "consultation", consultation,
                                  "name", name, "value", value));
}

void person_act(struct person *person, const char *consultation, const char *event,
                const char *code)
{
    json_t *message =
        json_pack("{s:s,s:s,s:s}", "type", "act", "consultation", consultation, "event", event);
    if (code != NULL)
        json_object_set_new(message, "code", json_string(code));
    person_send(person, message);
}

/* ---- the peer's answer comes from a GStreamer thread: send it from the main loop -------------------------------- */

struct answer {
    struct person *person;
    int64_t offer;
    char *sdp;
};

static gboolean person_send_answer(gpointer user)
{
    struct answer *answer = user;
    person_send(answer->person, json_pack("{s:s,s:I,s:s}", "type", "answer", "offer",
                                          (json_int_t)answer->offer, "sdp", answer->sdp));
    g_free(answer->sdp);
    g_free(answer);
    return G_SOURCE_REMOVE;
}

static void person_answered(void *owner, int64_t offer, const char *sdp)
{
    struct answer *answer = g_new0(struct answer, 1);
    *answer = (struct answer){owner, offer, g_strdup(sdp)};
    g_idle_add(person_send_answer, answer);
}

static void person_take_offer(struct person *person, json_t *message)
{
    if (json_is_true(json_object_get(message, "fresh"))) {
        person->peer = peer_free(person->peer);
        person->peer =
            peer_new(person->options.pattern, person->options.frequency, person_answered, person);
    }
    peer_offer(person->peer, json_integer_value(json_object_get(message, "offer")),
               json_string_value(json_object_get(message, "sdp")));
}

static void person_on_text(SoupWebsocketConnection *socket, gint kind, GBytes *bytes, gpointer user)
{
    struct person *person = user;
    (void)socket, (void)kind;
    json_t *message = json_loadb(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), 0, NULL);
    const char *type = json_string_value(json_object_get(message, "type"));
    if (type != NULL && strcmp(type, "offer") == 0)
        person_take_offer(person, message);
    if (type != NULL)
        person->options.message(person, person->options.story, type, message);
    json_decref(message);
}

static void person_on_open(GObject *source, GAsyncResult *result, gpointer user)
{
    struct person *person = user;
    GError *error = NULL;
    person->socket = soup_session_websocket_connect_finish(SOUP_SESSION(source), result, &error);
    person->connected = person->socket != NULL;
    person->failed = !person->connected;
    if (error != NULL)
        g_printerr("%s: WebSocket: %s\n", person->options.name, error->message);
    g_clear_error(&error);
}

bool person_open(struct person *person, json_t *hello)
{
    char tsunagi[] = "tsunagi.v1", *protocols[] = {tsunagi, NULL};
    char *url = g_strconcat("wss", person->options.origin + strlen("https"), "/ws", NULL);
    SoupMessage *message = soup_message_new("GET", url);
    g_signal_connect(message, "accept-certificate", G_CALLBACK(person_accept_certificate), person);
    g_clear_object(&person->socket);
    person->connected = person->failed = false;
    soup_session_websocket_connect_async(person->http, message, person->options.origin, protocols,
                                         G_PRIORITY_DEFAULT, NULL, person_on_open, person);
    while (!person->connected && !person->failed)
        g_main_context_iteration(NULL, TRUE);
    g_object_unref(message);
    g_free(url);
    if (person->connected) {
        g_signal_connect(person->socket, "message", G_CALLBACK(person_on_text), person);
        json_object_set_new(hello, "type", json_string("hello"));
        json_object_set_new(hello, "protocol", json_integer(1));
        json_object_set_new(hello, "language", json_string(person->options.language));
        person_send(person, hello);
    } else {
        json_decref(hello);
    }
    return person->connected;
}

bool person_connect(struct person *person, const char *as)
{
    json_t *ticket = person_call(person, "POST", "/api/ticket", json_pack("{s:s}", "as", as));
    if (ticket == NULL)
        return false;
    json_t *hello =
        json_pack("{s:s}", "ticket", json_string_value(json_object_get(ticket, "ticket")));
    json_decref(ticket);
    return person_open(person, hello);
}

void person_leave(struct person *person)
{
    person_send(person, json_pack("{s:s}", "type", "bye"));
    person->peer = peer_free(person->peer);
}

struct person *person_new(const struct person_options *options)
{
    struct person *person = g_new0(struct person, 1);
    person->options = *options;
    person->http = soup_session_new();
    soup_session_add_feature_by_type(person->http, SOUP_TYPE_COOKIE_JAR);
    person->certificate = g_tls_certificate_new_from_file(options->certificate, NULL);
    return person;
}

struct person *person_free(struct person *person)
{
    if (person == NULL)
        return NULL;
    peer_free(person->peer);
    g_clear_object(&person->socket);
    g_clear_object(&person->http);
    g_clear_object(&person->certificate);
    g_free(person);
    return NULL;
}
