/* The steps of the schema, made at build time from the .sql files of this folder (NNNN_name.up.sql and .down.sql).
 * A step without a way down would destroy the audit log. Numbers start at 1 and have no gap. */
#ifndef GATEWAY_STORAGE_MIGRATIONS_H
#define GATEWAY_STORAGE_MIGRATIONS_H

struct migration {
    unsigned version;
    const char *name;
    const char *up;
    const char *down; /* NULL: there is no way back */
};

extern const struct migration MIGRATIONS[];
extern const unsigned MIGRATIONS_COUNT;

#endif
