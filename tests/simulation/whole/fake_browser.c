/* The people and their pages. Each page acts now and then: mostly what a person would do next in the state the visit is
 * in, sometimes something else. Pages are drivers, not judges: they may look at the stored state; what may not happen is
 * checked where it would happen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "tests/simulation/whole/whole.h"

struct fact_row {
    int stage; /* 0 patient before the lobby, 1 physician before admission, 2 both before the start */
    bool physician;
    const char *name, *value; /* "true", a number, or a name */
};

/* The first story of tests/data/demo-facts.json, as its doors supply it. */
static const struct fact_row FACTS[] = {
    {0, false, "agreement", "true"},
    {0, false, "explicit_wish", "e_signed"},
    {0, false, "system_agreed", "true"},
    {0, false, "pt_rules_ack", "true"},
    {0, false, "place_kind", "residence"},
    {0, false, "pt_private_space", "true"},
    {1, true, "agreement_by_dr", "true"},
    {1, true, "plan_status", "active"},
    {1, true, "attendees", "0"},
    {2, false, "dr_seen", "true"},
    {2, true, "visit_kind", "follow_up"},
    {2, true, "feasible_today", "yes"},
    {2, true, "acute_change", "false"},
    {2, true, "pt_verified", "known_in_person"},
    {2, true, "dr_shown", "known_in_person"},
    {2, true, "name_stated", "true"},
    {2, true, "noise_ok", "true"},
    {2, true, "chart_accessible", "true"},
    {2, true, "dr_private_space", "true"},
    {2, true, "dr_place_kind", "institution"},
    {2, true, "dr_side_others", "0"},
    {2, true, "place_clean_safe", "true"},
    {2, true, "pt_private_confirmed", "true"},
    {2, true, "dispatch_confirmed", "true"},
    {2, true, "pt_side_others", "0"},
};

static const struct {
    const char *name, *value;
} BOOKING[] = {
    {"service_kind", "online_consultation"},
    {"visit_proposed", "follow_up"},
    {"explained_limits", "true"},
    {"explained_each_time_decision", "true"},
    {"explained_plan_items", "true"},
    {"risk_explained", "true"},
    {"emergency_institution", "true"},
    {"emergency_shared_at", "2026-11-01"},
    {"in_person_capacity", "true"},
    {"dr_institution", "true"},
    {"licence_reg_year", "2005"},
    {"mhlw_training", "true"},
    {"plan_present", "true"},
    {"in_person_assessment", "2026-08-03"},
};

static bool chance(struct sim *sim, int permille)
{
    return dice_permille(&sim->dice, permille);
}

/* ---- messages -------------------------------------------------------------------------------------------------- */

static void page_send(struct sim *sim, struct page *page, const struct message *message)
{
    uint32_t ref = ++page->next_ref;
    enum message_type type = message->type;
    page->asked[ref % ARRAY_LENGTH(page->asked)] =
        (struct page_asked){.ref = ref,
                            .durable = type == MESSAGE_act || type == MESSAGE_fact ||
                                       type == MESSAGE_join || type == MESSAGE_leave,
                            .visit = page->visit};
    sim_trace(sim, type);
    if (page->has_session && page->has_socket)
        control_on_message(sim->control, page->session, ref, message);
}

static void page_act(struct sim *sim, struct page *page, enum consultation_event event,
                     const char *code, int seat)
{
    struct message message = {.type = MESSAGE_act};
    message.act.consultation = sim->visits[page->visit].id;
    snprintf(message.act.event, sizeof(message.act.event), "%s", consultation_event_name(event));
    message.act.has_code = code != NULL;
    snprintf(message.act.code, sizeof(message.act.code), "%s", code == NULL ? "" : code);
    message.act.has_seat = seat >= 0;
    message.act.seat = seat;
    page_send(sim, page, &message);
}

