/* What people are shown: the consultation as each role may see it, queues, refusals in words, notices. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/control/control_state.h"
#include "gateway/words/words.h"

/* Copies text; what does not fit is left out whole rather than cut inside a character. */
#define VIEW_TEXT(field, text) ((void)!text_copy(field, sizeof(field), text))

#define VIEW_WAIT_MINUTES_EACH 10 /* estimate a patient sees; replaced by measured times later */

struct message *view_message(struct control *control, enum message_type type)
{
    memset(control->scratch, 0, sizeof(*control->scratch));
    control->scratch->type = type;
    return control->scratch;
}

void view_send(struct control *control, struct handle session)
{
    enum result result = signaling_send(control->signaling, session, control->scratch);
    if (!result_ok(result) && result != RESULT_NOT_FOUND && result != RESULT_STALE)
        LOG(LOG_WARNING, "message.not_sent",
            log_name("type", MESSAGE_INFOS[control->scratch->type].name), log_result(result));
}

static enum language view_language(const struct control *control, struct handle session)
{
    return signaling_session_language(control->signaling, session) == LANGUAGE_EN ? LANGUAGE_EN
                                                                                  : LANGUAGE_JA;
}

/* Rule ids travel in lower case: NAME fields have one alphabet. */
static void view_rule_id(const char *id, char *ret_text, size_t size)
{
    size_t i = 0;
    for (; id[i] != 0 && i + 1 < size; i++)
        ret_text[i] = id[i] >= 'A' && id[i] <= 'Z' ? (char)(id[i] - 'A' + 'a') : id[i];
    ret_text[i] = 0;
}

static void view_failed(const struct rule_pack *pack, const struct failed_rule *failed,
                        enum language language, struct message_failed *ret_failed)
{
    const struct rule_info *rule = rule_pack_rule(pack, failed->rule);
    view_rule_id(rule->id, ret_failed->rule, sizeof(ret_failed->rule));
    VIEW_TEXT(ret_failed->clause, rule->clause);
    VIEW_TEXT(ret_failed->action, rule_action_name(failed->action));
    VIEW_TEXT(ret_failed->truth, failed->truth == TRUTH_FALSE ? "false" : "unknown");
    if (failed->fact >= 0) {
        ret_failed->has_fact = true;
        VIEW_TEXT(ret_failed->fact, rule_pack_fact(pack, (uint32_t)failed->fact)->name);
    }
    VIEW_TEXT(ret_failed->text, rule->reason[language]);
}

void view_error(struct control *control, struct handle session, uint32_t ref, const char *code,
                const char *field)
{
    struct message *message = view_message(control, MESSAGE_error);
    const struct words *words = words_for(code);
    enum language language = view_language(control, session);
    message->error.has_ref = ref != 0;
    message->error.ref = ref;
    VIEW_TEXT(message->error.code, code);
    message->error.has_field = field[0] != 0;
    VIEW_TEXT(message->error.field, field);
    VIEW_TEXT(message->error.what, words->what[language]);
    VIEW_TEXT(message->error.todo, words->todo[language]);
    view_send(control, session);
}

void view_refusal(struct control *control, struct live_consultation *live, struct handle session,
                  uint32_t ref, const struct step_result *step)
{
    const char *code = step_refusal_name(step->refusal);
    struct message *message = view_message(control, MESSAGE_error);
    const struct words *words = words_for(code);
    enum language language = view_language(control, session);
    message->error.has_ref = ref != 0;
    message->error.ref = ref;
    VIEW_TEXT(message->error.code, code);
    VIEW_TEXT(message->error.what, words->what[language]);
    VIEW_TEXT(message->error.todo, words->todo[language]);
    if (step->has_decision)
        for (unsigned i = 0; i < step->decision.failed_count &&
                             message->error.failed_count < ARRAY_LENGTH(message->error.failed);
             i++)
            if (step->decision.failed[i].action > RULE_ACTION_WARN)
                view_failed(live->pack->pack, &step->decision.failed[i], language,
                            &message->error.failed[message->error.failed_count++]);
    view_send(control, session);
}

void view_done(struct control *control, struct handle session, uint32_t ref)
{
    if (ref == 0)
        return;
    view_message(control, MESSAGE_done)->done.ref = ref;
    view_send(control, session);
}

