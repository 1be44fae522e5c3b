#include "gateway/control/diagnosis.h"

#include <string.h>

#include "gateway/base/cleanup.h"

static const char *const CHECKS_NAMES[] = {
    [DIAGNOSIS_UNTOLD] = "untold",
    [DIAGNOSIS_NONE] = "none",
    [DIAGNOSIS_SENT] = "sent",
    [DIAGNOSIS_ANSWERED] = "answered",
};

enum diagnosis_checks diagnosis_checks_from(const char *name)
{
    for (size_t i = DIAGNOSIS_NONE; i < ARRAY_LENGTH(CHECKS_NAMES); i++)
        if (strcmp(name, CHECKS_NAMES[i]) == 0)
            return (enum diagnosis_checks)i;
    return DIAGNOSIS_UNTOLD;
}

const char *diagnosis_checks_name(enum diagnosis_checks checks)
{
    return CHECKS_NAMES[checks];
}

const char *diagnosis_step_name(enum media_step step)
{
    static const char *const names[] = {
        [MEDIA_STEP_ICE] = "ice",
        [MEDIA_STEP_DTLS] = "dtls",
        [MEDIA_STEP_FINGERPRINT] = "fingerprint",
        [MEDIA_STEP_SRTP] = "srtp",
    };
    return names[step];
}

/* The browser told, and nothing it tried was answered. */
static const char *unanswered_code(const struct diagnosis *diagnosis)
{
    /* our side answered, so what is lost is the way back (a firewall that lets out and not in) */
    if (diagnosis->has_step && diagnosis->step == MEDIA_STEP_DTLS)
        return "media_one_way";
    if (diagnosis->relay == DIAGNOSIS_SENT)
        return "media_turn";
    if (diagnosis->tcp == DIAGNOSIS_SENT)
        return "media_blocked";
    if (diagnosis->udp == DIAGNOSIS_SENT)
        return "media_udp";
    return "media_browser"; /* it did not even try: WebRTC is switched off or restricted there */
}

const char *diagnosis_code(const struct diagnosis *diagnosis)
{
    bool told = diagnosis->udp != DIAGNOSIS_UNTOLD || diagnosis->tcp != DIAGNOSIS_UNTOLD ||
                diagnosis->relay != DIAGNOSIS_UNTOLD;
    bool answered = diagnosis->udp == DIAGNOSIS_ANSWERED || diagnosis->tcp == DIAGNOSIS_ANSWERED ||
                    diagnosis->relay == DIAGNOSIS_ANSWERED;
    if (diagnosis->has_step && diagnosis->step == MEDIA_STEP_FINGERPRINT)
        return "media_fingerprint";
    if (told && !answered)
        return unanswered_code(diagnosis);
    if (!diagnosis->has_step)
        return NULL; /* checks pass: the handshake may still do */
    return diagnosis->step == MEDIA_STEP_ICE ? "media_ice" : "media_dtls";
}
