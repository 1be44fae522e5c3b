#include "gateway/duty_file.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/duty/civil.h"

enum { MINUTES_MAX = 744 * 60, ID_LENGTH_MAX = 64, SPAN_DAYS_MAX = 31 };

/* One object of the file and where it stands. */
struct place {
    struct duty_file *file;
    json_t *object;
    char path[DUTY_PATH_SIZE / 2];
};

static bool refuse(const struct place *place, const char *name, const char *why)
{
    snprintf(place->file->path, sizeof(place->file->path), "%s%s%.60s", place->path,
             place->path[0] != '\0' && name[0] != '\0' ? "." : "", name);
    place->file->why = why;
    return false;
}

/* `names` ends with NULL. A misspelt field is refused: left out silently it could hide a breach. */
static bool known_fields(const struct place *place, const char *const *names)
{
    for (void *at = json_object_iter(place->object); at != NULL;
         at = json_object_iter_next(place->object, at)) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], json_object_iter_key(at)) != 0)
            i++;
        if (names[i] == NULL)
            return refuse(place, json_object_iter_key(at), "no such field");
    }
    return true;
}

static bool take_text(const struct place *place, const char *name, const char **ret_text)
{
    const json_t *json = json_object_get(place->object, name);
    if (json == NULL)
        return refuse(place, name, "is missing");
    if (!json_is_string(json))
        return refuse(place, name, "wants a text");
    *ret_text = json_string_value(json);
    return true;
}

static bool take_minute(const struct place *place, const char *name, int64_t *ret_min)
{
    const char *text;
    if (!take_text(place, name, &text))
        return false;
    return civil_parse_minute(text, ret_min) ||
           refuse(place, name, "wants Japan time like 2026-04-01T08:30 or 2026-04-01T08:30+09:00");
}

static bool take_date(const struct place *place, const char *name, int64_t *ret_min)
{
    const char *text;
    if (!take_text(place, name, &text))
        return false;
    return civil_parse_date(text, ret_min) || refuse(place, name, "wants a day like 2026-04-01");
}

static bool take_month(const struct place *place, const char *name, int64_t *ret_month)
{
    const char *text;
    if (!take_text(place, name, &text))
        return false;
    return civil_parse_month(text, ret_month) || refuse(place, name, "wants a month like 2026-04");
}

static bool take_number(const struct place *place, const char *name, int64_t low, int64_t high,
                        int64_t *ret_number)
{
    const json_t *json = json_object_get(place->object, name);
    if (json == NULL)
        return refuse(place, name, "is missing");
    if (!json_is_integer(json))
        return refuse(place, name, "wants a whole number");
    *ret_number = json_integer_value(json);
    return (*ret_number >= low && *ret_number <= high) || refuse(place, name, "is out of range");
}

static bool take_bool(const struct place *place, const char *name, bool *ret_value)
{
    const json_t *json = json_object_get(place->object, name);
    if (json == NULL)
        return refuse(place, name, "is missing");
    *ret_value = json_is_true(json);
    return json_is_boolean(json) || refuse(place, name, "wants true or false");
}

static bool take_said(const struct place *place, const char *name, enum duty_said *ret_said)
{
    bool yes;
    const json_t *json = json_object_get(place->object, name);
    *ret_said = SAID_NOTHING;
    if (json == NULL || json_is_null(json))
        return true;
    if (!take_bool(place, name, &yes))
        return false;
    *ret_said = yes ? SAID_YES : SAID_NO;
    return true;
}

static bool take_choice(const struct place *place, const char *name, const char *const *choices,
                        size_t count, size_t *ret_choice)
{
    const char *text;
    if (!take_text(place, name, &text))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *ret_choice = i;
            return true;
        }
    }
    return refuse(place, name, "is none of the words this field may have");
}

static bool take_span(const struct place *place, const char *from, const char *to,
                      int64_t longest_min, struct interval *ret_span)
{
    if (!take_minute(place, from, &ret_span->start) || !take_minute(place, to, &ret_span->end))
        return false;
    if (ret_span->end <= ret_span->start)
        return refuse(place, to, "is not after the start");
    return interval_length(*ret_span) <= longest_min ||
           refuse(place, to, "is too long after the start");
}

