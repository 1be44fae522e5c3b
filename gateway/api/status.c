/* Health that really asks, counters for Prometheus and for the console. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/api/api_call.h"
#include "gateway/base/clock.h"

#define METRICS_SIZE 32768

/* Only for this machine: a scraper elsewhere goes through the operator's own proxy and its authentication. */
static bool metrics_local(const char *peer_prefix)
{
    return strncmp(peer_prefix, "127.", 4) == 0 || strncmp(peer_prefix, "::1", 3) == 0 ||
           strncmp(peer_prefix, "0:0:0", 5) == 0 || strcmp(peer_prefix, "::/48") == 0 ||
           strcmp(peer_prefix, "::") == 0;
}

void api_metrics(struct api_call *call)
{
    uint64_t values[COUNTERS_COUNT];
    if (!metrics_local(call->peer_prefix)) {
        api_refuse(call, 403, "denied", NULL);
        return;
    }
    char *text = malloc(METRICS_SIZE);
    if (text == NULL) {
        api_refuse(call, 500, "internal", NULL);
        return;
    }
    call->api->services.counters(call->api->services.owner, values);
    size_t used = 0;
    for (unsigned i = 0; i < COUNTERS_COUNT && used < METRICS_SIZE; i++)
        used += (size_t)snprintf(
            text + used, METRICS_SIZE - used,
            "# HELP tsunagi_%s %s\n# TYPE tsunagi_%s %s\ntsunagi_%s %" PRIu64 "\n",
            COUNTER_INFOS[i].name, COUNTER_INFOS[i].help, COUNTER_INFOS[i].name,
            COUNTER_INFOS[i].is_gauge ? "gauge" : "counter", COUNTER_INFOS[i].name, values[i]);
    api_reply_text(call, 200, "text/plain; version=0.0.4", text,
                   used < METRICS_SIZE ? used : METRICS_SIZE - 1);
    free(text);
}

void api_health_live(struct api_call *call)
{
    api_reply(call, 200, json_pack("{s:b}", "live", 1));
}

/* Ready means: a read went through the store just now, and new consultations would be taken. */
static void ready_rows(struct api_call *call, const struct store_rows *rows)
{
    const char *reason = "";
    bool ready = call->api->services.ready(call->api->services.owner, &reason) &&
                 store_rows_count(rows) == 1;
    api_reply(call, ready ? 200 : 503, json_pack("{s:b,s:s}", "ready", ready, "reason", reason));
}

void api_health_ready(struct api_call *call)
{
    struct store_query query = {.kind = STORE_QUERY_LOG_HEAD};
    api_query(call, &query, ready_rows);
}

void api_status(struct api_call *call)
{
    uint64_t values[COUNTERS_COUNT];
    const struct pack_info *pack =
        rule_pack_info(call->api->services.pack(call->api->services.owner));
    json_t *counters = json_object();
    call->api->services.counters(call->api->services.owner, values);
    for (unsigned i = 0; i < COUNTERS_COUNT; i++)
        json_object_set_new(counters, COUNTER_INFOS[i].name, json_integer((json_int_t)values[i]));
    api_reply(call, 200,
              json_pack("{s:I,s:{s:s,s:s},s:o}", "certificate_expires",
                        (json_int_t)values[COUNTER_tls_certificate_expiry_seconds], "pack", "id",
                        pack->id, "version", pack->version, "counters", counters));
}
