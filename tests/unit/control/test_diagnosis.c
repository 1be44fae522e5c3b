/* Every cause has its own code, from what each side saw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/control/diagnosis.h"

#define NO_STEP -1

struct expectation {
    int step;
    const char *udp, *tcp, *relay; /* "" not told */
    const char *code;
};

static const struct expectation EXPECTATIONS[] = {
    /* only the gateway knows something */
    {NO_STEP, "", "", "", NULL},
    {MEDIA_STEP_ICE, "", "", "", "media_ice"},
    {MEDIA_STEP_DTLS, "", "", "", "media_dtls"},
    {MEDIA_STEP_SRTP, "", "", "", "media_dtls"},
    {MEDIA_STEP_FINGERPRINT, "", "", "", "media_fingerprint"},
    /* the browser alone */
    {NO_STEP, "none", "none", "none", "media_browser"},
    {NO_STEP, "sent", "none", "none", "media_udp"},
    {NO_STEP, "none", "sent", "none", "media_blocked"},
    {NO_STEP, "sent", "sent", "none", "media_blocked"},
    {NO_STEP, "sent", "sent", "sent", "media_turn"},
    {NO_STEP, "sent", "none", "sent", "media_turn"},
    {NO_STEP, "sent", "answered", "none", NULL},
    {NO_STEP, "answered", "none", "none", NULL},
    {NO_STEP, "sent", "", "", "media_udp"},
    /* both */
    {MEDIA_STEP_ICE, "sent", "sent", "none", "media_blocked"},
    {MEDIA_STEP_ICE, "none", "none", "none", "media_browser"},
    {MEDIA_STEP_DTLS, "sent", "sent", "none", "media_one_way"},
    {MEDIA_STEP_DTLS, "sent", "sent", "sent", "media_one_way"},
    {MEDIA_STEP_DTLS, "answered", "none", "none", "media_dtls"},
    {MEDIA_STEP_DTLS, "sent", "none", "answered", "media_dtls"},
    {MEDIA_STEP_FINGERPRINT, "answered", "none", "none", "media_fingerprint"},
    /* a page from tomorrow */
    {NO_STEP, "maybe", "maybe", "maybe", NULL},
};

static void each_cause_has_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(EXPECTATIONS); i++) {
        const struct expectation *row = &EXPECTATIONS[i];
        struct diagnosis diagnosis = {
            .has_step = row->step != NO_STEP,
            .step = row->step == NO_STEP ? MEDIA_STEP_ICE : (enum media_step)row->step,
            .udp = diagnosis_checks_from(row->udp),
            .tcp = diagnosis_checks_from(row->tcp),
            .relay = diagnosis_checks_from(row->relay),
        };
        const char *code = diagnosis_code(&diagnosis);
        if (row->code == NULL) {
            assert_null(code);
            continue;
        }
        assert_non_null(code);
        assert_string_equal(code, row->code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_cause_has_its_code)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