void view_notice(struct control *control, struct handle session, const char *code)
{
    struct message *message = view_message(control, MESSAGE_notice);
    VIEW_TEXT(message->notice.code, code);
    VIEW_TEXT(message->notice.text, words_for(code)->what[view_language(control, session)]);
    view_send(control, session);
}

static void view_card(const struct live_consultation *live, enum language language,
                      struct message_card *ret_card)
{
    const struct directory_staff *physician =
        directory_staff(live->control->directory, &live->now.physician);
    const struct directory_institution *clinic =
        directory_institution(live->control->directory, &live->now.institution);
    if (physician != NULL) {
        VIEW_TEXT(ret_card->name, physician->name[language]);
        ret_card->has_registered = physician->registered_year > 0;
        ret_card->registered = physician->registered_year;
    }
    if (clinic != NULL) {
        VIEW_TEXT(ret_card->clinic, clinic->name[language]);
        VIEW_TEXT(ret_card->telephone, clinic->telephone);
    }
    VIEW_TEXT(ret_card->role, role_name(ROLE_PHYSICIAN));
}

static void view_seat(const struct live_consultation *live, int index, struct message_seat *entry)
{
    static const char *const statuses[] = {"invited", "waiting", "present", "away", "gone"};
    static const char *const consents[] = {"none", "given", "refused"};
    const struct seat *seat = &live->now.seats[index];
    const struct live_seat *place = &live->seats[index];
    entry->seat = index;
    VIEW_TEXT(entry->role, role_name(seat->role));
    VIEW_TEXT(entry->status, statuses[seat->status]);
    entry->media = place->connected;
    entry->screen = seat->sharing;
    entry->voice = !place->voice_off;
    entry->face = !place->face_off;
    entry->has_name = place->guest_name[0] != 0;
    entry->has_consent = index >= SEAT_FIRST_GUEST;
    VIEW_TEXT(entry->name, place->guest_name);
    VIEW_TEXT(entry->consent, consents[seat->consent]);
}

/* Who is there is known to everybody in the call (1.6-06). Staff see whom they invited besides; a guest who is held sees
 * nobody yet. */
static void view_roster(const struct live_consultation *live, const struct visitor *visitor,
                        struct message_consultation *view)
{
    int own_seat = id_equal(&visitor->joined, &live->now.id) ? visitor->seat : -1;
    enum role role = visitor->identity.actor.role;
    bool patient = role == ROLE_PATIENT || role == ROLE_PROXY, guest = role_is_guest(role);
    bool held = guest && (own_seat < 0 || live->now.seats[own_seat].status != SEAT_PRESENT);
    for (int i = 0; i < SEATS_MAX; i++) {
        const struct seat *seat = &live->now.seats[i];
        bool invited = i >= SEAT_FIRST_GUEST && seat->status == SEAT_EMPTY &&
                       id_is_set(&seat->person) && !patient && !guest;
        bool here = seat->status != SEAT_EMPTY && seat->status != SEAT_GONE;
        if ((!here && !invited) || (held && i != own_seat))
            continue;
        struct message_seat *entry = &view->roster[view->roster_count++];
        view_seat(live, i, entry);
        entry->self = i == own_seat;
    }
}

/* A page shows the facts its own role supplies; the physician's also those of the patient, the system and the media.
 * The patient also sees who else is there on either side (2.1-09, 1.6-06, 2.2-08) and whether anything is recorded: these
 * are what the patient is asked to consent to. */
static bool view_shows_fact(enum role role, const char *name, enum supplier supplier)
{
    static const char *const for_patients[] = {"dr_side_others", "attendees", "pt_side_others",
                                               "rec_by"};
    if (role_is_guest(role))
        return false;
    if (role != ROLE_PATIENT && role != ROLE_PROXY)
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(for_patients); i++)
        if (strcmp(name, for_patients[i]) == 0)
            return true;
    return supplier == SUPPLIER_PATIENT || supplier == SUPPLIER_PROXY;
}

