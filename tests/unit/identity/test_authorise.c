/* The authorisation function against a table written independently of it, for every action × role × institution ×
 * ownership × sign-in × event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/cleanup.h"
#include "gateway/identity/authorise.h"

/* One letter a role, in the order none, patient, proxy, physician, nurse, clerk, administrator, system, then the
 * guests and at last the device:
 *   '-' never   'a' always, signed in or not   's' when signed in   'i' inside the own institution
 *   'o' inside the own institution and own consultation */
struct expectation {
    const char *action;
    const char *roles;
    char about; /* n nothing/own session, i institution, c consultation */
    bool event;
};

static const struct expectation EXPECTED[] = {
    {"sign_in", "aaaaaaaaaaaaaa", 'n', false},
    {"invitation_redeem", "aaaaaaaaaaaaaa", 'n', false},
    {"sign_out", "-ssssss-------", 'n', false},
    {"self_view", "-ssssss-------", 'n', false},
    {"ticket", "-ssssss-sssss-", 'n', false},
    {"consultation_book", "---i-ii-------", 'i', false},
    {"consultation_list", "---iiii-------", 'i', false},
    {"queue_watch", "---i-i--------", 'i', false},
    {"consultation_view", "-oooiii-------", 'c', false},
    {"timeline_view", "---o--i-------", 'c', false},
    {"invitation_reissue", "---o-ii-------", 'c', false},
    {"guest_invite", "---o-ii-------", 'c', false},
    {"join", "-oooi---ooooo-", 'c', false},
    {"leave", "-oooi---ooooo-", 'c', false},
    {"media", "-oooi---ooooo-", 'c', false},
    {"act", "-oooiii-ooooo-", 'c', true},
    {"fact", "-oooiii-------", 'c', false},
    {"seat_remove", "---oii--------", 'c', true},
    {"seat_move", "---oii--------", 'c', true},
    {"device_manage", "---o-ii-------", 'c', false},
    {"device_publish", "-------------i", 'c', false},
    {"device_play", "-------------i", 'c', false},
    {"staff_list", "---i-ii-------", 'i', false},
    {"staff_manage", "------i-------", 'i', false},
    {"rules_view", "---iiii-------", 'i', false},
    {"audit_status", "------i-------", 'i', false},
    {"audit_verify", "------i-------", 'i', false},
    {"audit_search", "------i-------", 'i', false},
    {"audit_proof", "------i-------", 'c', false},
    {"metrics_read", "------ss------", 'n', false},
};

struct scene {
    enum role role;
    bool signed_in;
    bool own_institution;
    bool own_patient;
    bool own_physician;
    bool event;
};

static struct id id_of(const char *text)
{
    struct id id;
    assert_true(id_parse(text, &id));
    return id;
}

static bool expected(const struct expectation *row, const struct scene *scene)
{
    bool own = scene->role == ROLE_PHYSICIAN ? scene->own_physician : scene->own_patient;
    bool event = !row->event || scene->event;
    switch (row->roles[scene->role]) {
    case 'a':
        return true;
    case 's':
        return scene->signed_in || scene->role == ROLE_SYSTEM;
    case 'i':
        return scene->signed_in && scene->own_institution && event;
    case 'o':
        return scene->signed_in && scene->own_institution && own && event;
    default:
        return false;
    }
}

static struct actor actor_of(const struct scene *scene)
{
    bool patient =
        scene->role == ROLE_PATIENT || scene->role == ROLE_PROXY || role_is_guest(scene->role);
    struct actor actor = {.role = scene->role};
    if (!scene->signed_in)
        return actor;
    actor.authentication = patient ? AUTHENTICATION_LINK : AUTHENTICATION_PASSWORD;
    actor.person = id_of(patient ? "p_mine" : "s_mine");
    actor.institution = id_of("i_mine");
    return actor;
}