static void page_fact(struct sim *sim, struct page *page, const char *name, const char *value)
{
    struct message message = {.type = MESSAGE_fact};
    message.fact.consultation = sim->visits[page->visit].id;
    snprintf(message.fact.name, sizeof(message.fact.name), "%s", name);
    message.fact.has_value = true;
    char *end;
    long number = strtol(value, &end, 10);
    if (*end == 0)
        message.fact.value = message_scalar_integer(number);
    else if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        message.fact.value = message_scalar_boolean(value[0] == 't');
    else
        SIM_CHECK(sim, message_scalar_name(value, &message.fact.value), "not a name: %s", value);
    page_send(sim, page, &message);
}

/* What is not known yet of a stage, in one burst as pages do; true when nothing was missing. */
static bool page_facts(struct sim *sim, struct page *page, int stage)
{
    const struct visit *visit = &sim->visits[page->visit];
    bool all = true;
    for (size_t i = 0; i < ARRAY_LENGTH(FACTS); i++) {
        int fact = rule_pack_find_fact(sim->pack, FACTS[i].name);
        SIM_CHECK(sim, fact >= 0, "the pack does not know %s", FACTS[i].name);
        if (FACTS[i].stage != stage || FACTS[i].physician != (page->physician >= 0) ||
            visit->durable.facts.values[fact].known)
            continue;
        page_fact(sim, page, FACTS[i].name, FACTS[i].value);
        all = false;
    }
    return all;
}

static void page_join(struct sim *sim, struct page *page)
{
    struct message message = {.type = MESSAGE_join};
    message.join.consultation = sim->visits[page->visit].id;
    page_send(sim, page, &message);
}

static void page_simple(struct sim *sim, struct page *page, enum message_type type)
{
    struct message message = {.type = type};
    if (type == MESSAGE_leave)
        message.leave.consultation = sim->visits[page->visit].id;
    if (type == MESSAGE_watch)
        message.watch.on = true;
    if (type == MESSAGE_report) {
        message.report.has_card_visible = message.report.card_visible = true;
        message.report.has_source = true;
        snprintf(message.report.source, sizeof(message.report.source), "camera");
    }
    page_send(sim, page, &message);
}

static void page_answer(struct sim *sim, struct page *page)
{
    struct message message = {.type = MESSAGE_answer};
    message.answer.offer = page->offer_number;
    message.answer.sdp = sim->answer_sdp;
    page->offer_number = 0;
    page_send(sim, page, &message);
}

/* ---- sockets and lines ----------------------------------------------------------------------------------------- */

static void page_lose_socket(struct sim *sim, struct page *page)
{
    page->has_socket = false;
    page->socket_lost_us = sim->now_us;
    control_on_away(sim->control, page->session);
    int64_t back_us = chance(sim, 150) ? dice_between(&sim->dice, 150, 400) * US_PER_S
                                       : dice_between(&sim->dice, 200, 30000) * US_PER_MS;
    sim_later(sim, back_us, HAPPENING_RESUME, (uint32_t)(page - sim->pages), 0, NULL);
    sim_later(sim, 181 * US_PER_S, HAPPENING_EXPIRE, page->session.slot, page->session.generation,
              NULL);
}

void browser_resume(struct sim *sim, struct page *page)
{
    if (!page->has_session || page->has_socket)
        return;
    page->has_socket = true;
    page->network = true;
    sim->seen[SEEN_RESUMED]++;
    control_on_resumed(sim->control, page->session);
}

/* The window is reloaded: its session may learn of it or not; its PeerConnection is gone. */
static void page_reload(struct sim *sim, struct page *page)
{
    if (chance(sim, 500)) {
        fake_signaling_end(sim, page, SESSION_END_BYE);
    } else {
        struct handle old = page->session;
        page->has_socket = page->has_session = page->joined = false;
        control_on_away(sim->control, old);
        sim_later(sim, 181 * US_PER_S, HAPPENING_EXPIRE, old.slot, old.generation, NULL);
    }
    page->peer = (struct handle){0};
    page->offer_number = 0;
}

