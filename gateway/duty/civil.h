/* Civil time of Asia/Tokyo (UTC+9, no daylight saving) as plain minutes. Thread: any; no clock.
 * A minute is counted from 1970-01-01T00:00 Japan time; a month is year × 12 + (month - 1). */
#ifndef GATEWAY_DUTY_CIVIL_H
#define GATEWAY_DUTY_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

enum { CIVIL_TEXT_SIZE = 40, HOUR_MIN = 60, DAY_MIN = 24 * 60 };

/* "2026-04-01"; false for anything else, also for days the calendar does not have. */
MUST_CHECK bool civil_parse_date(const char *text, int64_t *ret_min);
/* "2026-04-01T08:30", with or without "+09:00"; 24:00 is the end of that day. Another zone is refused. */
MUST_CHECK bool civil_parse_minute(const char *text, int64_t *ret_min);
/* "2026-04" */
MUST_CHECK bool civil_parse_month(const char *text, int64_t *ret_month);

int64_t civil_month_of(int64_t min);
/* First minute of a month. */
int64_t civil_month_start(int64_t month);
/* First month of the agreement year that holds `month`, when that year begins with month `first` (1..12). */
int64_t civil_year_start(int64_t month, int first);

/* "2026-04-01T08:30+09:00" */
void civil_format_minute(int64_t min, char ret_text[CIVIL_TEXT_SIZE]);
/* The end of an interval: midnight is 24:00 of the day before, as people write due dates. */
void civil_format_end(int64_t min, char ret_text[CIVIL_TEXT_SIZE]);
/* "2026-04" */
void civil_format_month(int64_t month, char ret_text[CIVIL_TEXT_SIZE]);

#endif
