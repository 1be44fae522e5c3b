#include "gateway/duty_cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/duty/civil.h"
#include "gateway/duty/words.h"
#include "gateway/duty_file.h"

enum { EXIT_IN_ORDER = 0, EXIT_BROKEN = 1, EXIT_INPUT = 2, EXIT_UNKNOWN = 3 };

/* Everything one check needs; too large for the stack. */
struct check_room {
    struct duty_file file;
    struct duty_scratch scratch;
    struct duty_report report;
};

static int usage(void)
{
    fputs("usage: tsunagi duty check FILE.json [--json]     (\"-\" reads standard input)\n"
          "exit: 0 in order on what was declared, 1 breach or warning, 2 input, 3 unknown\n",
          stderr);
    return EXIT_INPUT;
}

static int status_of(enum duty_outcome verdict)
{
    if (verdict >= OUTCOME_WARN)
        return EXIT_BROKEN;
    return verdict == OUTCOME_UNKNOWN ? EXIT_UNKNOWN : EXIT_IN_ORDER;
}

/* ---- for people ----------------------------------------------------------------------------------------------- */

static void print_finding(const struct duty_finding *finding)
{
    char at[CIVIL_TEXT_SIZE];
    struct duty_words rule = duty_rule_words(finding->rule), why = duty_why_words(finding->why);
    printf("\n%-8s %s %s / %s", duty_verdict_words(finding->outcome).code, rule.code, rule.ja,
           rule.en);
    if (finding->institution != NULL)
        printf(" [%s]", finding->institution);
    if (finding->at != 0) {
        civil_format_minute(finding->at, at);
        printf(" %s", at);
    }
    printf("\n         %s\n         %s\n", why.ja, why.en);
    if (!finding->numbers)
        return;
    int64_t apart = finding->measured - finding->limit;
    printf("         %" PRId64 ":%02d / %" PRId64 ":%02d h, %+" PRId64 " min",
           finding->measured / HOUR_MIN, (int)(finding->measured % HOUR_MIN),
           finding->limit / HOUR_MIN, (int)(finding->limit % HOUR_MIN), apart);
    if (finding->limit_row != LIMIT_COUNT) {
        const struct duty_limit_row *row = duty_limit(finding->limit_row);
        printf(" (%s; %s)", row->source, row->verified);
    }
    putchar('\n');
}

static void print_debt(const struct duty_debt *debt)
{
    char arose[CIVIL_TEXT_SIZE], due[CIVIL_TEXT_SIZE];
    struct duty_words state = duty_debt_words(debt->state);
    civil_format_minute(debt->arose, arose);
    civil_format_end(debt->due, due);
    printf("  %s: %" PRId64 " 分のうち %" PRId64 " 分付与、期限 %s、%s\n"
           "  %s: %" PRId64 " of %" PRId64 " min given, due %s, %s\n",
           arose, debt->minutes, debt->paid, due, state.ja, arose, debt->paid, debt->minutes, due,
           state.en);
}

static void print_text(const struct duty_input *input, const struct duty_report *report)
{
    char month[CIVIL_TEXT_SIZE];
    struct duty_words verdict = duty_verdict_words(report->verdict);
    civil_format_month(input->month, month);
    printf("%s %s: %s %s / %s\n", input->physician, month, verdict.code, verdict.ja, verdict.en);
    for (size_t i = 0; i < report->findings_count; i++)
        print_finding(&report->findings[i]);
    if (report->findings_lost > 0)
        printf("\n… %zu\n", report->findings_lost);
    if (report->debts_count > 0)
        puts("\n代償休息 / compensatory rest");
    for (size_t i = 0; i < report->debts_count; i++)
        print_debt(&report->debts[i]);
}

/* ---- for machines --------------------------------------------------------------------------------------------- */

static void set_words(json_t *json, const char *name, struct duty_words words)
{
    json_object_set_new(json, name, json_string(words.code));
}

