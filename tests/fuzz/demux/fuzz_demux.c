/* The whole door of a media worker: STUN, DTLS and RTP of anybody, without sockets and threads. The input is a row of
 * datagrams: one byte of source (0-127 a stranger, 128-255 the proven address of an endpoint), two bytes of length, the
 * bytes. The endpoint has an open route to a second one, so whatever the walk would let out would be seen.
 * Must hold: nothing that did not authenticate is forwarded, nothing is sent to who has not proved his
 * address (the corpus holds a right check, so a stranger may become one who has). */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "media/endpoint/endpoint_transport.h"
#include "media/path/path.h"
#include "media/srtp/srtp.h"
#include "media/worker/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATAGRAMS_MAX 64

/* Made once, because keys and mailboxes take longer than an input; each input gets fresh endpoints. */
struct scene {
    struct media_options options;
    struct dtls_identity *identity;
    struct media_worker *worker;
    struct net_address proven, stranger;
    uint32_t generation;
};

static void scene_start(struct scene *scene)
{
    *scene = (struct scene){.options = {.workers = 1,
                                        .bind_address = "127.0.0.1",
                                        .endpoints_max = 4,
                                        .consent_timeout_us = 30000000,
                                        .handshake_timeout_us = 15000000,
                                        .gap_notice_us = 1000000,
                                        .random_seed = 1}};
    log_set_level(LOG_ERROR);
    CHECK(result_ok(srtp_library_start()));
    CHECK(result_ok(dtls_identity_new(&scene->identity)));
    CHECK(result_ok(worker_new_offline(&scene->options, scene->identity, &scene->worker)));
    CHECK(result_ok(net_address_parse("192.0.2.1", 1000, &scene->proven)));
    CHECK(result_ok(net_address_parse("198.51.100.1", 2000, &scene->stranger)));
}

static void scene_endpoint(struct scene *scene, uint32_t slot, const char *ufrag)
{
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_OPEN,
                                    .endpoint = {.slot = slot, .generation = scene->generation}};
    memcpy(command.open.ice.ufrag, ufrag, strlen(ufrag) + 1);
    memcpy(command.open.ice.pwd, "0123456789012345678901", 23);
    command.open.slots[0] = (struct media_slot){.mid = "0", .kind = MEDIA_AUDIO, .up = true};
    command.open.slots[1] =
        (struct media_slot){.mid = "1", .kind = MEDIA_AUDIO, .ssrc = 100 + slot};
    command.open.slots_count = 2;
    CHECK(result_ok(worker_send_command(scene->worker, &command)));
    command =
        (struct media_command){.kind = MEDIA_COMMAND_ENDPOINT_REMOTE, .endpoint = command.endpoint};
    command.remote.fingerprint = *dtls_identity_fingerprint(scene->identity);
    command.remote.maps.payload_type[MEDIA_CODEC_OPUS] = 111;
    command.remote.maps.extension_id[MEDIA_EXTENSION_MID] = 4;
    CHECK(result_ok(worker_send_command(scene->worker, &command)));
}

static void scene_route(struct scene *scene)
{
    struct media_command command = {.endpoint = {.slot = 0, .generation = scene->generation}};
    command.route.subscriber = (struct handle){.slot = 1, .generation = scene->generation};
    command.route.subscriber_slot = 1;
    command.route.open = true;
    command.kind = MEDIA_COMMAND_ROUTE_ADD;
    CHECK(result_ok(worker_send_command(scene->worker, &command)));
    command.kind = MEDIA_COMMAND_GATE;
    CHECK(result_ok(worker_send_command(scene->worker, &command)));
}

static void scene_open(struct scene *scene)
{
    scene->generation++;
    scene_endpoint(scene, 0, "first");
    scene_endpoint(scene, 1, "second");
    scene_route(scene);
    worker_run_commands(scene->worker);
    struct handle first = {.slot = 0, .generation = scene->generation};
    struct endpoint *endpoint = worker_endpoint(scene->worker, first);
    CHECK(endpoint != NULL);
    endpoint_checked(endpoint, span_of("first", 5), &scene->proven, true);
}

static void scene_close(struct scene *scene)
{
    struct media_event event;
    worker_close_all(scene->worker);
    while (worker_receive_event(scene->worker, &event))
        ;
}

/* What waits to be sent goes only where an address was proven. */
static void scene_inspect(struct scene *scene)
{
    const struct send_batch *batch = scene->worker->sockets[NET_UDP4].batch;
    for (uint32_t i = 0; i < batch->count; i++) {
        CHECK(worker_by_address(scene->worker, &batch->items[i].to) != NULL);
    }
    CHECK(counter_get(&scene->worker->counters, COUNTER_media_forwarded) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;
    uint8_t buffer[WORKER_BUFFER_BYTES];
    struct bytes_reader reader = bytes_reader_of(span_of(data, size));
    uint8_t from;
    uint16_t length;
    if (scene.worker == NULL)
        scene_start(&scene);
    scene_open(&scene);
    for (int i = 0;
         i < DATAGRAMS_MAX && bytes_read_u8(&reader, &from) && bytes_read_u16(&reader, &length);
         i++) {
        struct span datagram;
        size_t here = length < reader.left ? length : reader.left;
        if (here > MEDIA_DATAGRAM_MAX)
            here = MEDIA_DATAGRAM_MAX;
        if (!bytes_read_span(&reader, here, &datagram))
            break;
        memcpy(buffer, datagram.data, here);
        scene.worker->now_us += 20000;
        path_classify(scene.worker, from >= 128 ? &scene.proven : &scene.stranger, buffer, here);
        worker_run_handshakes(scene.worker);
        worker_run_timers(scene.worker);
        scene_inspect(&scene);
        path_flush(scene.worker);
    }
    scene_close(&scene);
    return 0;
}