static void check_scene(enum access_action action, const struct expectation *row,
                        const struct scene *scene)
{
    struct actor actor = actor_of(scene);
    struct access_object object = {
        .kind = row->about == 'i' ? ACCESS_KIND_INSTITUTION : ACCESS_KIND_CONSULTATION,
        .institution = id_of(scene->own_institution ? "i_mine" : "i_other"),
        .consultation = id_of("c_1"),
        .patient = id_of(scene->own_patient ? "p_mine" : "p_other"),
        .physician = id_of(scene->own_physician ? "s_mine" : "s_other"),
        .guest_here = scene->own_patient,
        .event_allowed_for_role = scene->event};
    struct access_answer answer = authorise(&actor, action, row->about == 'n' ? NULL : &object);
    bool wanted = expected(row, scene);
    if (answer.allowed != wanted || (answer.reason == ACCESS_REASON_ALLOWED) != wanted)
        fail_msg("%s as %s%s: %s, institution %d, patient %d, physician %d, event %d", row->action,
                 role_name(scene->role), scene->signed_in ? "" : " (not signed in)",
                 access_reason_name(answer.reason), scene->own_institution, scene->own_patient,
                 scene->own_physician, scene->event);
}

static void test_matrix(void **state)
{
    (void)state;
    unsigned cells = 0;
    assert_int_equal(ARRAY_LENGTH(EXPECTED), ACCESS_ACTION_COUNT);
    for (unsigned action = 0; action < ACCESS_ACTION_COUNT; action++) {
        const struct expectation *row = &EXPECTED[action];
        assert_string_equal(row->action, access_action_name((enum access_action)action));
        assert_int_equal(strlen(row->roles), ROLE_COUNT);
        for (unsigned role = 0; role < ROLE_COUNT; role++) {
            for (unsigned bits = 0; bits < 32; bits++) {
                struct scene scene = {.role = (enum role)role,
                                      .signed_in = bits & 1,
                                      .own_institution = bits & 2,
                                      .own_patient = bits & 4,
                                      .own_physician = bits & 8,
                                      .event = bits & 16};
                check_scene((enum access_action)action, row, &scene);
                cells++;
            }
        }
    }
    print_message("%u cells\n", cells);
}

/* What the matrix cannot reach: objects of the wrong kind, half-filled actors, numbers out of range. */
static void test_denied_by_default(void **state)
{
    (void)state;
    struct scene scene = {.role = ROLE_ADMINISTRATOR, .signed_in = true};
    struct actor administrator = actor_of(&scene);
    struct access_object object = {.kind = ACCESS_KIND_INSTITUTION, .institution = id_of("i_mine")};
    assert_true(authorise(&administrator, ACCESS_AUDIT_VERIFY, &object).allowed);
    assert_int_equal(authorise(&administrator, ACCESS_AUDIT_VERIFY, NULL).reason,
                     ACCESS_REASON_WRONG_OBJECT);
    assert_int_equal(authorise(&administrator, ACCESS_AUDIT_PROOF, &object).reason,
                     ACCESS_REASON_WRONG_OBJECT);
    assert_int_equal(authorise(&administrator, ACCESS_METRICS_READ, &object).reason,
                     ACCESS_REASON_WRONG_OBJECT);
    object.institution = (struct id){.text = ""};
    assert_int_equal(authorise(&administrator, ACCESS_AUDIT_VERIFY, &object).reason,
                     ACCESS_REASON_WRONG_OBJECT);
    object.institution = id_of("i_other");
    assert_int_equal(authorise(&administrator, ACCESS_AUDIT_VERIFY, &object).reason,
                     ACCESS_REASON_OTHER_INSTITUTION);
    assert_false(authorise(&administrator, ACCESS_ACTION_COUNT, &object).allowed);
    assert_false(authorise(&administrator, (enum access_action) - 1, &object).allowed);

    struct actor nobody = {.role = ROLE_COUNT};
    assert_false(authorise(&nobody, ACCESS_SELF_VIEW, NULL).allowed);
    administrator.institution = (struct id){.text = ""};
    assert_int_equal(authorise(&administrator, ACCESS_SELF_VIEW, NULL).reason,
                     ACCESS_REASON_NOT_SIGNED_IN);

    /* A patient and a consultation that has none are not each other's: empty equals empty proves nothing. */
    struct actor patient = {.role = ROLE_PATIENT,
                            .authentication = AUTHENTICATION_LINK,
                            .institution = id_of("i_mine")};
    struct access_object visit = {.kind = ACCESS_KIND_CONSULTATION, .institution = id_of("i_mine")};
    assert_false(authorise(&patient, ACCESS_JOIN, &visit).allowed);
    patient.person = id_of("p_mine");
    assert_int_equal(authorise(&patient, ACCESS_JOIN, &visit).reason, ACCESS_REASON_NOT_YOURS);
    visit.patient = patient.person;
    assert_true(authorise(&patient, ACCESS_JOIN, &visit).allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matrix),
                                       cmocka_unit_test(test_denied_by_default)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
