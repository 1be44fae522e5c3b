#include "gateway/duty/civil.h"

#include <stdio.h>
#include <string.h>

enum { YEAR_FIRST = 2000, YEAR_LAST = 2199 };

/* Days from 1970-01-01 to the first of a month of the Gregorian calendar. */
static int64_t month_days(int64_t month)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t year = month / 12, past = year - 1;
    int64_t leaps = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return (year - 1970) * 365 + leaps + before[month % 12] + (leap && month % 12 > 1 ? 1 : 0);
}

/* Exactly `digits` digits at *at, which moves behind them. */
static bool take_number(const char **at, int digits, int64_t low, int64_t high, int64_t *ret_number)
{
    int64_t number = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        number = number * 10 + (**at - '0');
    }
    *ret_number = number;
    return number >= low && number <= high;
}

static bool take_character(const char **at, char character)
{
    return *(*at)++ == character;
}

static bool take_month(const char **at, int64_t *ret_month)
{
    int64_t year, month;
    if (!take_number(at, 4, YEAR_FIRST, YEAR_LAST, &year) || !take_character(at, '-') ||
        !take_number(at, 2, 1, 12, &month))
        return false;
    *ret_month = year * 12 + month - 1;
    return true;
}

static bool take_date(const char **at, int64_t *ret_min)
{
    int64_t month, day;
    if (!take_month(at, &month) || !take_character(at, '-') || !take_number(at, 2, 1, 31, &day) ||
        day > month_days(month + 1) - month_days(month))
        return false;
    *ret_min = (month_days(month) + day - 1) * DAY_MIN;
    return true;
}

bool civil_parse_date(const char *text, int64_t *ret_min)
{
    return take_date(&text, ret_min) && *text == '\0';
}

bool civil_parse_minute(const char *text, int64_t *ret_min)
{
    int64_t day, hour, minute;
    if (!take_date(&text, &day) || !take_character(&text, 'T') ||
        !take_number(&text, 2, 0, 24, &hour) || !take_character(&text, ':') ||
        !take_number(&text, 2, 0, hour == 24 ? 0 : 59, &minute))
        return false;
    *ret_min = day + hour * HOUR_MIN + minute;
    return *text == '\0' || strcmp(text, "+09:00") == 0;
}

bool civil_parse_month(const char *text, int64_t *ret_month)
{
    return take_month(&text, ret_month) && *text == '\0';
}

int64_t civil_month_of(int64_t min)
{
    int64_t days = min / DAY_MIN, month = 1970 * 12 + days / 31;
    while (month_days(month + 1) <= days)
        month++;
    return month;
}

int64_t civil_month_start(int64_t month)
{
    return month_days(month) * DAY_MIN;
}

int64_t civil_year_start(int64_t month, int first)
{
    return month - (month % 12 - (first - 1) + 12) % 12;
}

static void format(int64_t day_min, int64_t rest_min, char ret_text[CIVIL_TEXT_SIZE])
{
    int64_t month = civil_month_of(day_min),
            day = (day_min - civil_month_start(month)) / DAY_MIN + 1;
    snprintf(ret_text, CIVIL_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d+09:00", (int)(month / 12),
             (int)(month % 12) + 1, (int)day, (int)(rest_min / HOUR_MIN),
             (int)(rest_min % HOUR_MIN));
}

void civil_format_minute(int64_t min, char ret_text[CIVIL_TEXT_SIZE])
{
    format(min - min % DAY_MIN, min % DAY_MIN, ret_text);
}

void civil_format_end(int64_t min, char ret_text[CIVIL_TEXT_SIZE])
{
    int64_t rest = min % DAY_MIN;
    format(min - (rest == 0 ? DAY_MIN : rest), rest == 0 ? DAY_MIN : rest, ret_text);
}

void civil_format_month(int64_t month, char ret_text[CIVIL_TEXT_SIZE])
{
    snprintf(ret_text, CIVIL_TEXT_SIZE, "%04d-%02d", (int)(month / 12), (int)(month % 12) + 1);
}
