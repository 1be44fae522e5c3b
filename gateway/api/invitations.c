/* A patient's or guest's link: what it agrees to, and binding a browser to it. Fetching the page changes nothing; only this POST
 * redeems, and it looks the same for every secret that is not valid. */
#include <string.h>

#include "gateway/api/api_call.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/words/agreement.h"

#define DEVICE_COOKIE_S (36 * 3600)

static void redeem_institution_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) != 1) {
        api_refuse(call, 404, "invitation_unknown", NULL);
        return;
    }
    const char *name =
        store_rows_text(rows, 0, call->language == LANGUAGE_EN ? "name_en" : "name_ja");
    json_t *institution =
        json_pack("{s:s,s:s}", "name", name, "telephone", store_rows_text(rows, 0, "telephone"));
    json_object_set_new(call->reply, "institution", institution);
    json_t *reply = call->reply;
    call->reply = NULL;
    api_reply(call, call->status, reply);
}

static void redeem_physician_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) == 1) {
        const char *name = store_rows_text(
            rows, 0, call->language == LANGUAGE_EN ? "display_name_en" : "display_name_ja");
        json_object_set_new(call->reply, "physician",
                            json_pack("{s:s,s:I}", "name", name, "registered",
                                      (json_int_t)store_rows_integer(rows, 0, "registered_year")));
    }
    struct store_query query = {.kind = STORE_QUERY_INSTITUTION_BY_ID,
                                .key = call->identity.actor.institution.text};
    api_query(call, &query, redeem_institution_rows);
}

static void redeem_visit_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) != 1) {
        api_refuse(call, 404, "invitation_unknown", NULL);
        return;
    }
    struct id physician = store_rows_id(rows, 0, "physician");
    call->identity.actor.institution = store_rows_id(rows, 0, "institution");
    json_object_set_new(call->reply, "consultation", json_string(call->redeem.consultation.text));
    json_object_set_new(call->reply, "booked_for",
                        json_integer(store_rows_integer(rows, 0, "booked_for_us") / US_PER_MS));
    struct store_query query = {.kind = STORE_QUERY_STAFF_BY_ID, .key = physician.text};
    api_query(call, &query, redeem_physician_rows);
}

static void redeem_answered(void *owner, const struct redeem_answer *answer)
{
    struct api_call *call = owner;
    bool bound = answer->bound_now;
    if (bound &&
        !result_ok(cookie_format(COOKIE_DEVICE, answer->cookie, DEVICE_COOKIE_S, call->set_cookie)))
        call->set_cookie[0] = 0;
    if (!result_ok(answer->result) && answer->code != NULL &&
        strcmp(answer->code, "held_other_device") != 0) {
        counter_add(call->api->counters, COUNTER_invitation_refused, 1);
        api_refuse(call, answer->result == RESULT_STALE ? 410 : 503, answer->code, NULL);
        return;
    }
    /* A held browser learns the clinic's name and telephone too: somebody has to be able to help. */
    call->status = result_ok(answer->result) ? 200 : 409;
    call->reply = json_object();
    json_object_set_new(call->reply, "role", json_string(role_name(call->redeem.role)));
    if (!result_ok(answer->result))
        json_object_set_new(call->reply, "code", json_string(answer->code));
    struct store_query query = {.kind = STORE_QUERY_CONSULTATION_BY_ID,
                                .key = call->redeem.consultation.text};
    api_query(call, &query, redeem_visit_rows);
}

static void redeem_device_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) == 1 &&
        store_rows_integer(rows, 0, "expires_us") > clock_wall_us()) {
        struct id consultation = store_rows_id(rows, 0, "consultation");
        struct id guest = store_rows_id(rows, 0, "guest");
        if (id_equal(&consultation, &call->redeem.consultation) &&
            id_equal(&guest, &call->redeem.guest)) /* a guest's browser is not the patient's */
            call->redeem.device = store_rows_id(rows, 0, "id");
    }
    call->api->services.redeem(call->api->services.owner, &call->redeem, redeem_answered, call);
}

static void redeem_invitation_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) != 1) {
        counter_add(call->api->counters, COUNTER_invitation_refused, 1);
        api_refuse(call, 404, "invitation_unknown", NULL);
        return;
    }
    call->redeem.invitation = store_rows_id(rows, 0, "id");
    call->redeem.consultation = store_rows_id(rows, 0, "consultation");
    call->redeem.patient = store_rows_id(rows, 0, "patient");
    call->redeem.guest = store_rows_id(rows, 0, "guest");
    call->redeem.role = id_is_set(&call->redeem.guest)
                            ? role_of_name(store_rows_text(rows, 0, "guest_role"))
                            : ROLE_PATIENT;
    call->redeem.created_us = store_rows_integer(rows, 0, "created_us");
    call->redeem.expires_us = store_rows_integer(rows, 0, "expires_us");
    struct store_query query = {.kind = STORE_QUERY_DEVICE_BY_HASH,
                                .hash = token_hash(call->cookie_device)};
    api_query(call, &query, redeem_device_rows);
}

void api_redeem(struct api_call *call)
{
    const char *secret = api_body_text(call, "secret"), *language = api_body_text(call, "language");
    if (language != NULL)
        call->language = strcmp(language, "en") == 0 ? LANGUAGE_EN : LANGUAGE_JA;
    if (secret == NULL || !token_is_wellformed(secret)) {
        counter_add(call->api->counters, COUNTER_invitation_refused, 1);
        api_refuse(call, 404, "invitation_unknown", NULL);
        return;
    }
    call->redeem.secret = token_hash(secret);
    struct store_query query = {.kind = STORE_QUERY_INVITATION_BY_HASH,
                                .hash = call->redeem.secret};
    api_query(call, &query, redeem_invitation_rows);
}

void api_agreement(struct api_call *call)
{
    char language[8], hash[SHA256_BYTES * 2 + 1];
    if (http_query_value(call->query, "language", language, sizeof(language)))
        call->language = strcmp(language, "en") == 0 ? LANGUAGE_EN : LANGUAGE_JA;
    struct sha256 digest = agreement_hash(call->language);
    text_hex(span_of(digest.bytes, SHA256_BYTES), hash, sizeof(hash));
    json_t *paragraphs = json_array();
    for (unsigned i = 0; i < AGREEMENT_PARAGRAPHS; i++)
        json_array_append_new(paragraphs, json_string(agreement_paragraph(call->language, i)));
    api_reply(call, 200,
              json_pack("{s:s,s:i,s:s,s:o}", "language", language_name(call->language), "version",
                        AGREEMENT_VERSION, "hash", hash, "paragraphs", paragraphs));
}
