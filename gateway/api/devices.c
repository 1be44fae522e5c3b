/* Tokens of devices that join one consultation by WHIP or WHEP: made by staff, shown once, listed without the secret, taken
 * back. */
#include <stdio.h>
#include <string.h>

#include "gateway/api/api_call.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"

#define MINUTES_LEAST   5
#define MINUTES_MOST    1440
#define MINUTES_DEFAULT 120

static void device_issued(void *owner, const struct device_answer *answer)
{
    struct api_call *call = owner;
    if (!result_ok(answer->result)) {
        bool later = result_class(answer->result) != RESULT_CLASS_CALLER;
        api_refuse(call, later ? 503 : 409, answer->code, NULL);
        return;
    }
    char whip[512], whep[512];
    const char *base = call->api->options.public_origin;
    if (!text_format(whip, sizeof(whip), "%s" HTTP_PATH_WHIP, base) ||
        !text_format(whep, sizeof(whep), "%s" HTTP_PATH_WHEP, base)) {
        api_refuse(call, 500, "internal", NULL);
        return;
    }
    api_reply(call, 201,
              json_pack("{s:s,s:s,s:s,s:s,s:I}", "device", answer->device.text, "token",
                        answer->secret, "whip", whip, "whep", whep, "expires",
                        (json_int_t)(answer->expires_us / US_PER_MS)));
}

/* Absent members have their defaults; a member of another type or a value out of range is refused. */
static bool device_read(const struct api_call *call, struct device_request *request,
                        const char **ret_field)
{
    json_t *publish = json_object_get(call->body, "publish");
    json_t *play = json_object_get(call->body, "play");
    json_t *minutes = json_object_get(call->body, "minutes");
    json_t *watch = json_object_get(call->body, "watch");
    json_int_t life = minutes == NULL ? MINUTES_DEFAULT : json_integer_value(minutes);
    const char *seat = watch == NULL ? "physician" : json_string_value(watch);
    *ret_field = "publish";
    request->publishes = json_is_true(publish);
    request->plays = json_is_true(play);
    if ((publish != NULL && !json_is_boolean(publish)) ||
        (play != NULL && !json_is_boolean(play)) || (!request->publishes && !request->plays))
        return false;
    *ret_field = "minutes";
    if ((minutes != NULL && !json_is_integer(minutes)) || life < MINUTES_LEAST ||
        life > MINUTES_MOST)
        return false;
    request->life_us = life * 60 * US_PER_S;
    *ret_field = "watch";
    if (seat == NULL || (strcmp(seat, "patient") != 0 && strcmp(seat, "physician") != 0))
        return false;
    request->watches = strcmp(seat, "patient") == 0 ? SEAT_PATIENT : SEAT_PHYSICIAN;
    return true;
}

void api_device_issue(struct api_call *call)
{
    struct device_request request = {.actor = call->identity.actor,
                                     .consultation = call->object.consultation};
    const char *field;
    if (!device_read(call, &request, &field))
        api_refuse(call, 400, "devices_field", field);
    else
        call->api->services.device_issue(call->api->services.owner, &request, device_issued, call);
}

static void device_rows(struct api_call *call, const struct store_rows *rows)
{
    json_t *devices = json_array();
    for (size_t row = 0; row < store_rows_count(rows); row++)
        json_array_append_new(
            devices,
            json_pack(
                "{s:s,s:b,s:b,s:s,s:I,s:I,s:b}", "device", store_rows_text(rows, row, "id"),
                "publish", (int)store_rows_integer(rows, row, "publishes"), "play",
                (int)store_rows_integer(rows, row, "plays"), "watch",
                store_rows_integer(rows, row, "watches") == SEAT_PATIENT ? "patient" : "physician",
                "created", (json_int_t)(store_rows_integer(rows, row, "created_us") / US_PER_MS),
                "expires", (json_int_t)(store_rows_integer(rows, row, "expires_us") / US_PER_MS),
                "revoked", (int)!store_rows_is_null(rows, row, "revoked_us")));
    api_reply(call, 200, json_pack("{s:o}", "devices", devices));
}

void api_devices_list(struct api_call *call)
{
    struct store_query query = {.kind = STORE_QUERY_DEVICE_TOKENS_OF_CONSULTATION,
                                .key = call->object.consultation.text};
    api_query(call, &query, device_rows);
}

static void device_revoked(void *owner, const struct device_answer *answer)
{
    struct api_call *call = owner;
    if (result_ok(answer->result))
        api_reply(call, 200, json_pack("{s:s}", "device", answer->device.text));
    else
        api_refuse(call, answer->result == RESULT_NOT_FOUND ? 404 : 503, answer->code, NULL);
}

void api_device_revoke(struct api_call *call)
{
    const char *text = api_body_text(call, "device");
    struct id device;
    if (text == NULL || !id_parse(text, &device)) {
        api_refuse(call, 400, "malformed", "device");
        return;
    }
    call->api->services.device_revoke(call->api->services.owner, &call->identity.actor,
                                      &call->object.consultation, &device, device_revoked, call);
}