/* Duties, sessions and rests lie inside the period; what lies outside would be judged on half a roster. */
static bool take_time(const struct place *place, struct interval *ret_span)
{
    const struct interval *period = &place->file->input.period;
    if (!take_span(place, "start", "end", SPAN_DAYS_MAX * DAY_MIN, ret_span))
        return false;
    if (ret_span->start < period->start)
        return refuse(place, "start", "is before period.from");
    return ret_span->end <= period->end || refuse(place, "end", "is after period.to");
}

static bool take_institution(const struct place *place, size_t *ret_index)
{
    const char *id;
    if (!take_text(place, "institution", &id))
        return false;
    for (size_t i = 0; i < place->file->input.institutions_count; i++) {
        if (strcmp(id, place->file->institutions[i].id) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return refuse(place, "institution", "is not in institutions");
}

/* ---- the lists ------------------------------------------------------------------------------------------------ */

static bool read_institution(const struct place *place, size_t index)
{
    static const char *const fields[] = {"id", "level", "agreement_year_start", NULL};
    static const char *const levels[] = {"A", "RENKEI_B", "B", "C1", "C2"};
    struct duty_institution *one = &place->file->institutions[index];
    const char *start;
    size_t level = 0;
    if (!known_fields(place, fields) || !take_text(place, "id", &one->id) ||
        !take_choice(place, "level", levels, ARRAY_LENGTH(levels), &level) ||
        !take_text(place, "agreement_year_start", &start))
        return false;
    one->level = (enum duty_level)level;
    size_t length = strlen(one->id);
    if (length == 0 || length > ID_LENGTH_MAX || !text_is_plain_utf8(one->id, length))
        return refuse(place, "id", "wants 1 to 64 bytes of plain text");
    for (size_t i = 0; i < index; i++)
        if (strcmp(place->file->institutions[i].id, one->id) == 0)
            return refuse(place, "id", "is there twice");
    char padded[16];
    int64_t month;
    /* Hours are declared by calendar month, so a year that begins inside one cannot be summed. */
    if (strlen(start) != 5 || strcmp(start + 2, "-01") != 0 ||
        !text_format(padded, sizeof(padded), "2000-%.2s", start) ||
        !civil_parse_month(padded, &month))
        return refuse(place, "agreement_year_start", "wants the first of a month, like 04-01");
    one->year_first_month = (int)(month % 12) + 1;
    return true;
}

static bool read_duty(const struct place *place, size_t index)
{
    static const char *const fields[] = {"institution", "start",      "end", "kind",
                                         "unplanned",   "sleep_lost", NULL};
    static const char *const kinds[DUTY_KIND_COUNT] = {
        [DUTY_ORDINARY] = "ordinary",
        [DUTY_CONSULTATION] = "consultation",
        [DUTY_CHARTING] = "charting",
        [DUTY_NIGHT_UNPERMITTED] = "night_unpermitted",
        [DUTY_NIGHT_PERMITTED] = "night_permitted",
        [DUTY_ONCALL_RELEASED] = "oncall_released",
        [DUTY_ONCALL_LABOUR] = "oncall_labour",
        [DUTY_TRAVEL] = "travel",
        [DUTY_STUDY_WORK] = "study_work",
        [DUTY_STUDY_NOT_WORK] = "study_not_work",
        [DUTY_WAITING] = "waiting",
        [DUTY_UNDECIDED] = "undecided",
    };
    struct duty_item *one = &place->file->duties[index];
    const struct duty_input *input = &place->file->input;
    enum duty_said unplanned;
    size_t kind = 0, institution;
    if (!known_fields(place, fields) || !take_institution(place, &institution) ||
        !take_time(place, &one->time) ||
        !take_choice(place, "kind", kinds, DUTY_KIND_COUNT, &kind) ||
        !take_said(place, "unplanned", &unplanned) ||
        !take_said(place, "sleep_lost", &one->sleep_lost))
        return false;
    one->kind = (enum duty_kind)kind;
    one->unplanned = unplanned == SAID_YES;
    if (one->unplanned && !duty_is_work(one->kind))
        return refuse(place, "unplanned", "is for kinds that are work");
    for (size_t i = 0; i < input->planned_rests_count && !one->unplanned; i++)
        if (duty_is_work(one->kind) && one->time.start < place->file->planned_rests[i].end &&
            one->time.end > place->file->planned_rests[i].start)
            return refuse(place, "start", "planned work lies in planned rest (unplanned: true?)");
    return true;
}

static bool read_rest(const struct place *place, size_t index)
{
    static const char *const fields[] = {"start", "end", NULL};
    struct interval *rests = place->file->planned_rests;
    if (!known_fields(place, fields) || !take_time(place, &rests[index]))
        return false;
    for (size_t i = 0; i < index; i++)
        if (rests[index].start < rests[i].end && rests[index].end > rests[i].start)
            return refuse(place, "start", "overlaps another planned rest");
    return true;
}

static bool read_credit(const struct place *place, size_t index)
{
    static const char *const fields[] = {"start", "end", NULL};
    struct interval *one = &place->file->credits[index];
    return known_fields(place, fields) && take_time(place, one) &&
           (one->end <= place->file->input.as_of ||
            refuse(place, "end", "is after as_of: only rest that was given pays a debt"));
}

static bool read_session(const struct place *place, size_t index)
{
    static const char *const fields[] = {"institution",  "start",      "end",
                                         "charting_min", "sleep_lost", NULL};
    struct duty_session *one = &place->file->sessions[index];
    int64_t charting = 0;
    if (!known_fields(place, fields) || !take_institution(place, &one->institution) ||
        !take_time(place, &one->time) || !take_said(place, "sleep_lost", &one->sleep_lost) ||
        (json_object_get(place->object, "charting_min") != NULL &&
         !take_number(place, "charting_min", 0, DAY_MIN, &charting)))
        return false;
    one->time.end += charting;
    return one->time.end <= place->file->input.period.end ||
           refuse(place, "charting_min", "reaches behind period.to");
}

static bool read_month(const struct place *place, size_t index)
{
    static const char *const fields[] = {"month", "institution", "minutes", NULL};
    struct duty_month *months = place->file->months, *one = &months[index];
    if (!known_fields(place, fields) || !take_month(place, "month", &one->month) ||
        !take_institution(place, &one->institution) ||
        !take_number(place, "minutes", 0, MINUTES_MAX, &one->minutes))
        return false;
    for (size_t i = 0; i < index; i++)
        if (months[i].month == one->month && months[i].institution == one->institution)
            return refuse(place, "month", "is declared twice for this institution");
    return true;
}

static bool read_interview(const struct place *place, size_t index)
{
    static const char *const fields[] = {"date", "covers_month", "trained", "at_minutes", NULL};
    struct duty_interview *one = &place->file->interviews[index];
    return known_fields(place, fields) && take_date(place, "date", &one->day) &&
           take_month(place, "covers_month", &one->month) &&
           take_bool(place, "trained", &one->trained) &&
           take_number(place, "at_minutes", 0, MINUTES_MAX, &one->at_minutes);
}

static bool read_sleep_check(const struct place *place, size_t index)
{
    static const char *const fields[] = {
        "month",         "at_minutes",          "mean_sleep_min",  "symptom_grade",
        "fatigue_score", "previous_month_100h", "wants_interview", NULL};
    struct duty_sleep_check *one = &place->file->sleep_checks[index];
    int64_t grade, score;
    if (!known_fields(place, fields) || !take_month(place, "month", &one->month) ||
        !take_number(place, "at_minutes", 0, MINUTES_MAX, &one->at_minutes) ||
        !take_number(place, "mean_sleep_min", 0, DAY_MIN, &one->mean_sleep_min) ||
        !take_number(place, "symptom_grade", 1, 4, &grade) ||
        !take_number(place, "fatigue_score", 0, 7, &score) ||
        !take_bool(place, "previous_month_100h", &one->previous_month_100h) ||
        !take_bool(place, "wants_interview", &one->wants_interview))
        return false;
    one->symptom_grade = (int)grade;
    one->fatigue_score = (int)score;
    return true;
}

/* A list that is left out is empty. */
static bool read_list(const struct place *root, const char *name, size_t max,
                      bool (*read)(const struct place *place, size_t index), size_t *ret_count)
{
    const json_t *list = json_object_get(root->object, name);
    *ret_count = 0;
    if (list == NULL)
        return true;
    if (!json_is_array(list))
        return refuse(root, name, "wants a list");
    if (json_array_size(list) > max)
        return refuse(root, name, "has too many entries");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct place place = {.file = root->file, .object = json_array_get(list, i)};
        snprintf(place.path, sizeof(place.path), "%s[%zu]", name, i);
        if (!json_is_object(place.object))
            return refuse(&place, "", "wants an object");
        if (!read(&place, i))
            return false;
        *ret_count = i + 1;
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static bool read_physician(const struct place *root)
{
    static const char *const fields[] = {"id",
                                         "employment",
                                         "clinical_resident",
                                         "training_need",
                                         "resident_duty_needed",
                                         "resident_announced",
                                         NULL};
    static const char *const employments[] = {"employed", "self"};
    struct duty_input *input = &root->file->input;
    struct place place = {.file = root->file,
                          .object = json_object_get(root->object, "physician"),
                          .path = "physician"};
    enum duty_said is_resident;
    size_t employment = 0;
    if (!json_is_object(place.object))
        return refuse(&place, "", "wants an object");
    if (!known_fields(&place, fields) || !take_text(&place, "id", &input->physician) ||
        !take_choice(&place, "employment", employments, 2, &employment) ||
        !take_said(&place, "clinical_resident", &is_resident) ||
        !take_said(&place, "training_need", &input->training_need) ||
        !take_said(&place, "resident_duty_needed", &input->resident_duty_needed) ||
        !take_said(&place, "resident_announced", &input->resident_announced))
        return false;
    input->employed = employment == 0;
    input->clinical_resident = is_resident == SAID_YES;
    return text_is_plain_utf8(input->physician, strlen(input->physician)) ||
           refuse(&place, "id", "wants plain text");
}

static bool read_head(const struct place *root, int64_t now_min)
{
    static const char *const fields[] = {
        "title",        "physician",    "feed_complete",     "as_of",  "month",    "period",
        "reached_100h", "institutions", "planned_rest",      "duties", "sessions", "months",
        "interviews",   "sleep_checks", "compensatory_rest", NULL};
    static const char *const period_fields[] = {"from", "to", NULL};
    struct duty_input *input = &root->file->input;
    struct place period = {
        .file = root->file, .object = json_object_get(root->object, "period"), .path = "period"};
    input->as_of = now_min;
    if (!known_fields(root, fields) || !read_physician(root) ||
        !take_bool(root, "feed_complete", &input->feed_complete) ||
        !take_month(root, "month", &input->month))
        return false;
    if (json_object_get(root->object, "as_of") != NULL &&
        !take_minute(root, "as_of", &input->as_of))
        return false;
    if (json_object_get(root->object, "reached_100h") != NULL &&
        !take_date(root, "reached_100h", &input->reached_100h))
        return false;
    if (!json_is_object(period.object))
        return refuse(&period, "", "wants an object");
    return known_fields(&period, period_fields) &&
           take_span(&period, "from", "to", 400 * DAY_MIN, &input->period);
}

/* In this order because duties are held against rests, and everything against institutions. */
static bool read_lists(const struct place *root)
{
    struct duty_file *file = root->file;
    struct duty_input *input = &file->input;
    input->institutions = file->institutions;
    input->planned_rests = file->planned_rests;
    input->duties = file->duties;
    input->credits = file->credits;
    input->sessions = file->sessions;
    input->months = file->months;
    input->interviews = file->interviews;
    input->sleep_checks = file->sleep_checks;
    input->planned_rest_known = json_object_get(root->object, "planned_rest") != NULL;
    return read_list(root, "institutions", DUTY_INSTITUTIONS_MAX, read_institution,
                     &input->institutions_count) &&
           (input->institutions_count > 0 || refuse(root, "institutions", "wants at least one")) &&
           read_list(root, "planned_rest", DUTY_ITEMS_MAX, read_rest,
                     &input->planned_rests_count) &&
           read_list(root, "duties", DUTY_ITEMS_MAX, read_duty, &input->duties_count) &&
           read_list(root, "compensatory_rest", DUTY_ITEMS_MAX, read_credit,
                     &input->credits_count) &&
           read_list(root, "sessions", DUTY_ITEMS_MAX, read_session, &input->sessions_count) &&
           read_list(root, "months", DUTY_ITEMS_MAX, read_month, &input->months_count) &&
           read_list(root, "interviews", DUTY_ITEMS_MAX, read_interview,
                     &input->interviews_count) &&
           read_list(root, "sleep_checks", DUTY_ITEMS_MAX, read_sleep_check,
                     &input->sleep_checks_count);
}

bool duty_file_read(struct duty_file *file, json_t *root, int64_t now_min)
{
    struct place place = {.file = file, .object = root};
    file->root = root;
    if (!json_is_object(root))
        return refuse(&place, "(file)", "wants a JSON object");
    return read_head(&place, now_min) && read_lists(&place);
}

void duty_file_free(struct duty_file *file)
{
    json_decref(file->root);
    file->root = NULL;
}
