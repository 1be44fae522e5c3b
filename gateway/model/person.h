/* Who takes part. Nouns only. */
#ifndef GATEWAY_MODEL_PERSON_H
#define GATEWAY_MODEL_PERSON_H

#include <stdbool.h>
#include <string.h>

#include "gateway/base/id.h"

/* X(NAME, text in messages, stored rows and audit records) */
#define ROLE_LIST(X)                                                                               \
    X(NONE, "none")                                                                                \
    X(PATIENT, "patient")                                                                          \
    X(PROXY, "proxy")                                                                              \
    X(PHYSICIAN, "physician")                                                                      \
    X(NURSE, "nurse")                                                                              \
    X(CLERK, "clerk")                 /* staff on behalf of a physician */                         \
    X(ADMINISTRATOR, "administrator") /* reads the audit trail, books, manages staff */            \
    X(SYSTEM, "system")                                                                            \
    /* guests: invited to one consultation by a link of their own (JP-OC-1.6-06, 2.2-08, IN-01) */ \
    X(FAMILY, "family")                                                                            \
    X(INTERPRETER, "interpreter")                                                                  \
    X(HELPER, "helper")         /* nurse or carer at the patient's side */                         \
    X(SPECIALIST, "specialist") /* a physician asked for advice */                                 \
    X(TRAINEE, "trainee")                                                                          \
    X(DEVICE, "device") /* a camera, a room system, a monitor: joins by WHIP and WHEP */

enum role {
#define X(name, text) ROLE_##name,
    ROLE_LIST(X)
#undef X
        ROLE_COUNT
};

static inline const char *role_name(enum role role)
{
    static const char *const names[ROLE_COUNT] = {
#define X(name, text) text,
        ROLE_LIST(X)
#undef X
    };
    return (unsigned)role < ROLE_COUNT ? names[role] : "none";
}

/* ROLE_NONE for a name that is none. */
static inline enum role role_of_name(const char *name)
{
    for (int role = 0; role < ROLE_COUNT; role++)
        if (strcmp(role_name((enum role)role), name) == 0)
            return (enum role)role;
    return ROLE_NONE;
}

/* Invited to one consultation; belongs to no institution's staff. */
static inline bool role_is_guest(enum role role)
{
    return role >= ROLE_FAMILY && role <= ROLE_DEVICE;
}

/* Signs in as a member of an institution. */
static inline bool role_is_staff(enum role role)
{
    return role == ROLE_PHYSICIAN || role == ROLE_NURSE || role == ROLE_CLERK ||
           role == ROLE_ADMINISTRATOR;
}

enum language { LANGUAGE_JA, LANGUAGE_EN, LANGUAGE_COUNT };

static inline const char *language_name(enum language language)
{
    return language == LANGUAGE_EN ? "en" : "ja";
}

/* How somebody proved who they are to the gateway. */
#define AUTHENTICATION_LIST(X)                                                                     \
    X(NONE, "none")                                                                                \
    X(LINK, "link")     /* redeemed an invitation in this browser */                               \
    X(DEVICE, "device") /* the browser that redeemed it came back */                               \
    X(PASSWORD, "password")                                                                        \
    X(RESUME, "resume")                                                                            \
    X(BEARER, "bearer") /* a device with its token */

enum authentication {
#define X(name, text) AUTHENTICATION_##name,
    AUTHENTICATION_LIST(X)
#undef X
        AUTHENTICATION_COUNT
};

static inline const char *authentication_name(enum authentication authentication)
{
    static const char *const names[AUTHENTICATION_COUNT] = {
#define X(name, text) text,
        AUTHENTICATION_LIST(X)
#undef X
    };
    return (unsigned)authentication < AUTHENTICATION_COUNT ? names[authentication] : "none";
}

/* The one who does something. `person` is a staff id (s_…), a patient pseudonym (p_…) or a guest (g_…). */
struct actor {
    enum role role;
    enum authentication authentication;
    struct id person;
    struct id institution;
    struct id session; /* n_…; empty for the system */
};

#endif
