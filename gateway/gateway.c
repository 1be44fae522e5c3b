#include "gateway/gateway.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"

#define TICK_MS       500
#define SLOW_TICK_MS  1000
#define STOP_GRACE_MS 300 /* for the last messages to leave the sockets */

/* Thread: control.   Owner: gateway_run, on the heap.   Life: one run. */
struct gateway {
    const struct gateway_options *options;
    uv_loop_t loop;
    uv_async_t store_wake, media_wake, api_wake;
    uv_timer_t tick, slow_tick, stop_timer;
    uv_signal_t terminate, interrupt, hangup;
    struct counters control_counters, store_counters;
    struct store *store;
    struct media *media;
    struct control *control;
    struct api *api;
    struct signaling *signaling;
    struct whip *whip;
    bool draining;
    bool stopping;
    int64_t drain_until_us;
};

/* ---- wake-ups from other threads: uv_async_send is the only legal call ------------------------------------------ */

static void gateway_store_woken(void *owner)
{
    uv_async_send(&((struct gateway *)owner)->store_wake);
}

static void gateway_media_woken(void *owner)
{
    uv_async_send(&((struct gateway *)owner)->media_wake);
}

static void gateway_api_woken(void *owner)
{
    uv_async_send(&((struct gateway *)owner)->api_wake);
}

static void gateway_on_store(uv_async_t *handle)
{
    store_dispatch(((struct gateway *)handle->data)->store);
}

static void gateway_on_media(uv_async_t *handle)
{
    control_media_events(((struct gateway *)handle->data)->control);
}

static void gateway_on_api(uv_async_t *handle)
{
    api_dispatch(((struct gateway *)handle->data)->api);
}

/* ---- services for the api room ---------------------------------------------------------------------------------- */

static void gateway_issue_ticket(void *owner, const struct visit_identity *identity,
                                 struct token *ret_ticket)
{
    control_issue_ticket(((struct gateway *)owner)->control, identity, ret_ticket);
}

static void gateway_sign_out(void *owner, const struct id *session)
{
    control_sign_out(((struct gateway *)owner)->control, session);
}

static void gateway_book(void *owner, const struct booking *booking, booking_done_fn done,
                         void *done_owner)
{
    control_book(((struct gateway *)owner)->control, booking, done, done_owner);
}

static void gateway_reissue(void *owner, const struct actor *actor, const struct id *consultation,
                            booking_done_fn done, void *done_owner)
{
    control_reissue(((struct gateway *)owner)->control, actor, consultation, done, done_owner);
}

static void gateway_invite_guest(void *owner, const struct guest_invitation *invitation,
                                 booking_done_fn done, void *done_owner)
{
    control_invite_guest(((struct gateway *)owner)->control, invitation, done, done_owner);
}

static void gateway_redeem(void *owner, const struct redeem *redeem, redeem_done_fn done,
                           void *done_owner)
{
    control_redeem(((struct gateway *)owner)->control, redeem, done, done_owner);
}

static void gateway_device_issue(void *owner, const struct device_request *request,
                                 device_done_fn done, void *done_owner)
{
    control_device_issue(((struct gateway *)owner)->control, request, done, done_owner);
}

static void gateway_device_revoke(void *owner, const struct actor *actor,
                                  const struct id *consultation, const struct id *device,
                                  device_done_fn done, void *done_owner)
{
    control_device_revoke(((struct gateway *)owner)->control, actor, consultation, device, done,
                          done_owner);
}

static void gateway_counters(void *owner, uint64_t *ret_values)
{
    struct gateway *gateway = owner;
    const struct counters *blocks[MEDIA_WORKERS_MAX + 2] = {&gateway->control_counters,
                                                            &gateway->store_counters};
    unsigned count = 2;
    for (uint32_t worker = 0; worker < media_workers(gateway->media); worker++)
        blocks[count++] = media_counters(gateway->media, worker);
    counters_sum(blocks, count, ret_values);
}

static bool gateway_ready(void *owner, const char **ret_reason)
{
    struct gateway *gateway = owner;
    *ret_reason = gateway->draining ? "draining" : store_degraded(gateway->store) ? "storage" : "";
    return (*ret_reason)[0] == 0;
}

static const struct rule_pack *gateway_pack(void *owner)
{
    return control_pack_in_use(((struct gateway *)owner)->control);
}

/* ---- what signaling calls --------------------------------------------------------------------------------------- */

static void gateway_on_request(void *owner, const struct http_request *request)
{
    struct gateway *gateway = owner;
    if (whip_is_path(request->path))
        whip_on_request(gateway->whip, request);
    else
        api_on_request(gateway->api, request);
}

static void gateway_on_hello(void *owner, struct handle socket, const struct message_hello *hello)
{
    control_on_hello(((struct gateway *)owner)->control, socket, hello);
}

static void gateway_on_message(void *owner, struct handle session, uint32_t ref,
                               const struct message *message)
{
    control_on_message(((struct gateway *)owner)->control, session, ref, message);
}