static void view_facts(const struct live_consultation *live, enum role role,
                       struct message_consultation *view)
{
    const struct rule_pack *pack = live->pack->pack;
    for (uint32_t i = 0;
         i < rule_pack_info(pack)->facts_count && view->facts_count < ARRAY_LENGTH(view->facts);
         i++) {
        const struct fact_value *value = &live->now.facts.values[i];
        if (!value->known || !view_shows_fact(role, rule_pack_fact(pack, i)->name, value->supplier))
            continue;
        struct message_known *known = &view->facts[view->facts_count++];
        VIEW_TEXT(known->name, rule_pack_fact(pack, i)->name);
        VIEW_TEXT(known->supplier, supplier_name(value->supplier));
        door_scalar(rule_pack_fact(pack, i), value->value, &known->value);
    }
}

/* What the next gate would say now, so that nobody has to press a button to find out. */
static bool view_next_gate(const struct consultation *consultation, enum rule_gate *ret_gate)
{
    switch (consultation->state) {
    case CONSULTATION_STATE_BOOKED:
        *ret_gate = RULE_GATE_LOBBY;
        return true;
    case CONSULTATION_STATE_LOBBY:
        *ret_gate = RULE_GATE_ADMIT;
        return true;
    case CONSULTATION_STATE_IDENT:
        *ret_gate = RULE_GATE_START;
        return true;
    case CONSULTATION_STATE_CONSULT:
    case CONSULTATION_STATE_PAUSED:
    case CONSULTATION_STATE_RECONNECTING:
    case CONSULTATION_STATE_EMERGENCY:
        *ret_gate = RULE_GATE_LIVE;
        return true;
    case CONSULTATION_STATE_CLOSING:
        *ret_gate = RULE_GATE_CLOSE;
        return true;
    default:
        return false;
    }
}

static bool view_decide(const struct live_consultation *live, struct decision *ret_decision)
{
    struct rule_question question = {.facts = &live->now.facts,
                                     .acknowledged = live->now.acknowledged,
                                     .now_us = clock_wall_us(),
                                     .emergency = live->now.state == CONSULTATION_STATE_EMERGENCY};
    if (!view_next_gate(&live->now, &question.gate))
        return false;
    rules_evaluate(live->pack->pack, &question, ret_decision);
    return true;
}

static void view_open_rules(const struct live_consultation *live, enum language language,
                            struct message_consultation *view)
{
    struct decision decision;
    if (!view_decide(live, &decision))
        return;
    for (unsigned i = 0; i < decision.failed_count && view->open_count < ARRAY_LENGTH(view->open);
         i++)
        if (decision.failed[i].action > RULE_ACTION_PASS)
            view_failed(live->pack->pack, &decision.failed[i], language,
                        &view->open[view->open_count++]);
}

/* 1 = next; 0 not waiting. Order of arrival among those who wait for the same physician. */
static int view_position(const struct live_consultation *live)
{
    if (live->now.state != CONSULTATION_STATE_LOBBY)
        return 0;
    int position = 1;
    LIST_FOR_EACH(&live->control->live, link)
    {
        const struct live_consultation *other = CONTAINER_OF(link, struct live_consultation, link);
        position += other != live && other->now.state == CONSULTATION_STATE_LOBBY &&
                    id_equal(&other->now.physician, &live->now.physician) &&
                    other->now.lobby_at_us < live->now.lobby_at_us;
    }
    return position;
}

static void view_notice_of(const struct live_consultation *live, enum language language,
                           struct message_consultation *view)
{
    const struct consultation *now = &live->now;
    const char *code = NULL;
    if (now->state == CONSULTATION_STATE_EMERGENCY)
        code = "emergency";
    else if (now->state == CONSULTATION_STATE_PAUSED)
        code = "held";
    else if (now->state == CONSULTATION_STATE_RECONNECTING)
        code = now->confirm_needed && now->seats[0].status == SEAT_PRESENT
                   ? "waiting_for_confirmation"
                   : "other_lost";
    else if (now->picture_lost)
        code = "picture_lost";
    else if (now->sound_lost)
        code = "sound_lost";
    if (code == NULL)
        return;
    const char *text = words_for(code)->what[language];
    int rule = now->state == CONSULTATION_STATE_PAUSED
                   ? rule_pack_find_rule(live->pack->pack, now->hold_reason)
                   : -1;
    if (rule >= 0)
        text = rule_pack_rule(live->pack->pack, (uint32_t)rule)->reason[language];
    view->has_notice = view->has_notice_text = true;
    VIEW_TEXT(view->notice, code);
    VIEW_TEXT(view->notice_text, text);
}