static void page_troubles(struct sim *sim, struct page *page)
{
    int64_t now_us = sim->now_us;
    if (page->camera_back_us <= now_us)
        page->camera = true;
    if (page->microphone_back_us <= now_us)
        page->microphone = true;
    if (page->network_back_us <= now_us)
        page->network = true;
    if (sim->winding_down)
        return;
    if (chance(sim, 6)) {
        page->camera = false;
        page->camera_back_us = now_us + dice_between(&sim->dice, 2, 60) * US_PER_S;
    }
    if (chance(sim, 3)) {
        page->microphone = false;
        page->microphone_back_us = now_us + dice_between(&sim->dice, 2, 40) * US_PER_S;
    }
    if (chance(sim, 4)) {
        page->network = false;
        page->network_back_us = now_us + dice_between(&sim->dice, 1, 60) * US_PER_S;
        if (page->has_session && page->has_socket && chance(sim, 700))
            page_lose_socket(sim, page);
    } else if (page->has_session && page->has_socket && chance(sim, 4)) {
        page_lose_socket(sim, page);
    } else if (page->has_session && page->has_socket && chance(sim, 2)) {
        page_reload(sim, page);
    }
}

/* ---- what people do -------------------------------------------------------------------------------------------- */

static void any_act(struct sim *sim, struct page *page)
{
    page_act(sim, page,
             (enum consultation_event)dice_between(&sim->dice, 0, CONSULTATION_EVENT_COUNT - 1),
             NULL, chance(sim, 300) ? (int)dice_between(&sim->dice, 0, 5) : -1);
}

static void patient_step(struct sim *sim, struct page *page)
{
    const struct visit *visit = &sim->visits[page->visit];
    enum consultation_state state = visit->durable.state;
    if (consultation_is_over(state)) {
        if (chance(sim, 300)) {
            fake_signaling_end(sim, page, SESSION_END_BYE);
            page->over = true;
        }
        return;
    }
    if (!page->joined) {
        page_join(sim, page);
        return;
    }
    if (page->offer_number != 0 && chance(sim, 800))
        page_answer(sim, page);
    if (state == CONSULTATION_STATE_BOOKED && !sim->winding_down) {
        bool all = page_facts(sim, page, 0);
        page_simple(sim, page, MESSAGE_report);
        if (all)
            page_act(sim, page, CONSULTATION_EVENT_ENTER, NULL, -1);
    } else if (state == CONSULTATION_STATE_IDENT) {
        page_simple(sim, page, MESSAGE_report);
        page_facts(sim, page, 2);
    }
    if (sim->winding_down)
        return;
    if (chance(sim, 1))
        page_act(sim, page, CONSULTATION_EVENT_WITHDRAW, NULL, -1);
    if (chance(sim, 2))
        page_act(sim, page, CONSULTATION_EVENT_EMERGENCY, NULL, -1);
    if (chance(sim, 2))
        page_simple(sim, page, MESSAGE_leave);
    if (chance(sim, 5))
        page_simple(sim, page, MESSAGE_restart);
    if (chance(sim, 4))
        any_act(sim, page);
}

static void physician_choose(struct sim *sim, struct page *page)
{
    int first = page->visit, best = -1;
    for (int i = 1; i <= sim->visits_count; i++) {
        int at = (first + i) % sim->visits_count;
        const struct visit *visit = &sim->visits[at];
        if (!visit->booked || visit->physician != page->physician ||
            consultation_is_over(visit->durable.state))
            continue;
        if (best < 0 || visit->durable.state == CONSULTATION_STATE_LOBBY)
            best = at;
        if (consultation_is_live(visit->durable.state) && page < sim->pages + PHYSICIANS) {
            best = at;
            break;
        }
    }
    if (best >= 0 && best != page->visit) {
        page->visit = best;
        page->joined = false;
        page->peer = (struct handle){0};
        page->offer_number = 0;
    }
}

