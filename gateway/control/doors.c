/* Doors: how values of messages, of the gateway itself and of the media plane become facts of the pack. Who supplies a
 * fact follows from who is signed in, never from what a message says; the step refuses a wrong supplier. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/control/control_state.h"

enum supplier door_supplier(enum role role)
{
    switch (role) {
    case ROLE_PATIENT:
        return SUPPLIER_PATIENT;
    case ROLE_PROXY:
        return SUPPLIER_PROXY;
    case ROLE_PHYSICIAN:
        return SUPPLIER_PHYSICIAN;
    case ROLE_NURSE:
        return SUPPLIER_NURSE;
    case ROLE_CLERK:
    case ROLE_ADMINISTRATOR:
        return SUPPLIER_ADMINISTRATOR;
    case ROLE_FAMILY: /* no rule asks a guest */
    case ROLE_INTERPRETER:
    case ROLE_HELPER:
    case ROLE_SPECIALIST:
    case ROLE_TRAINEE:
    case ROLE_DEVICE:
    case ROLE_SYSTEM:
    case ROLE_NONE:
    case ROLE_COUNT:
        break;
    }
    return SUPPLIER_SYSTEM;
}

enum result door_value(const struct fact_info *fact, const struct message_scalar *scalar,
                       int64_t *ret_value)
{
    char text[MESSAGE_SCALAR_NAMES_SIZE];
    if (scalar->kind == MESSAGE_SCALAR_BOOLEAN && fact->type == FACT_BOOL) {
        *ret_value = scalar->boolean;
        return RESULT_OK;
    }
    if (scalar->kind == MESSAGE_SCALAR_INTEGER && fact->type == FACT_INTEGER) {
        *ret_value = scalar->integer;
        return RESULT_OK;
    }
    bool named = (scalar->kind == MESSAGE_SCALAR_NAME &&
                  (fact->type == FACT_ENUM || fact->type == FACT_DATE)) ||
                 ((scalar->kind == MESSAGE_SCALAR_SET || scalar->kind == MESSAGE_SCALAR_NAME) &&
                  fact->type == FACT_SET);
    if (!named || !text_copy(text, sizeof(text), scalar->names))
        return RESULT_INVALID;
    for (char *at = text; *at != 0; at++)
        if (*at == ' ')
            *at = ',';
    return fact_parse(fact, text, ret_value);
}

void door_scalar(const struct fact_info *fact, int64_t value, struct message_scalar *ret_scalar)
{
    char text[FACT_TEXT_SIZE];
    *ret_scalar = (struct message_scalar){.kind = MESSAGE_SCALAR_NONE};
    if (fact->type == FACT_BOOL) {
        *ret_scalar = message_scalar_boolean(value != 0);
    } else if (fact->type == FACT_INTEGER) {
        *ret_scalar = message_scalar_integer(value);
    } else if (result_ok(fact_format(fact, value, text, sizeof(text)))) {
        if (fact->type != FACT_SET) {
            (void)!message_scalar_name(text, ret_scalar);
            return;
        }
        ret_scalar->kind = MESSAGE_SCALAR_SET;
        for (char *save = NULL, *name = strtok_r(text, ",", &save); name != NULL;
             name = strtok_r(NULL, ",", &save))
            (void)!message_scalar_add(ret_scalar, name);
    }
}

static void door_supply(struct live_consultation *live, const char *name, enum supplier supplier,
                        int64_t value)
{
    int fact = rule_pack_find_fact(live->pack->pack, name);
    if (fact < 0) /* this pack does not ask */
        return;
    const struct fact_value *known = &live->now.facts.values[fact];
    const struct fact_info *info = rule_pack_fact(live->pack->pack, (uint32_t)fact);
    if (known->known && known->supplier == supplier && known->value == value &&
        info->lifetime_us == 0)
        return;
    struct actor actor = control_system_actor(live);
    struct pending_input pending = {.input = control_input(CONSULTATION_EVENT_FACT, &actor)};
    pending.input.fact = fact;
    pending.input.fact_supplier = supplier;
    pending.input.fact_value = value;
    control_submit(live, &pending);
}

void door_system_fact(struct live_consultation *live, const char *name, int64_t value)
{
    door_supply(live, name, SUPPLIER_SYSTEM, value);
}

void door_media_fact(struct live_consultation *live, const char *name, int64_t value)
{
    door_supply(live, name, SUPPLIER_MEDIA, value);
}

/* An enum value of the pack by name; nothing is supplied when the pack does not have it. */
static void door_supply_name(struct live_consultation *live, const char *name,
                             enum supplier supplier, const char *text)
{
    int fact = rule_pack_find_fact(live->pack->pack, name);
    int64_t value;
    if (fact >= 0 &&
        result_ok(fact_parse(rule_pack_fact(live->pack->pack, (uint32_t)fact), text, &value)))
        door_supply(live, name, supplier, value);
}

static void door_system_name(struct live_consultation *live, const char *name, const char *text)
{
    door_supply_name(live, name, SUPPLIER_SYSTEM, text);
}

void door_source_kind(struct live_consultation *live, const char *kind)
{
    door_supply_name(live, "source_kind", SUPPLIER_MEDIA, kind);
}

