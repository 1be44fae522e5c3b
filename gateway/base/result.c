#include "gateway/base/result.h"

const char *result_name(enum result result)
{
    switch (result) {
#define X(name, class, text)                                                                       \
    case RESULT_##name:                                                                            \
        return #name;
        RESULT_LIST(X)
#undef X
    }
    return "UNKNOWN";
}

const char *result_text(enum result result)
{
    switch (result) {
#define X(name, class, text)                                                                       \
    case RESULT_##name:                                                                            \
        return text;
        RESULT_LIST(X)
#undef X
    }
    return "unknown result";
}
