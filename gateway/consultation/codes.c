/* The closed lists of outcome and reason codes: no free text reaches a record through them. */
#include "gateway/consultation/step.h"

#include <string.h>

static const struct {
    enum consultation_event event;
    const char *code;
} CODES[] = {
#define X(event, code) {CONSULTATION_EVENT_##event, #code},
    CONSULTATION_CODE_LIST(X)
#undef X
};

bool code_find(enum consultation_event event, const char *code, const char **ret_code)
{
    const char *first = NULL;
    *ret_code = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(CODES); i++) {
        if (CODES[i].event != event)
            continue;
        if (first == NULL)
            first = CODES[i].code;
        if (strncmp(CODES[i].code, code, REASON_CODE_SIZE) == 0) {
            *ret_code = CODES[i].code;
            return true;
        }
    }
    if (first == NULL)
        return true;
    if (code[0] != 0)
        return false;
    /* an outcome, the reason of an override and a consent are somebody's statement: never assumed */
    if (event != CONSULTATION_EVENT_CLOSE && event != CONSULTATION_EVENT_ACKNOWLEDGE &&
        event != CONSULTATION_EVENT_SEAT_CONSENT)
        *ret_code = first;
    return true;
}

void code_copy(char ret_code[REASON_CODE_SIZE], const char *code)
{
    memset(ret_code, 0, REASON_CODE_SIZE);
    if (code != NULL)
        memcpy(ret_code, code, strnlen(code, REASON_CODE_SIZE - 1));
}
