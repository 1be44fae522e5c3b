/* `tsunagi staff add|list`: institutions and accounts, while the gateway is stopped. */
#ifndef GATEWAY_STAFF_CLI_H
#define GATEWAY_STAFF_CLI_H

#include "gateway/base/cleanup.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"
#include "gateway/model/person.h"
#include "gateway/verb_store.h"

int staff_cli(int argc, char **argv);

struct staff_new {
    struct id institution;
    const char *login;
    const char *name_ja;
    const char *name_en;
    enum role role;
    int registered_year;
    const char *password;
};
/* Hashes the password, stores the account and its record. */
MUST_CHECK enum result staff_add(struct verb_store *verb, const struct staff_new *staff);

#endif
