/* The console's list, one consultation, its timeline; booking and links. Searching and reading a trail are recorded
 * before the answer leaves. */
#include <stdlib.h>
#include <string.h>

#include "gateway/api/api_call.h"
#include "gateway/base/clock.h"

#define PAGE_ROWS     25
#define TIMELINE_ROWS 1000
#define WALL_MS_MAX   253402300799000ll /* the end of the year 9999: times µs can be reckoned with */

static json_t *consultation_json(const struct store_rows *rows, size_t row)
{
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:s,s:I,s:I}", "id",
        store_rows_text(rows, row, "id"), "state", store_rows_text(rows, row, "state"), "physician",
        store_rows_text(rows, row, "physician"), "patient_ref",
        store_rows_text(rows, row, "patient"), "booked_for",
        (json_int_t)(store_rows_integer(rows, row, "booked_for_us") / US_PER_MS), "lobby_at",
        (json_int_t)(store_rows_integer(rows, row, "lobby_at_us") / US_PER_MS), "admitted_at",
        (json_int_t)(store_rows_integer(rows, row, "admitted_at_us") / US_PER_MS), "started_at",
        (json_int_t)(store_rows_integer(rows, row, "started_at_us") / US_PER_MS), "finished_at",
        (json_int_t)(store_rows_integer(rows, row, "finished_at_us") / US_PER_MS), "ended_at",
        (json_int_t)(store_rows_integer(rows, row, "ended_at_us") / US_PER_MS), "outcome",
        store_rows_text(rows, row, "outcome"), "end_reason",
        store_rows_text(rows, row, "end_reason"), "gap_seconds",
        (json_int_t)store_rows_integer(rows, row, "gap_s"), "examined_seconds",
        (json_int_t)store_rows_integer(rows, row, "examined_s"));
}

/* ---- list and search ------------------------------------------------------------------------------------------- */

static int64_t list_number(const struct api_call *call, const char *name)
{
    char text[24];
    return http_query_value(call->query, name, text, sizeof(text)) ? strtoll(text, NULL, 10) : 0;
}

/* Outside what a clock shows means no bound at all. */
static int64_t list_time_us(const struct api_call *call, const char *name)
{
    int64_t ms = list_number(call, name);
    return ms > 0 && ms <= WALL_MS_MAX ? ms * US_PER_MS : 0;
}

static void list_physician_rows(struct api_call *call, const struct store_rows *rows)
{
    const char *column = call->language == LANGUAGE_EN ? "display_name_en" : "display_name_ja";
    json_t *entries = json_object_get(call->reply, "entries"), *entry;
    size_t index;
    json_array_foreach(entries, index, entry)
    {
        for (size_t row = 0; row < store_rows_count(rows); row++)
            if (strcmp(json_string_value(json_object_get(entry, "physician")),
                       store_rows_text(rows, row, "id")) == 0)
                json_object_set_new(entry, "physician_name",
                                    json_string(store_rows_text(rows, row, column)));
    }
    json_t *reply = call->reply;
    call->reply = NULL;
    api_reply(call, 200, reply);
}

static void list_names(struct api_call *call)
{
    struct store_query query = {.kind = STORE_QUERY_STAFF_OF_INSTITUTION,
                                .institution = call->identity.actor.institution.text};
    api_query(call, &query, list_physician_rows);
}

static void list_rows(struct api_call *call, const struct store_rows *rows)
{
    json_t *entries = json_array();
    size_t count = store_rows_count(rows);
    for (size_t row = 0; row < count && row < PAGE_ROWS; row++)
        json_array_append_new(entries, consultation_json(rows, row));
    call->reply =
        json_pack("{s:o,s:o}", "entries", entries, "next",
                  count > PAGE_ROWS ? json_integer(list_number(call, "page") + 1) : json_null());
    struct store_transaction *transaction = store_transaction_new();
    struct audit_draft draft =
        api_draft(call, AUDIT_ACT_AUDIT_SEARCH, "institution", &call->identity.actor.institution);
    draft.extra[draft.extra_count++] =
        (struct audit_extra){.key = "rows", .number = (int64_t)count};
    store_transaction_record(transaction, &draft);
    api_submit(call, transaction, list_names);
}

