/* Any bytes → message_decode, as sent to the gateway and as sent by it. Oracle: what decodes encodes, and decodes to the
 * same text again; a refusal names a code. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "signaling/messages/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_direction(struct span input, enum message_direction direction,
                          struct message *message)
{
    struct message_problem problem;
    char *text = NULL, *again = NULL;
    size_t length = 0, again_length = 0;
    enum result result = message_decode(input, direction, message, &problem);
    if (!result_ok(result)) {
        CHECK(result == RESULT_INVALID && problem.code[0] != 0 &&
              strlen(problem.field) < sizeof(problem.field));
        return;
    }
    CHECK(message_encode(message, &text, &length, &problem) == RESULT_OK);
    message_done(message);
    CHECK(message_decode(span_of(text, length), direction, message, &problem) == RESULT_OK);
    CHECK(message_encode(message, &again, &again_length, &problem) == RESULT_OK);
    CHECK(length == again_length && memcmp(text, again, length) == 0);
    message_done(message);
    free(text);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message *message = malloc(sizeof(*message));
    CHECK(message != NULL);
    try_direction(span_of(data, size), MESSAGE_IN, message);
    try_direction(span_of(data, size), MESSAGE_OUT, message);
    free(message);
    return 0;
}
