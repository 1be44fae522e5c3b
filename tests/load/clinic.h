/* Many consultations at one gateway, each a patient and a physician of her own (JP-OC-1.6-05 allows one live patient per
 * physician), brought as far as asked through the doors that pages use: booking, link, sign-in, WebSocket, facts, acts.
 *
 * Thread: the main one, which runs GLib's main context inside clinic_wait() and the calls that talk to the gateway.
 * Owner: the program.   Bound: CLINIC_PAIRS_MAX. */
#ifndef TESTS_LOAD_CLINIC_H
#define TESTS_LOAD_CLINIC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/synthetic/house.h"
#include "gateway/synthetic/person.h"
#include "tests/load/wire.h"

#define CLINIC_PAIRS_MAX 400

struct clinic;

struct pair {
    struct clinic *clinic;
    struct person *patient, *physician;
    struct peer *patient_peer, *physician_peer; /* while the engine drives them */
    json_t *physician_id;                       /* owned */
    char consultation[64];
    char state[24];   /* as the physician's page sees it, before she has one the patient's */
    char resume[80];  /* the patient's token */
    char ticket[80];  /* the one the patient came with */
    char goodbye[48]; /* code the patient's socket was closed with */
    char error[48];   /* latest refusal of either */
    bool entered, physician_joined, both_connected, admitting, failed;
    bool leaving; /* one of them ended the visit: goodbyes are what is wanted */
    int remove_ref;
    unsigned welcomes;             /* of the patient */
    int64_t admit_ns;              /* CLOCK_REALTIME: act sent */
    int64_t remove_ns, removed_ns; /* CLOCK_REALTIME: act sent, done received */
};

struct clinic_options {
    const char *gateway; /* path of tsunagi */
    unsigned pairs_max;
    enum wire_profile profile;
    bool admit; /* as soon as both are connected; else pair_admit() */
};

/* Says on stderr what is wrong; NULL then. */
struct clinic *clinic_open(const struct clinic_options *options);
struct clinic *clinic_close(struct clinic *clinic);
struct wire *clinic_wire(struct clinic *clinic);
const struct house *clinic_house(const struct clinic *clinic);
unsigned clinic_pairs(const struct clinic *clinic);
struct pair *clinic_pair(struct clinic *clinic, unsigned index);

/* Books one more and sends both to their pages; the rest happens while the main context runs. */
bool clinic_add(struct clinic *clinic);
typedef bool clinic_check(struct clinic *clinic);
/* Runs the main context until `check` holds; false after `seconds` or when a consultation failed. NULL: just that long. */
bool clinic_wait(struct clinic *clinic, clinic_check *check, double seconds);
/* Every consultation's patient was admitted; every one waits with both connected. For clinic_wait(). */
bool clinic_all_admitted(struct clinic *clinic);
bool clinic_all_ready(struct clinic *clinic);
/* Every visit has ended, by pair_end(). */
bool clinic_all_ended(struct clinic *clinic);

void pair_admit(struct pair *pair);
/* The physician removes the patient. */
void pair_remove(struct pair *pair);
/* Ends the visit: the patient withdraws, or the physician wants to see her in person. */
void pair_end(struct pair *pair, bool by_patient);
/* A new patient, link and visit for the physician of a pair whose visit has ended. */
bool pair_again(struct pair *pair);
/* One counter of the console (/api/status); -1 when it cannot be read. */
int64_t clinic_metric(struct clinic *clinic, const char *name);

#endif
