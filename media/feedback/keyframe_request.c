#include "media/feedback/keyframe_request.h"

#include "gateway/base/clock.h"

#define SHARE 10 /* a keyframe may take one part in so many of the bitrate */

void keyframe_request_init(struct keyframe_request *request)
{
    *request = (struct keyframe_request){0};
}

void keyframe_request_want(struct keyframe_request *request)
{
    request->wanted = true;
}

void keyframe_request_want_first(struct keyframe_request *request)
{
    request->wanted = true;
    request->answered = false;
}

void keyframe_request_packet(struct keyframe_request *request, bool keyframe, uint32_t timestamp,
                             size_t bytes, int64_t now_us)
{
    bool same = request->in_keyframe && request->timestamp == timestamp;
    if (!keyframe && !same)
        return;
    if (!same)
        request->bytes = 0;
    request->bytes += (uint32_t)bytes;
    if (!keyframe)
        return;
    if (request->wanted && request->asked && !request->answered) {
        request->answered = true;
        request->answered_us = now_us;
    }
    request->in_keyframe = true;
    request->timestamp = timestamp;
    request->wanted = false;
}

static int64_t budget_us(const struct keyframe_request *request, uint32_t bitrate_bps)
{
    if (bitrate_bps == 0)
        return KEYFRAME_BUDGET_LEAST_US;
    int64_t us = (int64_t)((uint64_t)request->bytes * 8 * SHARE * US_PER_S / bitrate_bps);
    if (us < KEYFRAME_BUDGET_LEAST_US)
        return KEYFRAME_BUDGET_LEAST_US;
    return us > KEYFRAME_BUDGET_MOST_US ? KEYFRAME_BUDGET_MOST_US : us;
}

int64_t keyframe_request_due_us(const struct keyframe_request *request, uint32_t bitrate_bps)
{
    if (!request->wanted)
        return INT64_MAX;
    if (!request->asked)
        return 0;
    if (request->answered)
        return request->answered_us + budget_us(request, bitrate_bps);
    return request->asked_us + KEYFRAME_REQUEST_SPACING_US;
}

bool keyframe_request_take(struct keyframe_request *request, uint32_t bitrate_bps, int64_t now_us)
{
    if (keyframe_request_due_us(request, bitrate_bps) > now_us)
        return false;
    request->asked = true;
    request->answered = false;
    request->asked_us = now_us;
    return true;
}
