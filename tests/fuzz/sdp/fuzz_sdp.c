/* Any text → sdp_parse. Oracle: what was read is written, read and written again, and both texts are the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "signaling/sdp/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_SIZE                                                                                  \
    (256 * 1024) /* explicit values may take more room than what they were inherited from */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdp_description *first = malloc(sizeof(*first)), *second = malloc(sizeof(*second));
    char *text = malloc(TEXT_SIZE), *again = malloc(TEXT_SIZE);
    size_t length = 0, again_length = 0;
    CHECK(first != NULL && second != NULL && text != NULL && again != NULL);
    if (result_ok(sdp_parse(span_of(data, size), first))) {
        enum result written = sdp_write(first, text, TEXT_SIZE, &length);
        /* An m-line without a mid can be read (WHIP peers of old), but we never write one. */
        bool has_mids = true;
        for (uint32_t i = 0; i < first->media_count; i++)
            has_mids = has_mids && first->media[i].mid[0] != 0;
        CHECK(written == RESULT_OK || !has_mids);
        if (written == RESULT_OK && length <= SDP_TEXT_MAX) {
            enum result read = sdp_parse(span_of(text, length), second);
            CHECK(read == RESULT_OK || read == RESULT_TOO_MANY); /* more lines than it had */
            if (read == RESULT_OK) {
                CHECK(sdp_write(second, again, TEXT_SIZE, &again_length) == RESULT_OK);
                CHECK(length == again_length && memcmp(text, again, length) == 0);
            }
        }
    }
    free(first);
    free(second);
    free(text);
    free(again);
    return 0;
}
