/* Any offer of a device → device_offer_read → device_offer_answer. Oracles: what was taken can be answered; the answer has
 * the m-lines of the offer in their order, names no payload type or extension that was not offered, and no two formats
 * share a number. The first byte chooses between publishing and playing. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/control/device_offer.h"
#include "signaling/sdp/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_SIZE 65536

static bool was_offered(const struct sdp_media *offered, const struct sdp_codec *codec)
{
    for (uint32_t i = 0; i < offered->codecs_count; i++)
        if (offered->codecs[i].payload_type == codec->payload_type)
            return true;
    return false;
}

static bool extension_was_offered(const struct sdp_media *offered, const struct sdp_extmap *extmap)
{
    for (uint32_t i = 0; i < offered->extmaps_count; i++)
        if (offered->extmaps[i].id == extmap->id &&
            strcmp(offered->extmaps[i].uri, extmap->uri) == 0)
            return true;
    return false;
}

static void check_line(const struct sdp_media *offered, const struct sdp_media *answered)
{
    CHECK(strcmp(offered->mid, answered->mid) == 0 && offered->kind == answered->kind);
    CHECK(answered->setup == SDP_SETUP_PASSIVE && answered->codecs_count > 0);
    for (uint32_t i = 0; i < answered->codecs_count; i++) {
        CHECK(was_offered(offered, &answered->codecs[i]));
        for (uint32_t k = 0; k < i; k++)
            CHECK(answered->codecs[i].payload_type != answered->codecs[k].payload_type);
    }
    for (uint32_t i = 0; i < answered->extmaps_count; i++)
        CHECK(extension_was_offered(offered, &answered->extmaps[i]));
}

static void check_answer(const struct device_offer *offer, struct span sdp)
{
    const struct media_ice ice = {.ufrag = "abcdefgh", .pwd = "abcdefghijklmnopqrstuvwx"};
    const struct media_fingerprint print = {.hash = "sha-256", .bytes = {1}, .length = 32};
    struct sdp_description *offered = malloc(sizeof(*offered)), *answer = malloc(sizeof(*answer));
    char *text = malloc(TEXT_SIZE);
    CHECK(offered != NULL && answer != NULL && text != NULL);
    CHECK(result_ok(sdp_parse(sdp, offered)));
    CHECK(result_ok(device_offer_answer(offer, &ice, &print, NULL, 0, text, TEXT_SIZE)));
    CHECK(result_ok(sdp_parse(span_of(text, strlen(text)), answer)));
    CHECK(answer->ice_lite && answer->media_count == offered->media_count);
    for (uint32_t i = 0; i < answer->media_count; i++)
        check_line(&offered->media[i], &answer->media[i]);
    free(offered);
    free(answer);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct device_offer offer;
    enum device_offer_flaw flaw;
    if (size == 0)
        return 0;
    bool publishes = data[0] == 'p';
    struct span sdp = span_of(data + 1, size - 1);
    enum result result = device_offer_read(publishes, sdp, &offer, &flaw);
    CHECK(result_ok(result) == (flaw == DEVICE_OFFER_NONE));
    if (!result_ok(result))
        return 0;
    struct media_command remote;
    device_offer_remote(&offer, &remote);
    CHECK(remote.remote.slots_count == offer.slots_count && offer.slots_count > 0);
    check_answer(&offer, sdp);
    return 0;
}
