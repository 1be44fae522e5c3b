/* Between binder.c and binder_value.c only. */
#ifndef CONFIG_BINDER_INSIDE_H
#define CONFIG_BINDER_INSIDE_H

#include "config/binder.h"

/* NULL when set; else what is wrong in words, with its result. `folder` NULL: paths stay as they are. */
const char *binder_set_value(const struct binder_row *row, const char *folder, void *target,
                             const char *text, enum result *ret_result);
const char *binder_check_text(const struct binder_row *row, const char *text);

#endif
