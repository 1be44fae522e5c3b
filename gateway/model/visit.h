/* What the web rooms and control say to each other about a visit before and around its consultation: who asks, a
 * booking, the redeeming of a link. Nouns only. */
#ifndef GATEWAY_MODEL_VISIT_H
#define GATEWAY_MODEL_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/hash.h"
#include "gateway/base/result.h"
#include "gateway/model/consultation.h"
#include "gateway/model/facts.h"
#include "gateway/model/person.h"

#define VISIT_NAME_SIZE    121 /* of a person, UTF-8 with NUL */
#define VISIT_SECRET_SIZE  44  /* base64url of 256 bits with NUL */
#define BOOKING_FACTS_MAX  96
#define BOOKING_VALUE_SIZE 320

/* Somebody whose cookie was checked; what a WebSocket ticket stands for. */
struct visit_identity {
    struct actor actor;
    char name[VISIT_NAME_SIZE]; /* staff: display name */
    struct id consultation;     /* patient, guest: the visit of the link */
    struct id device;           /* patient, guest: b_… */
};

struct booking_fact {
    char name[FACT_NAME_SIZE];
    char value[BOOKING_VALUE_SIZE]; /* as fact_parse() reads it: "true", "7", "residence", "a,b" */
};

struct booking {
    struct actor actor;
    struct id physician; /* empty: the institution's first physician */
    char patient_name[VISIT_NAME_SIZE];
    int64_t booked_for_us; /* wall clock */
    uint32_t facts_count;
    struct booking_fact facts[BOOKING_FACTS_MAX];
};

struct booking_answer {
    enum result result;
    char code[REASON_CODE_SIZE]; /* words code when refused */
    char field[FACT_NAME_SIZE];  /* a fact or field that was not taken */
    struct id consultation;
    char secret[VISIT_SECRET_SIZE]; /* of the link; kept nowhere */
};
typedef void (*booking_done_fn)(void *owner, const struct booking_answer *answer);

/* A token for a device: what it may do in one consultation. */
struct device_request {
    struct actor actor;
    struct id consultation;
    bool publishes, plays;
    int watches; /* SEAT_PATIENT or SEAT_PHYSICIAN */
    int64_t life_us;
};

struct device_answer {
    enum result result;
    const char *code; /* words code when refused; static text */
    struct id device; /* g_… */
    int64_t expires_us;
    char secret[VISIT_SECRET_SIZE]; /* the Bearer token; kept nowhere */
};
typedef void (*device_done_fn)(void *owner, const struct device_answer *answer);

/* A guest to be invited. */
struct guest_invitation {
    struct actor actor;
    struct id consultation;
    enum role role; /* role_is_guest() */
    char name[VISIT_NAME_SIZE];
};

/* A browser that shows a link's secret, as found in the store. */
struct redeem {
    struct id invitation, consultation, patient;
    struct id guest; /* whose link it is; empty: the patient's */
    enum role role;  /* of that person */
    int64_t created_us, expires_us;
    struct sha256 secret;
    struct id device; /* of the cookie, when it belongs to this visit; else empty */
};

struct redeem_answer {
    enum result result;
    const char *code; /* words code when refused; static text */
    struct id device; /* bound now, or before */
    bool bound_now;
    char cookie[VISIT_SECRET_SIZE]; /* set when bound now */
};
typedef void (*redeem_done_fn)(void *owner, const struct redeem_answer *answer);

#endif
