#include "media/ice/ice_agent.h"

#include <stdlib.h>
#include <string.h>

#include <stun/stunagent.h>
#include <stun/usages/ice.h>

#define STUN_INTEGRITY_BYTES 20 /* HMAC-SHA1, RFC 8489 §14.5 */

/* Comprehension-required attributes a Binding request may carry; any other earns 420 (RFC 8489 §6.3.1). */
static const uint16_t ICE_KNOWN_ATTRIBUTES[] = {
    STUN_ATTRIBUTE_USERNAME,
    STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
    STUN_ATTRIBUTE_PRIORITY,
    STUN_ATTRIBUTE_USE_CANDIDATE,
    0,
};

struct ice_agent {
    StunAgent stun;
};

enum result ice_agent_new(struct ice_agent **ret_agent)
{
    struct ice_agent *agent = calloc(1, sizeof(*agent));
    if (agent == NULL)
        return RESULT_NO_MEMORY;
    stun_debug_disable(); /* its debug lines print keys */
    stun_agent_init(&agent->stun, ICE_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                    STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
    *ret_agent = agent;
    return RESULT_OK;
}

struct ice_agent *ice_agent_free(struct ice_agent *agent)
{
    free(agent);
    return NULL;
}

/* USERNAME of a check is "ours:theirs" (RFC 8445 §7.2.2). The library compares 20 bytes of MESSAGE-INTEGRITY without
 * looking at the attribute's length, so that is checked here, before it does. */
static bool ice_find_password(StunAgent *stun, StunMessage *message, uint8_t *username,
                              uint16_t username_length, uint8_t **password, size_t *password_length,
                              void *user_data)
{
    (void)stun;
    struct ice_lookup *lookup = user_data;
    uint16_t integrity_length = 0;
    const void *integrity =
        stun_message_find(message, STUN_ATTRIBUTE_MESSAGE_INTEGRITY, &integrity_length);
    const uint8_t *colon = memchr(username, ':', username_length);
    if (integrity == NULL || integrity_length != STUN_INTEGRITY_BYTES || colon == NULL)
        return false;
    struct span found = lookup->password(lookup, span_of(username, (size_t)(colon - username)));
    if (found.length == 0) /* an empty key would switch the integrity check off */
        return false;
    /* The library wants a changeable pointer and only reads through it. */
    memcpy(password, &found.data, sizeof(*password));
    *password_length = found.length;
    return true;
}

/* Towards a lite agent the peer is always controlling (RFC 8445 §6.1.1). One that says it is controlled gets 487, decided
 * here: which tie-breaker makes the library say so changed between its versions. */
static struct ice_verdict ice_refuse_role(struct ice_agent *agent, StunMessage *request,
                                          uint8_t *ret_reply)
{
    struct ice_verdict verdict = {.outcome = ICE_INVALID};
    StunMessage reply;
    if (!stun_agent_init_error(&agent->stun, &reply, ret_reply, ICE_REPLY_MAX, request,
                               STUN_ERROR_ROLE_CONFLICT))
        return verdict;
    verdict.reply_length =
        stun_agent_finish_message(&agent->stun, &reply, request->key, request->key_len);
    if (verdict.reply_length > 0)
        verdict.outcome = ICE_REFUSED;
    return verdict;
}

static struct ice_verdict ice_answer(struct ice_agent *agent, StunMessage *request,
                                     const struct net_address *source, uint8_t *ret_reply)
{
    struct ice_verdict verdict = {.outcome = ICE_INVALID};
    if (stun_message_has_attribute(request, STUN_ATTRIBUTE_ICE_CONTROLLED))
        return ice_refuse_role(agent, request, ret_reply);
    struct sockaddr_storage from = {0};
    socklen_t from_length = net_address_to(source, &from);
    StunMessage reply;
    size_t length = ICE_REPLY_MAX;
    bool controlling = false; /* required, and never flipped now */
    StunUsageIceReturn made = stun_usage_ice_conncheck_create_reply(
        &agent->stun, request, &reply, ret_reply, &length, &from, from_length, &controlling, 0,
        STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
    if (made != STUN_USAGE_ICE_RETURN_SUCCESS || length == 0 || length > ICE_REPLY_MAX ||
        stun_message_get_class(&reply) != STUN_RESPONSE)
        return verdict;
    verdict.reply_length = length;
    verdict.outcome = ICE_VALID;
    verdict.use_candidate = stun_usage_ice_conncheck_use_candidate(request);
    return verdict;
}

struct ice_verdict ice_agent_check(struct ice_agent *agent, struct span datagram,
                                   const struct net_address *source, struct ice_lookup *lookup,
                                   uint8_t *ret_reply)
{
    struct ice_verdict verdict = {.outcome = ICE_INVALID};
    StunMessage request, reply;
    switch (stun_agent_validate(&agent->stun, &request, datagram.data, datagram.length,
                                ice_find_password, lookup)) {
    case STUN_VALIDATION_SUCCESS:
        if (stun_message_get_method(&request) != STUN_BINDING)
            return verdict;
        if (stun_message_get_class(&request) == STUN_INDICATION)
            verdict.outcome = ICE_INDICATION;
        if (stun_message_get_class(&request) != STUN_REQUEST)
            return verdict;
        return ice_answer(agent, &request, source, ret_reply);
    case STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE:
        verdict.reply_length = stun_agent_build_unknown_attributes_error(
            &agent->stun, &reply, ret_reply, ICE_REPLY_MAX, &request);
        if (verdict.reply_length > 0)
            verdict.outcome = ICE_REFUSED;
        return verdict;
    default:
        return verdict;
    }
}

struct span ice_agent_local_ufrag(struct span datagram)
{
    StunMessage message = {.buffer_len = datagram.length};
    uint16_t length = 0;
    /* The library wants a changeable pointer and only reads through it. */
    memcpy(&message.buffer, &datagram.data, sizeof(message.buffer));
    if (stun_message_validate_buffer_length(message.buffer, datagram.length, TRUE) !=
            (int)datagram.length ||
        stun_message_get_class(&message) != STUN_REQUEST)
        return span_of(NULL, 0);
    const uint8_t *username = stun_message_find(&message, STUN_ATTRIBUTE_USERNAME, &length);
    const uint8_t *colon = username == NULL ? NULL : memchr(username, ':', length);
    return colon == NULL ? span_of(NULL, 0) : span_of(username, (size_t)(colon - username));
}