void view_tell(struct live_consultation *live, struct visitor *visitor)
{
    struct control *control = live->control;
    enum language language = view_language(control, visitor->session);
    enum role role = visitor->identity.actor.role;
    bool patient = role == ROLE_PATIENT || role == ROLE_PROXY;
    if (role_is_guest(role) && live_seat_of(&live->now, &visitor->identity.actor) < 0)
        return; /* removed: what goes on is not theirs to see */
    const struct pack_info *pack = rule_pack_info(live->pack->pack);
    struct message_consultation *view = &view_message(control, MESSAGE_consultation)->consultation;
    view->id = live->now.id;
    VIEW_TEXT(view->state, consultation_state_name(live->now.state));
    view->revision = live->now.revision;
    view->has_card = true;
    view_card(live, language, &view->card);
    if (!patient && !role_is_guest(role)) {
        view->has_patient = true;
        VIEW_TEXT(view->patient, live->patient_name);
        view_open_rules(live, language, view);
    } else if (patient) {
        int position = view_position(live);
        view->has_position = view->has_wait_minutes = position > 0;
        view->position = position;
        view->wait_minutes = (position > 0 ? position - 1 : 0) * VIEW_WAIT_MINUTES_EACH;
    }
    view_notice_of(live, language, view);
    view->picture_lost = live->now.picture_lost;
    view->sound_lost = live->now.sound_lost;
    view->second_device = live->now.second_device;
    view->examined = consultation_live_exam_ms(&live->now, clock_wall_us()) / 1000;
    view->has_deadline = live->now.deadline_us > 0;
    view->deadline = live->now.deadline_us / 1000;
    VIEW_TEXT(view->pack, pack->id);
    VIEW_TEXT(view->pack_version, pack->version);
    view_roster(live, visitor, view);
    view_facts(live, role, view);
    view->has_outcome = live->now.outcome[0] != 0;
    VIEW_TEXT(view->outcome, live->now.outcome);
    view_send(control, visitor->session);
}

void view_tell_all(struct live_consultation *live)
{
    LIST_FOR_EACH(&live->control->visitors, link)
    {
        struct visitor *visitor = CONTAINER_OF(link, struct visitor, link);
        if (id_equal(&visitor->joined, &live->now.id) ||
            id_equal(&visitor->identity.consultation, &live->now.id))
            view_tell(live, visitor);
    }
}

static const char *view_track_word(const struct evidence *evidence, enum track track,
                                   int64_t now_us)
{
    if (!evidence->watching)
        return "none";
    return evidence_gap_us(evidence, track, now_us) == 0 ? "live" : "gap";
}

static const char *view_quality(const struct live_seat *seat)
{
    if (seat->loss_permille > 150 || seat->rtt_us > 800000)
        return "bad";
    return seat->loss_permille > 50 || seat->rtt_us > 400000 ? "weak" : "good";
}

