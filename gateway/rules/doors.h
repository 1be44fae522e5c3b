/* The closed list of doors: where a fact can come from, and which suppliers stand behind each door. A pack whose fact
 * names another door, or a supplier without one, is not built. Thread: any; constant data. */
#ifndef GATEWAY_RULES_DOORS_H
#define GATEWAY_RULES_DOORS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/model/facts.h"

#define BY(name) (1u << SUPPLIER_##name)

/* X(NAME, text, suppliers, what it is) */
#define DOOR_LIST(X)                                                                               \
    X(API_BOOKING, "api:booking", BY(ADMINISTRATOR),                                               \
      "field `facts` of the call that creates or changes an appointment")                          \
    X(API_FACTS, "api:facts", BY(ADMINISTRATOR),                                                   \
      "the same field of the same call; the booking page does not ask for it yet")                 \
    X(PATIENT_AGREEMENT, "patient:agreement", BY(PATIENT) | BY(PROXY),                             \
      "patient page, limits-and-agreement screen, one tap")                                        \
    X(PATIENT_PLACE, "patient:place", BY(PATIENT) | BY(PROXY),                                     \
      "patient page, where are you and are you alone")                                             \
    X(PATIENT_DOCTOR_NAME_SEEN, "patient:doctor_name_seen", BY(PATIENT) | BY(PROXY),               \
      "patient page, tap on: I saw the doctor's name")                                             \
    X(PATIENT_QUESTIONS, "patient:questions", BY(PATIENT) | BY(PROXY),                             \
      "patient page, yes/no card that appears when somebody joins or wants to record")             \
    X(PATIENT_MESSAGE, "patient:message", BY(PATIENT) | BY(PROXY),                                 \
      "message `fact` of who is in the patient's seat; no page asks for it yet")                   \
    X(PHYSICIAN_CALL_PANEL, "physician:call_panel", BY(PHYSICIAN),                                 \
      "physician page, panel of a queue entry, with the tap that admits")                          \
    X(PHYSICIAN_CHECKS, "physician:checks", BY(PHYSICIAN),                                         \
      "physician page, checks over the live picture and during the consultation")                  \
    X(PHYSICIAN_MESSAGE, "physician:message", BY(PHYSICIAN),                                       \
      "message `fact` of the physician who signed in; no page asks for it yet")                    \
    X(SITE_NURSE, "site:nurse", BY(NURSE),                                                         \
      "message `fact` of the nurse who signed in at the patient's side")                           \
    X(SYSTEM_ADMISSION, "system:admission", BY(SYSTEM),                                            \
      "the gateway itself: who admitted, which seats are taken")                                   \
    X(SYSTEM_LINK, "system:link", BY(SYSTEM),                                                      \
      "the gateway itself: the visit link and the browser it is bound to")                         \
    X(SYSTEM_AGREEMENT, "system:agreement", BY(SYSTEM),                                            \
      "the gateway itself: the text that was shown for agreement")                                 \
    X(SYSTEM_CARD, "system:card", BY(SYSTEM),                                                      \
      "the gateway itself: the physician's card, from the `report` of the patient page")           \
    X(SYSTEM_FEATURES, "system:features", BY(SYSTEM),                                              \
      "the gateway itself: which features are switched on, form of the call, recording")           \
    X(SYSTEM_RECORD, "system:record", BY(SYSTEM),                                                  \
      "the gateway itself: what it wrote down about this visit")                                   \
    X(MEDIA_TRACKS, "media:tracks", BY(MEDIA),                                                     \
      "the media plane: measured sound and picture in each direction")                             \
    X(MEDIA_ENDPOINT, "media:endpoint", BY(MEDIA),                                                 \
      "the media plane: the endpoint that sends, its line and kind of source")

enum door {
#define X(name, text, suppliers, what) DOOR_##name,
    DOOR_LIST(X)
#undef X
        DOOR_COUNT
};

struct door_info {
    const char *name;
    uint32_t suppliers; /* bit 1 << enum supplier */
    const char *what;
};

/* NULL beyond DOOR_COUNT. */
const struct door_info *door_get(uint32_t door);
/* Suppliers of all doors in a list joined with ","; false when one of them is not on the closed list. */
MUST_CHECK bool doors_suppliers(const char *doors, uint32_t *ret_suppliers);

#endif
