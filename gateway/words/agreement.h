/* The limits and rules a patient agrees to before the waiting room (JP-OC-1.1-01, 1.1-02, 1.1-04, 2.5-01, 2.5-19), in
 * one screen. What was shown is recorded by version, language and hash. Thread: any; constant. */
#ifndef GATEWAY_WORDS_AGREEMENT_H
#define GATEWAY_WORDS_AGREEMENT_H

#include <stdint.h>

#include "gateway/base/hash.h"
#include "gateway/model/person.h"

#define AGREEMENT_VERSION    1
#define AGREEMENT_PARAGRAPHS 7

const char *agreement_paragraph(enum language language, unsigned index);
/* SHA-256 over the paragraphs, each followed by a newline. */
struct sha256 agreement_hash(enum language language);

#endif