static json_t *finding_json(const struct duty_finding *finding)
{
    char at[CIVIL_TEXT_SIZE];
    struct duty_words why = duty_why_words(finding->why);
    json_t *json = json_object();
    set_words(json, "rule", duty_rule_words(finding->rule));
    set_words(json, "outcome", duty_verdict_words(finding->outcome));
    set_words(json, "why", why);
    json_object_set_new(json, "text", json_pack("{s:s, s:s}", "ja", why.ja, "en", why.en));
    if (finding->institution != NULL)
        json_object_set_new(json, "institution", json_string(finding->institution));
    if (finding->at != 0) {
        civil_format_minute(finding->at, at);
        json_object_set_new(json, "at", json_string(at));
    }
    if (finding->numbers) {
        json_object_set_new(json, "measured_min", json_integer(finding->measured));
        json_object_set_new(json, "limit_min", json_integer(finding->limit));
    }
    if (finding->limit_row != LIMIT_COUNT) {
        const struct duty_limit_row *row = duty_limit(finding->limit_row);
        json_object_set_new(json, "limit",
                            json_pack("{s:s, s:s, s:s}", "id", row->id, "source", row->source,
                                      "verified", row->verified));
    }
    return json;
}

static json_t *debt_json(const struct duty_debt *debt)
{
    char arose[CIVIL_TEXT_SIZE], due[CIVIL_TEXT_SIZE];
    civil_format_minute(debt->arose, arose);
    civil_format_end(debt->due, due);
    return json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:s}", "arose", arose, "minutes",
                     (json_int_t)debt->minutes, "due", due, "paid", (json_int_t)debt->paid,
                     "paid_in_time", (json_int_t)debt->paid_in_time, "planned_rest",
                     (json_int_t)debt->rest, "state", duty_debt_words(debt->state).code);
}

static void print_json(const struct duty_input *input, const struct duty_report *report)
{
    char month[CIVIL_TEXT_SIZE];
    struct duty_words verdict = duty_verdict_words(report->verdict);
    json_t *findings = json_array(), *debts = json_array();
    civil_format_month(input->month, month);
    for (size_t i = 0; i < report->findings_count; i++)
        json_array_append_new(findings, finding_json(&report->findings[i]));
    for (size_t i = 0; i < report->debts_count; i++)
        json_array_append_new(debts, debt_json(&report->debts[i]));
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:{s:s, s:s}, s:o, s:I, s:o}", "physician", input->physician, "month",
        month, "verdict", verdict.code, "text", "ja", verdict.ja, "en", verdict.en, "findings",
        findings, "findings_left_off", (json_int_t)report->findings_lost, "debts", debts);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static int check(struct check_room *room, const char *path, bool as_json)
{
    json_error_t error;
    json_t *root = strcmp(path, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                                          : json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fprintf(stderr, "duty: %s:%d: %s\n", path, error.line, error.text);
        return EXIT_INPUT;
    }
    int64_t now_min = clock_wall_us() / US_PER_S / 60 + 9 * HOUR_MIN;
    if (!duty_file_read(&room->file, root, now_min)) {
        fprintf(stderr, "duty: %s: %s: %s\n", path, room->file.path, room->file.why);
        return EXIT_INPUT;
    }
    duty_check(&room->file.input, &room->scratch, &room->report);
    if (as_json)
        print_json(&room->file.input, &room->report);
    else
        print_text(&room->file.input, &room->report);
    return fflush(stdout) == 0 ? status_of(room->report.verdict) : EXIT_INPUT;
}

int duty_cli(int argc, char **argv)
{
    bool as_json = argc == 3 && strcmp(argv[2], "--json") == 0;
    if (argc < 2 || strcmp(argv[0], "check") != 0 || (argc != 2 && !as_json))
        return usage();
    struct check_room *room = calloc(1, sizeof(*room));
    if (room == NULL)
        return EXIT_INPUT;
    int status = check(room, argv[1], as_json);
    duty_file_free(&room->file);
    free(room);
    return status;
}