static void physician_live(struct sim *sim, struct page *page, enum consultation_state state)
{
    int64_t lasted_us = sim->now_us - sim->visits[page->visit].durable.started_at_us;
    if (state == CONSULTATION_STATE_IDENT && page_facts(sim, page, 2) && chance(sim, 300))
        page_act(sim, page, CONSULTATION_EVENT_START, NULL, -1);
    else if (state == CONSULTATION_STATE_CONSULT && lasted_us > 0 && chance(sim, 8))
        page_act(sim, page, CONSULTATION_EVENT_FINISH, NULL, -1);
    else if (state == CONSULTATION_STATE_CONSULT && chance(sim, 6))
        page_act(sim, page, CONSULTATION_EVENT_HOLD, chance(sim, 500) ? "privacy" : "identity", -1);
    else if (state == CONSULTATION_STATE_PAUSED && chance(sim, 200))
        page_act(sim, page, CONSULTATION_EVENT_CONTINUE, NULL, -1);
    else if (state == CONSULTATION_STATE_RECONNECTING && chance(sim, 250))
        page_act(sim, page, CONSULTATION_EVENT_CONFIRM_SAME, NULL, -1);
    else if (state == CONSULTATION_STATE_EMERGENCY && chance(sim, 80))
        page_act(sim, page, CONSULTATION_EVENT_EMERGENCY_OVER, chance(sim, 500) ? "closing" : NULL,
                 -1);
    else if (state == CONSULTATION_STATE_CLOSING && chance(sim, 100))
        page_act(sim, page, CONSULTATION_EVENT_CLOSE, "completed", -1);
}

/* The end of the day: everything is brought to an end the way each state allows. */
static void physician_wind_down(struct sim *sim, struct page *page, enum consultation_state state)
{
    if (state == CONSULTATION_STATE_BOOKED || state == CONSULTATION_STATE_LOBBY)
        page_act(sim, page, CONSULTATION_EVENT_CANCEL, "clinic_cancelled", -1);
    else if (state == CONSULTATION_STATE_EMERGENCY)
        page_act(sim, page, CONSULTATION_EVENT_EMERGENCY_OVER, "closing", -1);
    else if (state == CONSULTATION_STATE_CLOSING)
        page_act(sim, page, CONSULTATION_EVENT_CLOSE_LIMIT, "open_tasks", -1);
    else
        page_act(sim, page, CONSULTATION_EVENT_UNSUITABLE, "in_person_needed", -1);
}

/* Every browser that came in with an older link has to show the new one; only the one under examination stays. */
static void visit_reissued(void *owner, const struct booking_answer *answer)
{
    struct sim *sim = owner;
    struct visit *visit = sim_visit(sim, answer->consultation.text);
    if (visit == NULL)
        return;
    visit->reissuing = false;
    for (int i = DESKS; i < PAGES_MAX && result_ok(answer->result); i++) {
        struct page *page = &sim->pages[i];
        if (!page->used || &sim->visits[page->visit] != visit || !page->redeemed ||
            id_equal(&page->identity.device, &visit->kept))
            continue;
        SIM_CHECK(sim, !page->has_session, "a browser of a void link is still here");
        page->redeemed = false;
        sim->seen[SEEN_REISSUED]++;
    }
}

static void visit_reissue(struct sim *sim, struct page *page)
{
    struct visit *visit = &sim->visits[page->visit];
    const struct seat *seat = &visit->durable.seats[SEAT_PATIENT];
    if (visit->reissuing)
        return;
    bool examined = consultation_is_live(visit->durable.state) &&
                    (seat->status == SEAT_PRESENT || seat->status == SEAT_AWAY);
    visit->kept = examined ? seat->device : (struct id){{0}};
    visit->reissuing = true;
    control_reissue(sim->control, &page->identity.actor, &visit->id, visit_reissued, sim);
}

