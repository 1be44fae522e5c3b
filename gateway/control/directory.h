/* Institutions and staff, read once at start: names and telephone numbers that pages always show.
 * Thread: control. Owner: struct control. Bound: DIRECTORY_*_MAX. Changes of staff need a restart in this version. */
#ifndef GATEWAY_CONTROL_DIRECTORY_H
#define GATEWAY_CONTROL_DIRECTORY_H

#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/model/person.h"
#include "gateway/storage/store.h"

#define DIRECTORY_INSTITUTIONS_MAX 256
#define DIRECTORY_STAFF_MAX        4096

struct directory_institution {
    struct id id;
    char name[LANGUAGE_COUNT][121];
    char telephone[33];
};

struct directory_staff {
    struct id id;
    struct id institution;
    enum role role;
    char name[LANGUAGE_COUNT][121];
    int registered_year;
    bool disabled;
};

struct directory;

MUST_CHECK enum result directory_load(struct store *store, struct directory **ret_directory);
struct directory *directory_free(struct directory *directory);
/* NULL when unknown. */
const struct directory_institution *directory_institution(const struct directory *directory,
                                                          const struct id *id);
const struct directory_staff *directory_staff(const struct directory *directory,
                                              const struct id *id);
/* The first physician of an institution who is not disabled. */
const struct directory_staff *directory_first_physician(const struct directory *directory,
                                                        const struct id *institution);

#endif