void api_consultations_list(struct api_call *call)
{
    char text[64] = "", state[24] = "";
    struct store_query query = {.kind = STORE_QUERY_CONSULTATIONS_SEARCH,
                                .institution = call->identity.actor.institution.text,
                                .limit = PAGE_ROWS + 1};
    if (http_query_value(call->query, "text", text, sizeof(text)) && text[0] != 0)
        query.text = text;
    if (http_query_value(call->query, "state", state, sizeof(state)) && state[0] != 0)
        query.state = state;
    int64_t page = list_number(call, "page");
    query.from_us = list_time_us(call, "from");
    query.to_us = list_time_us(call, "to");
    query.first = page > 0 && page < 100000 ? (uint64_t)page * PAGE_ROWS : 0;
    api_query(call, &query, list_rows);
}

/* ---- one consultation ------------------------------------------------------------------------------------------ */

static void view_ready(struct api_call *call)
{
    json_t *reply = call->reply;
    call->reply = NULL;
    api_reply(call, 200, reply);
}

static void view_recorded(struct api_call *call, const char *what)
{
    struct store_transaction *transaction = store_transaction_new();
    struct audit_draft draft = api_draft(call, AUDIT_ACT_AUDIT_VIEW, "consult", &call->path_id);
    api_draft_text(&draft, "what", what);
    store_transaction_record(transaction, &draft);
    api_submit(call, transaction, view_ready);
}

static void get_physician_rows(struct api_call *call, const struct store_rows *rows)
{
    const char *column = call->language == LANGUAGE_EN ? "display_name_en" : "display_name_ja";
    if (store_rows_count(rows) == 1)
        json_object_set_new(call->reply, "physician_name",
                            json_string(store_rows_text(rows, 0, column)));
    view_recorded(call, "consultation");
}

static void get_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) != 1) {
        api_refuse(call, 404, "not_found", NULL);
        return;
    }
    struct id physician = store_rows_id(rows, 0, "physician");
    call->reply = consultation_json(rows, 0);
    struct store_query query = {.kind = STORE_QUERY_STAFF_BY_ID, .key = physician.text};
    api_query(call, &query, get_physician_rows);
}

void api_consultation_get(struct api_call *call)
{
    struct store_query query = {.kind = STORE_QUERY_CONSULTATION_BY_ID,
                                .key = call->path_id.text,
                                .institution = call->identity.actor.institution.text};
    api_query(call, &query, get_rows);
}

static void timeline_pack(struct api_call *call, const char *id, const char *version)
{
    json_object_set_new(call->reply, "pack", json_string(id));
    json_object_set_new(call->reply, "pack_version", json_string(version));
    view_recorded(call, "timeline");
}

static void timeline_pack_rows(struct api_call *call, const struct store_rows *rows)
{
    bool known = store_rows_count(rows) == 1;
    timeline_pack(call, known ? store_rows_text(rows, 0, "id") : "",
                  known ? store_rows_text(rows, 0, "version") : "");
}

/* The pack this consultation is pinned to (P4); before the first entry the one in use is what it would get. */
static void timeline_consultation_rows(struct api_call *call, const struct store_rows *rows)
{
    struct span hash =
        store_rows_count(rows) == 1 ? store_rows_blob(rows, 0, "pack_hash") : span_of(NULL, 0);
    if (hash.length != SHA256_BYTES) {
        const struct pack_info *pack =
            rule_pack_info(call->api->services.pack(call->api->services.owner));
        timeline_pack(call, pack->id, pack->version);
        return;
    }
    struct store_query query = {.kind = STORE_QUERY_PACK_BY_HASH};
    memcpy(query.hash.bytes, hash.data, SHA256_BYTES);
    api_query(call, &query, timeline_pack_rows);
}

static void timeline_decision_rows(struct api_call *call, const struct store_rows *rows)
{
    json_t *decisions = json_array();
    for (size_t row = 0; row < store_rows_count(rows); row++)
        json_array_append_new(
            decisions, json_pack("{s:s,s:s,s:s,s:s,s:I}", "id", store_rows_text(rows, row, "id"),
                                 "gate", store_rows_text(rows, row, "gate"), "verdict",
                                 store_rows_text(rows, row, "verdict"), "failed",
                                 store_rows_text(rows, row, "rule_ids"), "at",
                                 (json_int_t)(store_rows_integer(rows, row, "at_us") / US_PER_MS)));
    json_object_set_new(call->reply, "decisions", decisions);
    struct store_query query = {.kind = STORE_QUERY_CONSULTATION_BY_ID,
                                .key = call->path_id.text,
                                .institution = call->identity.actor.institution.text};
    api_query(call, &query, timeline_consultation_rows);
}

