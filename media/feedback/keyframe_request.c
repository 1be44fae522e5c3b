#include "media/feedback/keyframe_request.h"

void keyframe_request_init(struct keyframe_request *request)
{
    *request = (struct keyframe_request){0};
}

void keyframe_request_want(struct keyframe_request *request)
{
    request->wanted = true;
}

void keyframe_request_seen(struct keyframe_request *request)
{
    request->wanted = false;
}

int64_t keyframe_request_due_us(const struct keyframe_request *request)
{
    if (!request->wanted)
        return INT64_MAX;
    return request->asked ? request->asked_us + KEYFRAME_REQUEST_SPACING_US : 0;
}

bool keyframe_request_take(struct keyframe_request *request, int64_t now_us)
{
    if (keyframe_request_due_us(request) > now_us)
        return false;
    request->asked = true;
    request->asked_us = now_us;
    return true;
}
