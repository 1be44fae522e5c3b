/* The certificate this process shows to every browser: self-signed P-256, made at start, in memory only. Its
 * fingerprint travels in the SDP offer; a restart makes a new one.
 *
 * Thread: made on the control thread, read-only afterwards (workers take references of the library's own).
 * Owner: struct media. */
#ifndef MEDIA_DTLS_DTLS_IDENTITY_H
#define MEDIA_DTLS_DTLS_IDENTITY_H

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media_command.h"

struct dtls_identity;

MUST_CHECK enum result dtls_identity_new(struct dtls_identity **ret_identity);
struct dtls_identity *dtls_identity_free(struct dtls_identity *identity);
/* sha-256 over the certificate, RFC 8122 §5. */
const struct media_fingerprint *dtls_identity_fingerprint(const struct dtls_identity *identity);

#endif
