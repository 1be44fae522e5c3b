/* Compiler attributes behind one name each. The cleanup attribute is a GNU extension; it is spelled only here. */
#ifndef GATEWAY_BASE_CLEANUP_H
#define GATEWAY_BASE_CLEANUP_H

/* Runs `function(&variable)` when the variable leaves its scope: CLEANUP(json_free_p) json_t *root = NULL; */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* The caller has to look at what comes back; ignoring it does not compile. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Argument `format_at` is a printf format whose values start at `first_at`. */
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

#define ARRAY_LENGTH(array)              (sizeof(array) / sizeof((array)[0]))

/* The object of type `type` whose member `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
