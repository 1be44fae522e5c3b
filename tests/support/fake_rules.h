/* A test double of gateway/rules: a small pack whose rules are as true as the test says, whatever the facts are.
 * Link it before tsunagi_rules; it answers everything the consultation room asks. Thread: any, one pack one thread. */
#ifndef TESTS_SUPPORT_FAKE_RULES_H
#define TESTS_SUPPORT_FAKE_RULES_H

#include "gateway/rules/rules.h"

enum fake_fact {
    FAKE_FACT_WISH,      /* wish_withdrawn: bool←pt */
    FAKE_FACT_PRIVATE,   /* pt_private_space: bool←pt, dr */
    FAKE_FACT_PICTURE,   /* v_up: bool←me */
    FAKE_FACT_SOUND,     /* a_up: bool←me */
    FAKE_FACT_USEFUL,    /* useful_info_attested: bool←dr, lives 60 s */
    FAKE_FACT_ACUTE,     /* acute_change: bool←pt, dr */
    FAKE_FACT_PLACE,     /* place_kind: enum←pt */
    FAKE_FACT_DOCUMENTS, /* pt_docs: set←dr */
    FAKE_FACT_COUNT_OF,  /* others: integer 0 … 9←dr, sy */
    FAKE_FACTS
};

enum fake_rule {
    FAKE_RULE_LOBBY,   /* G2 refuse */
    FAKE_RULE_ADMIT,   /* G3 refuse */
    FAKE_RULE_START,   /* G4 refuse */
    FAKE_RULE_PLACE,   /* G4 override by the physician */
    FAKE_RULE_ASK,     /* G4 acknowledge by the patient */
    FAKE_RULE_PRIVATE, /* G5 pause, over FAKE_FACT_PRIVATE */
    FAKE_RULE_PICTURE, /* G5 pause, over FAKE_FACT_PICTURE alone: soft */
    FAKE_RULE_TRACKS,  /* G5 pause, over both measured facts: soft */
    FAKE_RULE_MIXED,   /* G5 pause, over a measured and a supplied fact: not soft */
    FAKE_RULE_WISH,    /* G5 terminate, over FAKE_FACT_WISH */
    FAKE_RULE_CLOSE,   /* G7 refuse */
    FAKE_RULES
};

/* All rules true. `version` only changes the hash. Freed with rule_pack_free(). */
struct rule_pack *fake_pack_new(const char *version);
void fake_pack_say(struct rule_pack *pack, enum fake_rule rule, enum truth truth);
void fake_pack_say_all(struct rule_pack *pack, enum truth truth);
/* The pack forgets this fact: found by no name. */
void fake_pack_hide(struct rule_pack *pack, enum fake_fact fact);

#endif