static void gateway_on_away(void *owner, struct handle session)
{
    control_on_away(((struct gateway *)owner)->control, session);
}

static void gateway_on_resumed(void *owner, struct handle session)
{
    control_on_resumed(((struct gateway *)owner)->control, session);
}

static void gateway_on_ended(void *owner, struct handle session, enum session_end why)
{
    control_on_ended(((struct gateway *)owner)->control, session, why);
}

/* ---- the loop --------------------------------------------------------------------------------------------------- */

static void gateway_close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void gateway_on_stop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void gateway_stop_soon(struct gateway *gateway)
{
    if (gateway->stopping)
        return;
    gateway->stopping = true;
    uv_timer_start(&gateway->stop_timer, gateway_on_stop, STOP_GRACE_MS, 0);
}

static void gateway_on_tick(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;
    control_tick(gateway->control);
    if (gateway->draining &&
        (control_is_idle(gateway->control) || clock_monotonic_us() >= gateway->drain_until_us))
        gateway_stop_soon(gateway);
}

static void gateway_on_slow_tick(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;
    api_checkpoint_tick(gateway->api);
    counter_set(&gateway->control_counters, COUNTER_tls_certificate_expiry_seconds,
                (uint64_t)signaling_certificate_expiry(gateway->signaling));
}

static void gateway_drain_stored(void *owner, enum result result, uint64_t first_seq)
{
    (void)owner;
    (void)first_seq;
    if (!result_ok(result))
        LOG(LOG_ERROR, "drain.not_recorded", log_result(result));
}

static void gateway_record(struct gateway *gateway, enum audit_act act, enum audit_outcome outcome,
                           const char *what)
{
    struct store_transaction *transaction = store_transaction_new();
    struct audit_draft draft = {
        .act = act, .outcome = outcome, .actor = {.role = ROLE_SYSTEM}, .object_kind = "config"};
    draft.extra[draft.extra_count++] = (struct audit_extra){.key = "what", .is_text = true};
    (void)!text_copy(draft.extra[0].text, sizeof(draft.extra[0].text), what);
    store_transaction_record(transaction, &draft);
    enum result result = store_submit(gateway->store, transaction, gateway_drain_stored, NULL);
    if (!result_ok(result))
        gateway_drain_stored(NULL, result, STORE_NO_SEQ);
}

/* First signal: no new consultations, running ones go on up to the limit. Second: end now. */
static void gateway_on_terminate(uv_signal_t *handle, int signal_number)
{
    struct gateway *gateway = handle->data;
    LOG(LOG_INFO, "gateway.drain", log_number("signal", signal_number),
        log_number("again", gateway->draining));
    if (gateway->draining) {
        gateway_stop_soon(gateway);
        return;
    }
    gateway->draining = true;
    gateway->drain_until_us = clock_monotonic_us() + gateway->options->drain_limit_us;
    gateway_record(gateway, AUDIT_ACT_SYSTEM_DRAIN, AUDIT_OK, "drain");
    control_drain(gateway->control);
    whip_drain(gateway->whip);
    signaling_drain(gateway->signaling);
}

/* Everything is read first; only then anything is changed (FT-17). */
static void gateway_on_hangup(uv_signal_t *handle, int signal_number)
{
    struct gateway *gateway = handle->data;
    struct gateway_reload reload = {0};
    (void)signal_number;
    enum result result = gateway->options->reload(gateway->options->reload_owner, &reload);
    if (result_ok(result))
        result = signaling_reload_certificate(gateway->signaling, reload.certificate_file,
                                              reload.key_file);
    if (result_ok(result))
        result = control_use_pack(gateway->control, &reload.pack);
    if (reload.pack.pack != NULL) { /* not taken over */
        rule_pack_free(reload.pack.pack);
        free(reload.pack.bytes);
    }
    LOG(result_ok(result) ? LOG_INFO : LOG_ERROR, "gateway.reload", log_result(result));
    gateway_record(gateway, result_ok(result) ? AUDIT_ACT_CONFIG_CHANGE : AUDIT_ACT_CONFIG_REJECTED,
                   result_ok(result) ? AUDIT_OK : AUDIT_ERROR, "reload");
}

static void gateway_watch(struct gateway *gateway)
{
    uv_loop_t *loop = &gateway->loop;
    uv_async_init(loop, &gateway->store_wake, gateway_on_store);
    uv_async_init(loop, &gateway->media_wake, gateway_on_media);
    uv_async_init(loop, &gateway->api_wake, gateway_on_api);
    uv_timer_init(loop, &gateway->tick);
    uv_timer_init(loop, &gateway->slow_tick);
    uv_timer_init(loop, &gateway->stop_timer);
    uv_signal_init(loop, &gateway->terminate);
    uv_signal_init(loop, &gateway->interrupt);
    uv_signal_init(loop, &gateway->hangup);
    gateway->store_wake.data = gateway->media_wake.data = gateway->api_wake.data = gateway;
    gateway->tick.data = gateway->slow_tick.data = gateway->stop_timer.data = gateway;
    gateway->terminate.data = gateway->interrupt.data = gateway->hangup.data = gateway;
}