/* Sometimes in both windows at the same moment: only one may win (JP-OC-1.6-05). */
static void physician_admit(struct sim *sim, struct page *page)
{
    ptrdiff_t at = page - sim->pages;
    struct page *other = &sim->pages[at < PHYSICIANS ? at + PHYSICIANS : at - PHYSICIANS];
    page_act(sim, page, CONSULTATION_EVENT_ADMIT, NULL, -1);
    if (other->joined && other->visit != page->visit && chance(sim, 500) &&
        sim->visits[other->visit].durable.state == CONSULTATION_STATE_LOBBY) {
        sim->seen[SEEN_RACED]++;
        page_act(sim, other, CONSULTATION_EVENT_ADMIT, NULL, -1);
    }
}

static void physician_step(struct sim *sim, struct page *page)
{
    if (chance(sim, 100) || consultation_is_over(sim->visits[page->visit].durable.state))
        physician_choose(sim, page);
    const struct visit *visit = &sim->visits[page->visit];
    enum consultation_state state = visit->durable.state;
    if (!visit->booked || visit->physician != page->physician || consultation_is_over(state))
        return;
    if (sim->winding_down) {
        physician_wind_down(sim, page, state);
        return;
    }
    if (chance(sim, 20))
        page_simple(sim, page, MESSAGE_watch);
    if (state == CONSULTATION_STATE_BOOKED)
        return;
    if (!page->joined) {
        if (page->replaced_us == 0 || sim->now_us - page->replaced_us > 60 * US_PER_S)
            page_join(sim, page);
        return;
    }
    if (page->offer_number != 0)
        page_answer(sim, page);
    if (state == CONSULTATION_STATE_LOBBY && page_facts(sim, page, 1) && chance(sim, 400))
        physician_admit(sim, page);
    else
        physician_live(sim, page, state);
    if (visit->durable.second_device && chance(sim, 15))
        page_act(sim, page,
                 chance(sim, 500) ? CONSULTATION_EVENT_MOVE_SEAT : CONSULTATION_EVENT_REMOVE, NULL,
                 -1);
    if (chance(sim, 2))
        page_act(sim, page, CONSULTATION_EVENT_REMOVE, NULL, chance(sim, 800) ? 0 : 1);
    if (chance(sim, 2))
        page_act(sim, page, CONSULTATION_EVENT_DEFER, NULL, -1);
    if (chance(sim, 3))
        any_act(sim, page);
    if (chance(sim, 4))
        page_simple(sim, page, MESSAGE_restart);
    if (chance(sim, 1))
        visit_reissue(sim, page);
    if (chance(sim, 1))
        control_sign_out(sim->control, &page->identity.actor.session);
}

/* ---- arriving -------------------------------------------------------------------------------------------------- */

static void page_redeemed(void *owner, const struct redeem_answer *answer)
{
    struct page *page = owner;
    page->redeeming = false;
    if (!id_is_set(&answer->device) ||
        (!result_ok(answer->result) && answer->result != RESULT_DENIED))
        return;
    page->redeemed = true;
    page->identity.device = answer->device;
}

static void page_redeem(struct sim *sim, struct page *page)
{
    const struct visit *visit = &sim->visits[page->visit];
    struct redeem redeem = {.invitation = visit->invitation,
                            .consultation = visit->id,
                            .patient = visit->patient,
                            .created_us = visit->invitation_created_us,
                            .expires_us = visit->invitation_expires_us};
    page->redeeming = true;
    page->identity.actor = (struct actor){.role = ROLE_PATIENT,
                                          .authentication = AUTHENTICATION_LINK,
                                          .person = visit->patient,
                                          .institution = sim->institution};
    page->identity.consultation = visit->id;
    control_redeem(sim->control, &redeem, page_redeemed, page);
}