/* Consultations of this physician that run now, without this one (JP-OC-1.6-05). */
static int64_t door_active_patients(const struct live_consultation *live)
{
    int64_t count = 0;
    LIST_FOR_EACH(&live->control->live, link)
    {
        const struct live_consultation *other = CONTAINER_OF(link, struct live_consultation, link);
        count += other != live && id_equal(&other->now.physician, &live->now.physician) &&
                 consultation_is_live(other->now.state) &&
                 other->now.state != CONSULTATION_STATE_CLOSING;
    }
    return count;
}

/* Network of a seat as measured: worse than this a voice breaks up (2.1-03; the bounds are ours). */
static bool door_network_good(const struct live_seat *seat)
{
    return seat->connected && seat->loss_permille <= 100 && seat->rtt_us <= 800000;
}

void door_media_facts(struct live_consultation *live)
{
    if (live->now.state == CONSULTATION_STATE_IDENT &&
        live->evidence.tracks[TRACK_PATIENT_VIDEO].said_live)
        door_supply_name(live, "identity_channel", SUPPLIER_MEDIA, "live_video");
    if (live->evidence.watching)
        door_media_fact(live, "net_ok",
                        door_network_good(&live->seats[0]) && door_network_good(&live->seats[1]));
}

static void door_before_lobby(struct live_consultation *live)
{
    const struct directory_institution *clinic =
        directory_institution(live->control->directory, &live->now.institution);
    bool contact = clinic != NULL && clinic->telephone[0] != 0;
    /* The pages always show clinic and telephone from this row, so shown follows from there being one. */
    door_system_fact(live, "contact_shown", contact);
    door_system_fact(live, "agreement_text_shown", true);
    door_system_fact(live, "tls_ok", true);
}

static void door_before_admit(struct live_consultation *live, const struct actor *actor)
{
    const struct directory_staff *physician =
        directory_staff(live->control->directory, &live->now.physician);
    door_system_name(live, "originator",
                     actor->role == ROLE_PATIENT || actor->role == ROLE_PROXY ? "patient"
                                                                              : "institution");
    door_system_fact(live, "dr_active_patients", door_active_patients(live));
    door_system_fact(live, "second_holder", live->now.second_device);
    door_system_fact(live, "uninvited",
                     false); /* nobody has a seat whom a link or a sign-in did not name */
    door_system_fact(live, "dr_name_displayed",
                     physician != NULL && physician->name[LANGUAGE_JA][0] != 0);
    door_system_fact(live, "reg_year_shown", physician != NULL && physician->registered_year > 0);
    door_system_fact(live, "shown_to_pt",
                     true); /* view.c gives the patient's page dr_side_others */
    door_system_fact(live, "hpki_bound", actor->authentication > AUTHENTICATION_RESUME);
    door_system_name(live, "mode", "av");
    /* What this gateway does not offer is known to be off. */
    door_system_fact(live, "chat_enabled", false);
    door_system_name(live, "rec_by", "none");
}

static void door_before_end(struct live_consultation *live)
{
    door_media_fact(live, "live_exam_s",
                    consultation_live_exam_ms(&live->now, clock_wall_us()) / 1000);
    door_system_fact(live, "times_logged", live->now.started_at_us > 0);
    door_system_fact(live, "prescriber_examined",
                     consultation_live_exam_ms(&live->now, clock_wall_us()) > 0);
}

void door_system_facts(struct live_consultation *live, enum consultation_event event,
                       const struct actor *actor)
{
    if (event == CONSULTATION_EVENT_ENTER)
        door_before_lobby(live);
    else if (event == CONSULTATION_EVENT_ADMIT)
        door_before_admit(live, actor);
    else if (event == CONSULTATION_EVENT_CLOSE || event == CONSULTATION_EVENT_FINISH)
        door_before_end(live);
}

struct named_value {
    const char *name;
    int64_t value;
    const char *supplier;
};

static int named_value_compare(const void *a, const void *b)
{
    return strcmp(((const struct named_value *)a)->name, ((const struct named_value *)b)->name);
}

enum result door_values_json(const struct rule_pack *pack, const struct fact_set *facts,
                             char *ret_values, char *ret_suppliers, size_t size)
{
    struct named_value *known = calloc(FACTS_MAX, sizeof(*known));
    if (known == NULL)
        return RESULT_NO_MEMORY;
    uint32_t count = 0;
    for (uint32_t i = 0; i < rule_pack_info(pack)->facts_count; i++)
        if (facts->values[i].known)
            known[count++] =
                (struct named_value){rule_pack_fact(pack, i)->name, facts->values[i].value,
                                     supplier_name(facts->values[i].supplier)};
    qsort(known, count, sizeof(*known), named_value_compare);
    /* Names are [a-z0-9_], values integers: canonical JSON (RFC 8785) needs no escaping here. */
    size_t values = 0, suppliers = 0;
    bool fits = true;
    for (uint32_t i = 0; i < count && fits; i++) {
        const char *before = i == 0 ? "{" : ",";
        fits = text_format(ret_values + values, size - values, "%s\"%s\":%lld", before,
                           known[i].name, (long long)known[i].value) &&
               text_format(ret_suppliers + suppliers, size - suppliers, "%s\"%s\":\"%s\"", before,
                           known[i].name, known[i].supplier);
        values += strlen(ret_values + values);
        suppliers += strlen(ret_suppliers + suppliers);
    }
    fits = fits && text_format(ret_values + values, size - values, count == 0 ? "{}" : "}") &&
           text_format(ret_suppliers + suppliers, size - suppliers, count == 0 ? "{}" : "}");
    free(known);
    return fits ? RESULT_OK : RESULT_TOO_LARGE;
}