/* Records are shown as they are: the very bytes, parsed. */
static void timeline_rows(struct api_call *call, const struct store_rows *rows)
{
    json_t *records = json_array();
    for (size_t row = 0; row < store_rows_count(rows); row++) {
        struct span bytes = store_rows_blob(rows, row, "bytes");
        json_t *record = json_loadb((const char *)bytes.data, bytes.length, 0, NULL);
        if (record != NULL)
            json_array_append_new(records, record);
    }
    call->reply = json_pack("{s:o}", "records", records);
    struct store_query query = {.kind = STORE_QUERY_DECISIONS_OF_CONSULTATION,
                                .key = call->path_id.text};
    api_query(call, &query, timeline_decision_rows);
}

void api_consultation_timeline(struct api_call *call)
{
    struct store_query query = {.kind = STORE_QUERY_RECORDS_OF_CONSULTATION,
                                .key = call->path_id.text,
                                .limit = TIMELINE_ROWS};
    api_query(call, &query, timeline_rows);
}

/* ---- booking --------------------------------------------------------------------------------------------------- */

static void book_answered(void *owner, const struct booking_answer *answer)
{
    struct api_call *call = owner;
    if (!result_ok(answer->result)) {
        int status = result_class(answer->result) == RESULT_CLASS_CALLER ? 422 : 503;
        api_refuse(call, answer->result == RESULT_NOT_FOUND ? 404 : status, answer->code,
                   answer->field);
        return;
    }
    /* The secret is in the fragment, so it never reaches a server log or a Referer header. */
    json_t *link = json_sprintf("%s/v#%s", call->api->options.public_origin, answer->secret);
    api_reply(call, 201,
              json_pack("{s:s,s:o}", "consultation", answer->consultation.text, "link", link));
}

/* A JSON value as fact_parse() reads it; false when it is nothing a fact can be. */
static bool book_fact_value(const json_t *value, char *ret_text, size_t size)
{
    char *heap = NULL;
    size_t used = 0;
    if (json_is_string(value))
        return text_copy(ret_text, size, json_string_value(value));
    if (json_is_boolean(value) || json_is_integer(value)) {
        heap = json_dumps(value, JSON_ENCODE_ANY);
        bool fits = heap != NULL && text_copy(ret_text, size, heap);
        free(heap);
        return fits;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *member = json_string_value(json_array_get(value, i));
        if (member == NULL || used + strlen(member) + 2 > size)
            return false;
        if (i > 0)
            ret_text[used++] = ',';
        memcpy(ret_text + used, member, strlen(member) + 1);
        used += strlen(member);
    }
    return used > 0;
}

static bool book_facts(json_t *facts, struct booking *booking)
{
    const char *name;
    json_t *value;
    json_object_foreach(facts, name, value)
    {
        if (booking->facts_count == BOOKING_FACTS_MAX)
            return false;
        struct booking_fact *fact = &booking->facts[booking->facts_count++];
        if (!text_copy(fact->name, sizeof(fact->name), name) ||
            !book_fact_value(value, fact->value, sizeof(fact->value)))
            return false;
    }
    return true;
}

static bool book_time(const json_t *when, int64_t *ret_us)
{
    int64_t ms = json_integer_value(when); /* 0 when it is no integer */
    if (ms <= 0 || ms > WALL_MS_MAX)
        return false;
    *ret_us = ms * US_PER_MS;
    return true;
}

void api_consultation_book(struct api_call *call)
{
    struct booking *booking = calloc(1, sizeof(*booking));
    const char *name = api_body_text(call, "patient_name"),
               *physician = api_body_text(call, "physician");
    json_t *when = json_object_get(call->body, "booked_for"),
           *facts = json_object_get(call->body, "facts");
    const char *wrong = NULL;
    if (booking == NULL) {
        api_refuse(call, 500, "internal", NULL);
        return;
    }
    booking->actor = call->identity.actor;
    bool now = when == NULL || json_is_null(when);
    if (!now && !book_time(when, &booking->booked_for_us))
        wrong = "booked_for";
    else if (name == NULL || name[0] == 0 ||
             !text_copy(booking->patient_name, sizeof(booking->patient_name), name))
        wrong = "patient_name";
    else if (physician != NULL && physician[0] != 0 && !id_parse(physician, &booking->physician))
        wrong = "physician";
    else if (facts != NULL && (!json_is_object(facts) || !book_facts(facts, booking)))
        wrong = "facts";
    if (now)
        booking->booked_for_us = clock_wall_us();
    if (wrong != NULL)
        api_refuse(call, 422, "malformed", wrong);
    else
        call->api->services.book(call->api->services.owner, booking, book_answered, call);
    free(booking);
}

void api_consultation_invite(struct api_call *call)
{
    call->api->services.reissue(call->api->services.owner, &call->identity.actor, &call->path_id,
                                book_answered, call);
}
