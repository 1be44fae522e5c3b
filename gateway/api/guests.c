/* A link for one more person in one consultation: {"role","name"} → {"link"}. */
#include <string.h>

#include "gateway/api/api_call.h"

static void guest_answered(void *owner, const struct booking_answer *answer)
{
    struct api_call *call = owner;
    if (!result_ok(answer->result)) {
        int status = answer->result == RESULT_NOT_FOUND ? 404
                     : answer->result == RESULT_INVALID ? 422
                     : answer->result == RESULT_DENIED  ? 409
                                                        : 503;
        api_refuse(call, status, answer->code, answer->field);
        return;
    }
    /* The secret is in the fragment, so it never reaches a server log or a Referer header. */
    json_t *link = json_sprintf("%s/v#%s", call->api->options.public_origin, answer->secret);
    api_reply(call, 201, json_pack("{s:o}", "link", link));
}

void api_guest_invite(struct api_call *call)
{
    const char *role = api_body_text(call, "role"), *name = api_body_text(call, "name");
    struct guest_invitation invitation = {.actor = call->identity.actor,
                                          .consultation = call->path_id,
                                          .role = role == NULL ? ROLE_NONE : role_of_name(role)};
    const char *wrong =
        !role_is_guest(invitation.role) ? "role"
        : name == NULL || name[0] == 0 || !text_copy(invitation.name, sizeof(invitation.name), name)
            ? "name"
            : NULL;
    if (wrong != NULL)
        api_refuse(call, 422, "malformed", wrong);
    else
        call->api->services.invite_guest(call->api->services.owner, &invitation, guest_answered,
                                         call);
}