void view_tell_media(struct live_consultation *live)
{
    struct control *control = live->control;
    int64_t now_us = clock_monotonic_us(), gap_us = 0;
    char said[160];
    for (int track = 0; track < EVIDENCE_TRACKS; track++)
        if (live->evidence.watching &&
            evidence_gap_us(&live->evidence, (enum track)track, now_us) > gap_us)
            gap_us = evidence_gap_us(&live->evidence, (enum track)track, now_us);
    int length = snprintf(said, sizeof(said), "%s %s %s %s %lld %s %s %s %s",
                          view_track_word(&live->evidence, TRACK_PATIENT_AUDIO, now_us),
                          view_track_word(&live->evidence, TRACK_PATIENT_VIDEO, now_us),
                          view_track_word(&live->evidence, TRACK_PHYSICIAN_AUDIO, now_us),
                          view_track_word(&live->evidence, TRACK_PHYSICIAN_VIDEO, now_us),
                          (long long)(gap_us / US_PER_S), view_quality(&live->seats[0]),
                          view_quality(&live->seats[1]), line_word(live->seats[0].line.rung),
                          line_word(live->seats[1].line.rung));
    uint64_t digest = hash_table_key(1, span_of(said, (size_t)length));
    if (digest == live->media_said)
        return;
    live->media_said = digest;
    for (int seat = 0; seat < SEATS_MAX; seat++) {
        if (!handle_is_set(live->seats[seat].session))
            continue;
        struct message_media *view = &view_message(control, MESSAGE_media)->media;
        view->consultation = live->now.id;
        VIEW_TEXT(view->patient_audio,
                  view_track_word(&live->evidence, TRACK_PATIENT_AUDIO, now_us));
        VIEW_TEXT(view->patient_video,
                  view_track_word(&live->evidence, TRACK_PATIENT_VIDEO, now_us));
        VIEW_TEXT(view->physician_audio,
                  view_track_word(&live->evidence, TRACK_PHYSICIAN_AUDIO, now_us));
        VIEW_TEXT(view->physician_video,
                  view_track_word(&live->evidence, TRACK_PHYSICIAN_VIDEO, now_us));
        view->has_gap_seconds = gap_us >= US_PER_S;
        view->gap_seconds = gap_us / US_PER_S > 86400 ? 86400 : gap_us / US_PER_S;
        view->has_quality = live->seats[seat].connected;
        VIEW_TEXT(view->quality, view_quality(&live->seats[seat]));
        view->has_patient_line = live->seats[0].connected;
        VIEW_TEXT(view->patient_line, line_word(live->seats[0].line.rung));
        view->has_physician_line = live->seats[1].connected;
        VIEW_TEXT(view->physician_line, line_word(live->seats[1].line.rung));
        view_send(control, live->seats[seat].session);
    }
}

static void view_queue_entry(struct live_consultation *live, const struct visitor *visitor,
                             struct message_waiting *entry)
{
    struct decision decision;
    int64_t waited = live->now.state == CONSULTATION_STATE_LOBBY
                         ? (clock_wall_us() - live->now.lobby_at_us) / US_PER_S
                         : 0;
    int patient = live_seat_of_role(&live->now, ROLE_PATIENT);
    int kind = rule_pack_find_fact(live->pack->pack, "visit_kind");
    entry->consultation = live->now.id;
    VIEW_TEXT(entry->patient, live->patient_name);
    VIEW_TEXT(entry->state, consultation_state_name(live->now.state));
    if (kind >= 0 && live->now.facts.values[kind].known) {
        char text[FACT_TEXT_SIZE];
        entry->has_visit =
            result_ok(fact_format(rule_pack_fact(live->pack->pack, (uint32_t)kind),
                                  live->now.facts.values[kind].value, text, sizeof(text)));
        if (entry->has_visit)
            VIEW_TEXT(entry->visit, text);
    }
    entry->position = view_position(live);
    entry->waited = waited < 0 ? 0 : waited > 86400 ? 86400 : waited;
    entry->here =
        patient >= 0 && handle_is_set(live->seats[patient].session) && !live->seats[patient].away;
    entry->media = patient >= 0 && live->seats[patient].connected;
    entry->mine = id_equal(&live->now.physician, &visitor->identity.actor.person);
    entry->blocked = view_decide(live, &decision) && !decision_allows(&decision);
    entry->booked_for = live->now.booked_for_us > 0 ? live->now.booked_for_us / 1000 : 0;
}

void view_queue(struct control *control, struct visitor *visitor)
{
    struct message_queue *queue = &view_message(control, MESSAGE_queue)->queue;
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        if (queue->entries_count == ARRAY_LENGTH(queue->entries))
            break;
        if (!live->unborn && !consultation_is_over(live->now.state) &&
            id_equal(&live->now.institution, &visitor->identity.actor.institution))
            view_queue_entry(live, visitor, &queue->entries[queue->entries_count++]);
    }
    view_send(control, visitor->session);
}

void view_queue_all(struct control *control, const struct id *institution)
{
    LIST_FOR_EACH(&control->visitors, link)
    {
        struct visitor *visitor = CONTAINER_OF(link, struct visitor, link);
        if (visitor->watching &&
            (institution == NULL || id_equal(institution, &visitor->identity.actor.institution)))
            view_queue(control, visitor);
    }
}