static void visit_booked(void *owner, const struct booking_answer *answer)
{
    struct visit *visit = owner;
    visit->asked = result_ok(answer->result);
    visit->booked = result_ok(answer->result);
}

static void visit_book(struct sim *sim, struct visit *visit)
{
    struct booking *booking = calloc(1, sizeof(*booking));
    booking->actor = (struct actor){.role = ROLE_CLERK,
                                    .authentication = AUTHENTICATION_PASSWORD,
                                    .person = sim->physicians[0],
                                    .institution = sim->institution};
    booking->physician = sim->physicians[visit->physician];
    snprintf(booking->patient_name, sizeof(booking->patient_name), "患者 \"%d\"",
             (int)(visit - sim->visits));
    booking->booked_for_us = clock_wall_us() + dice_between(&sim->dice, -5, 10) * 60 * US_PER_S;
    for (size_t i = 0; i < ARRAY_LENGTH(BOOKING); i++) {
        struct booking_fact *fact = &booking->facts[booking->facts_count++];
        snprintf(fact->name, sizeof(fact->name), "%s", BOOKING[i].name);
        snprintf(fact->value, sizeof(fact->value), "%s", BOOKING[i].value);
    }
    visit->asked = true;
    control_book(sim->control, booking, visit_booked, visit);
    free(booking);
}

static bool page_arrives(struct sim *sim, struct page *page)
{
    struct visit *visit = &sim->visits[page->visit];
    if (page->physician < 0 && !visit->booked) {
        if (!visit->asked && !page->second && !sim->winding_down)
            visit_book(sim, visit);
        return false;
    }
    if (page->physician < 0 && !page->redeemed) {
        bool wanted = !page->second || chance(sim, 4);
        if (wanted && !page->redeeming && !sim->winding_down)
            page_redeem(sim, page);
        return false;
    }
    if (page->physician < 0 && consultation_is_over(visit->durable.state))
        page->over = true;
    if (page->over || (sim->winding_down && page->physician < 0))
        return false;
    fake_signaling_hello(sim, page);
    return true;
}

void browser_step(struct sim *sim, struct page *page)
{
    bool here = page->has_session || page_arrives(sim, page);
    if (here)
        page_troubles(sim, page);
    if (page->has_session && page->has_socket && page->physician >= 0)
        physician_step(sim, page);
    else if (page->has_session && page->has_socket)
        patient_step(sim, page);
    sim_later(sim, dice_between(&sim->dice, 100, sim->winding_down ? 20000 : 2500) * US_PER_MS,
              HAPPENING_PAGE, (uint32_t)(page - sim->pages), 0, NULL);
}

void browser_start(struct sim *sim)
{
    for (int i = 0; i < DESKS + 2 * sim->visits_count; i++) {
        struct page *page = &sim->pages[i];
        *page = (struct page){.used = true,
                              .physician = i < DESKS ? i % PHYSICIANS : -1,
                              .second = i >= DESKS + sim->visits_count,
                              .visit = i < DESKS ? i % sim->visits_count
                                                 : (i - DESKS) % sim->visits_count,
                              .network = true,
                              .camera = true,
                              .microphone = true};
        if (page->physician >= 0)
            page->identity.actor = (struct actor){.role = ROLE_PHYSICIAN,
                                                  .authentication = AUTHENTICATION_PASSWORD,
                                                  .person = sim->physicians[page->physician],
                                                  .institution = sim->institution,
                                                  .session = id_new('n')};
        sim_later(sim, dice_between(&sim->dice, 1, 60000) * US_PER_MS, HAPPENING_PAGE, (uint32_t)i,
                  0, NULL);
    }
}

void browser_forget_all(struct sim *sim)
{
    for (int i = 0; i < PAGES_MAX; i++) {
        struct page *page = &sim->pages[i];
        page->has_session = page->has_socket = page->joined = page->redeeming = false;
        page->peer = (struct handle){0};
        page->offer_number = 0;
    }
}
