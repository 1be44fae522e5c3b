/* The header set that goes out with every response (security-reliability I-36), made once from the allowed origins. */
#ifndef SIGNALING_TRANSPORT_SECURITY_HEADERS_H
#define SIGNALING_TRANSPORT_SECURITY_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#define SECURITY_HEADERS_MAX 8

struct security_header {
    const char *name; /* with its colon, lower case */
    const char *value;
};

struct security_headers {
    char policy[1536];
    struct security_header list[SECURITY_HEADERS_MAX];
    size_t count;
    char text[2560]; /* all of them as lines with CRLF */
    size_t text_length;
};

/* `origins`: "https://host:port"; pages may open WebSockets to them. Keeps pointers into itself: do not copy. */
void security_headers_init(struct security_headers *headers, const char *const *origins,
                           uint32_t count);

#endif
