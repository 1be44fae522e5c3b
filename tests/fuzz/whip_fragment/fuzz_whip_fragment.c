/* Any bytes → whip_fragment_parse. Oracles: credentials come in pairs and within RFC 8839 §5.4; what was read is written and
 * read again as the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gateway/base/check.h"
#include "signaling/whip/whip_fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct whip_fragment first, second;
    char text[512];
    size_t length = 0;
    if (!result_ok(whip_fragment_parse(span_of(data, size), &first)))
        return 0;
    CHECK((first.ice.ufrag[0] == 0) == (first.ice.pwd[0] == 0));
    CHECK(first.candidates <= WHIP_FRAGMENT_LINES_MAX);
    if (first.ice.ufrag[0] == 0)
        return 0;
    CHECK(strlen(first.ice.ufrag) >= 4 && strlen(first.ice.pwd) >= 22);
    CHECK(result_ok(whip_fragment_write(&first.ice, text, sizeof(text), &length)));
    CHECK(result_ok(whip_fragment_parse(span_of(text, length), &second)));
    CHECK(strcmp(first.ice.ufrag, second.ice.ufrag) == 0 &&
          strcmp(first.ice.pwd, second.ice.pwd) == 0);
    return 0;
}
