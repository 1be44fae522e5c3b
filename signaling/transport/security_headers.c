#include "signaling/transport/security_headers.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/cleanup.h"

static void policy_init(struct security_headers *headers, const char *const *origins,
                        uint32_t count)
{
    char *policy = headers->policy;
    size_t size = sizeof(headers->policy);
    size_t used = (size_t)snprintf(
        policy, size,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; connect-src 'self'");
    for (uint32_t i = 0; i < count; i++) {
        const char *host = strncmp(origins[i], "https://", 8) == 0 ? origins[i] + 8 : NULL;
        if (host != NULL)
            used += (size_t)snprintf(policy + used, size - used, " wss://%s", host);
        CHECK(used < size); /* origins are bounded when the options are read */
    }
}

void security_headers_init(struct security_headers *headers, const char *const *origins,
                           uint32_t count)
{
    *headers = (struct security_headers){.count = 0};
    policy_init(headers, origins, count);
    const struct security_header list[] = {
        {"content-security-policy:", headers->policy},
        {"strict-transport-security:", "max-age=63072000; includeSubDomains"},
        {"x-content-type-options:", "nosniff"},
        {"referrer-policy:", "no-referrer"},
        {"cross-origin-opener-policy:", "same-origin"},
        {"cross-origin-resource-policy:", "same-origin"},
        {"permissions-policy:",
         "camera=(self), microphone=(self), display-capture=(self), geolocation=()"},
    };
    _Static_assert(ARRAY_LENGTH(list) <= SECURITY_HEADERS_MAX, "room for every header");
    for (size_t i = 0; i < ARRAY_LENGTH(list); i++) {
        headers->list[headers->count++] = list[i];
        int length = snprintf(headers->text + headers->text_length,
                              sizeof(headers->text) - headers->text_length, "%s %s\r\n",
                              list[i].name, list[i].value);
        headers->text_length += (size_t)length;
        CHECK(headers->text_length < sizeof(headers->text));
    }
}