static enum result gateway_start_rooms(struct gateway *gateway, const char **ret_stage)
{
    const struct gateway_options *options = gateway->options;
    *ret_stage = "storage";
    enum result result = store_open(&options->store, gateway_store_woken, gateway,
                                    &gateway->store_counters, &gateway->store);
    if (!result_ok(result))
        return result;
    *ret_stage = "media";
    result = media_start(&options->media, gateway_media_woken, gateway, &gateway->media);
    if (!result_ok(result))
        return result;
    *ret_stage = "control";
    struct control_rooms rooms = {
        .store = gateway->store, .media = gateway->media, .counters = &gateway->control_counters};
    result = control_new(&options->control, &rooms, &gateway->control);
    if (!result_ok(result))
        return result;
    *ret_stage = "api";
    struct api_services services = {.owner = gateway,
                                    .issue_ticket = gateway_issue_ticket,
                                    .sign_out = gateway_sign_out,
                                    .book = gateway_book,
                                    .reissue = gateway_reissue,
                                    .invite_guest = gateway_invite_guest,
                                    .redeem = gateway_redeem,
                                    .device_issue = gateway_device_issue,
                                    .device_revoke = gateway_device_revoke,
                                    .counters = gateway_counters,
                                    .ready = gateway_ready,
                                    .pack = gateway_pack};
    result = api_new(&options->api, &services, gateway->store, &gateway->control_counters,
                     gateway_api_woken, gateway, &gateway->api);
    if (!result_ok(result))
        return result;
    struct whip_handlers devices = {.owner = gateway->control,
                                    .offer = control_on_device_offer,
                                    .restart = control_on_device_restart,
                                    .deleted = control_on_device_deleted};
    result =
        whip_new(&devices, options->api.public_origin, &gateway->control_counters, &gateway->whip);
    if (!result_ok(result))
        return result;
    *ret_stage = "signaling";
    struct signaling_handlers handlers = {.owner = gateway,
                                          .request = gateway_on_request,
                                          .hello = gateway_on_hello,
                                          .message = gateway_on_message,
                                          .away = gateway_on_away,
                                          .resumed = gateway_on_resumed,
                                          .ended = gateway_on_ended};
    return signaling_start(&options->signaling, &handlers, &gateway->loop,
                           &gateway->control_counters, &gateway->signaling);
}

static void gateway_serve(struct gateway *gateway)
{
    control_attach(gateway->control, gateway->signaling);
    control_attach_devices(gateway->control, gateway->whip);
    whip_attach(gateway->whip, gateway->signaling);
    api_attach(gateway->api, gateway->signaling);
    uv_timer_start(&gateway->tick, gateway_on_tick, TICK_MS, TICK_MS);
    uv_timer_start(&gateway->slow_tick, gateway_on_slow_tick, SLOW_TICK_MS, SLOW_TICK_MS);
    uv_signal_start(&gateway->terminate, gateway_on_terminate, SIGTERM);
    uv_signal_start(&gateway->interrupt, gateway_on_terminate, SIGINT);
    uv_signal_start(&gateway->hangup, gateway_on_hangup, SIGHUP);
    LOG(LOG_INFO, "gateway.serving", log_number("https", signaling_port(gateway->signaling)),
        log_number("workers", media_workers(gateway->media)));
    uv_run(&gateway->loop, UV_RUN_DEFAULT);
}

enum result gateway_run(const struct gateway_options *options, const char **ret_stage)
{
    struct gateway *gateway = calloc(1, sizeof(*gateway));
    if (gateway == NULL)
        return RESULT_NO_MEMORY;
    gateway->options = options;
    uv_loop_init(&gateway->loop);
    gateway_watch(gateway);
    enum result result = gateway_start_rooms(gateway, ret_stage);
    if (result_ok(result))
        gateway_serve(gateway);
    /* The loop stands still, so nobody can ask any more: write what is queued and answer it, then close the sockets. */
    if (gateway->store != NULL)
        gateway->store = store_close(gateway->store);
    if (gateway->control != NULL)
        control_detach(gateway->control);
    if (gateway->signaling != NULL)
        gateway->signaling = signaling_stop(gateway->signaling);
    uv_run(&gateway->loop, UV_RUN_NOWAIT);
    if (gateway->media != NULL)
        gateway->media = media_stop(gateway->media);
    gateway->api = api_free(gateway->api);
    gateway->whip = whip_free(gateway->whip);
    gateway->control = control_free(gateway->control);
    uv_walk(&gateway->loop, gateway_close_handle, NULL);
    while (uv_run(&gateway->loop, UV_RUN_NOWAIT) != 0)
        ;
    uv_loop_close(&gateway->loop);
    free(gateway);
    return result;
}
