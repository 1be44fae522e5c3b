/* What an audit record is made of before the store writer gives it its place in the log (security-reliability §7.3).
 * Nouns only. Enums, ids and integers; personal values travel as `sealed`, never in clear. */
#ifndef GATEWAY_MODEL_AUDIT_RECORD_H
#define GATEWAY_MODEL_AUDIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/model/decision.h"
#include "gateway/model/person.h"

#define AUDIT_EXTRA_MAX        12
#define AUDIT_SEALED_MAX       2
#define AUDIT_SEALED_VALUE_MAX 1024

/* X(NAME, text). The closed list of acts. */
#define AUDIT_ACT_LIST(X)                                                                          \
    X(LOG_OPEN, "log.open")                                                                        \
    X(LOG_CLOSE, "log.close")                                                                      \
    X(LOG_HEARTBEAT, "log.heartbeat")                                                              \
    X(CLOCK_STEP, "clock.step")                                                                    \
    X(CONFIG_CHANGE, "config.change")                                                              \
    X(CONFIG_REJECTED, "config.rejected")                                                          \
    X(STAFF_CREATE, "staff.create")                                                                \
    X(STAFF_LOGIN, "staff.login")                                                                  \
    X(STAFF_LOGOUT, "staff.logout")                                                                \
    X(ACCESS_DENIED, "access.denied")                                                              \
    X(CONSULT_CREATE, "consult.create")                                                            \
    X(INVITE_ISSUE, "invite.issue")                                                                \
    X(DEVICE_REVOKE, "device.revoke")                                                              \
    X(DEVICE_SESSION, "device.session")                                                            \
    X(INVITE_REDEEM, "invite.redeem")                                                              \
    X(INVITE_SECOND_DEVICE, "invite.second_device")                                                \
    X(INVITE_MOVE_DEVICE, "invite.move_device")                                                    \
    X(CONSENT_GIVE, "consent.give")                                                                \
    X(CONSENT_WITHDRAW, "consent.withdraw")                                                        \
    X(FACT_SUPPLY, "fact.supply")                                                                  \
    X(RULE_DECISION, "rule.decision")                                                              \
    X(RULE_ACKNOWLEDGE, "rule.acknowledge")                                                        \
    X(CONSULT_ENTER, "consult.enter")                                                              \
    X(CONSULT_ADMIT, "consult.admit")                                                              \
    X(CONSULT_START, "consult.start")                                                              \
    X(CONSULT_HOLD, "consult.hold")                                                                \
    X(CONSULT_CONTINUE, "consult.continue")                                                        \
    X(CONSULT_DEFER, "consult.defer")                                                              \
    X(CONSULT_CONVERT, "consult.convert")                                                          \
    X(CONSULT_EMERGENCY, "consult.emergency")                                                      \
    X(CONSULT_FINISH, "consult.finish")                                                            \
    X(CONSULT_CLOSE, "consult.close")                                                              \
    X(CONSULT_ABANDON, "consult.abandon")                                                          \
    X(PARTICIPANT_SIT, "participant.sit")                                                          \
    X(PARTICIPANT_AWAY, "participant.away")                                                        \
    X(PARTICIPANT_BACK, "participant.back")                                                        \
    X(PARTICIPANT_LEAVE, "participant.leave")                                                      \
    X(PARTICIPANT_REMOVE, "participant.remove")                                                    \
    X(PARTICIPANT_ADMIT, "participant.admit")                                                      \
    X(MEDIA_OPEN, "media.open")                                                                    \
    X(MEDIA_HOLD, "media.hold")                                                                    \
    X(MEDIA_CONNECTED, "media.connected")                                                          \
    X(MEDIA_SCREEN, "media.screen")                                                                \
    X(MEDIA_GAP, "media.gap")                                                                      \
    X(MEDIA_LINE, "media.line")                                                                    \
    X(MEDIA_KEYS_DESTROYED, "media.keys.destroyed")                                                \
    X(MEDIA_FINGERPRINT_MISMATCH, "media.fingerprint_mismatch")                                    \
    X(AUDIT_SEARCH, "audit.search")                                                                \
    X(AUDIT_VIEW, "audit.view")                                                                    \
    X(AUDIT_VERIFY, "audit.verify")                                                                \
    X(PRIVACY_ERASE, "privacy.erase")                                                              \
    X(SYSTEM_DRAIN, "system.drain")

enum audit_act {
#define X(name, text) AUDIT_ACT_##name,
    AUDIT_ACT_LIST(X)
#undef X
        AUDIT_ACT_COUNT
};

enum audit_outcome { AUDIT_OK, AUDIT_DENY, AUDIT_ERROR, AUDIT_INTENT };

/* One member of the versioned `x` object: an enum or id text, or an integer. */
struct audit_extra {
    const char *key; /* static text, [a-z_]{1,24} */
    bool is_text;
    char text[48]; /* enum name, rule id, id, reason code: [A-Za-z0-9_.:-] */
    int64_t number;
};

/* A personal value to be sealed under the person's key; the record keeps only the keyed commitment. */
struct audit_sealed {
    const char *name;                   /* static text */
    struct id subject;                  /* whose key */
    char value[AUDIT_SEALED_VALUE_MAX]; /* canonical JSON text */
};

/* A record before it has seq, prev and times. Plain data, copied by value into the writer's queue. */
struct audit_draft {
    enum audit_act act;
    enum audit_outcome outcome;
    struct actor actor;
    const char *object_kind; /* static text: "consult", "staff", "invite", "log", "config" */
    struct id object;
    struct id request; /* r_…, or empty */
    /* The rule that decided, when one did: its id, the pack's hash and the keyed digest of its inputs. */
    char rule[RULE_ID_SIZE];
    struct sha256 pack_hash;
    struct sha256 inputs;
    bool has_rule;
    uint8_t extra_count;
    struct audit_extra extra[AUDIT_EXTRA_MAX];
    uint8_t sealed_count;
    struct audit_sealed *sealed[AUDIT_SEALED_MAX]; /* heap, owned by the draft's holder */
};

static inline const char *audit_act_name(enum audit_act act)
{
    static const char *const names[AUDIT_ACT_COUNT] = {
#define X(name, text) text,
        AUDIT_ACT_LIST(X)
#undef X
    };
    return (unsigned)act < AUDIT_ACT_COUNT ? names[act] : "none";
}

static inline const char *audit_outcome_name(enum audit_outcome outcome)
{
    static const char *const names[] = {"ok", "deny", "error", "intent"};
    return names[outcome];
}

#endif
