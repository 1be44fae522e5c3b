#include "gateway/audit_cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "gateway/audit/export.h"
#include "gateway/audit/opened.h"
#include "gateway/audit/proof.h"
#include "gateway/audit/report.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/log_rows.h"

#define EXIT_WRITTEN     0
#define EXIT_TAMPERED    1
#define EXIT_UNAVAILABLE 2
#define EXIT_USAGE       4

/* Thread: main.   Owner: audit_cli.   Life: one verb. */
struct audit_run {
    const char *subject; /* what stands behind the verb: a file or a consultation */
    char database[PATH_MAX];
    char checkpoint_file[PATH_MAX]; /* empty: the database's newest */
    bool checkpoint_may_lack;       /* it was not asked for by name */
    const char *export_file, *proof_file, *earlier_file, *opened_file, *output_file;
    bool has_key, strict, json;
    struct checkpoint_key key;
    struct checkpoint_key witnesses[CHECKPOINT_WITNESSES_MAX];
    size_t witness_count;
    unsigned quorum;
    struct opened *opened;
    char *checkpoint; /* heap */
    char *earlier;    /* heap */
};

static int usage(void)
{
    fprintf(stderr,
            "usage: tsunagi audit verify  SOURCE [--checkpoint FILE] [--earlier FILE] [--witness "
            "KEY] [--quorum N]\n"
            "                             [--opened FILE] [--strict] [--json]\n"
            "       tsunagi audit export FILE SOURCE [--checkpoint FILE]\n"
            "       tsunagi audit proof CONSULTATION SOURCE [--checkpoint FILE] [--output FILE]\n"
            "SOURCE is --config FILE, or --vkey KEY with one of --database, --export, --proof "
            "FILE;\nKEY is the text of a verifier key or @FILE\n");
    return EXIT_USAGE;
}

static int unavailable(const char *what, enum result result)
{
    fprintf(stderr, "audit: %s: %s\n", what, result_text(result));
    return EXIT_UNAVAILABLE;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* The file as it lies on disk; unmap with file_unmap. */
static enum result file_map(const char *path, struct span *ret_bytes)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    enum result result = RESULT_IO;
    if (fstat(file, &status) == 0 && status.st_size == 0) {
        *ret_bytes = span_of(NULL, 0);
        result = RESULT_OK;
    } else if (status.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes != MAP_FAILED) {
            *ret_bytes = span_of(bytes, (size_t)status.st_size);
            result = RESULT_OK;
        }
    }
    close(file);
    return result;
}

static void file_unmap(struct span bytes)
{
    if (bytes.length > 0)
        munmap((void *)(uintptr_t)bytes.data, bytes.length);
}

/* A note as text. Owner of `ret_text`: the caller (free). */
static enum result note_read(const char *path, char **ret_text)
{
    struct span bytes;
    enum result result = file_map(path, &bytes);
    if (result != RESULT_OK)
        return result;
    if (bytes.length > CHECKPOINT_NOTE_MAX || memchr(bytes.data, 0, bytes.length) != NULL)
        result = RESULT_PARSE;
    char *text = result == RESULT_OK ? strndup((const char *)bytes.data, bytes.length) : NULL;
    file_unmap(bytes);
    if (result == RESULT_OK && text == NULL)
        return RESULT_NO_MEMORY;
    *ret_text = text;
    return result;
}

/* ---- arguments ------------------------------------------------------------------------------------------------- */

static bool key_take(const char *text, struct checkpoint_key *ret_key)
{
    char *from_file = NULL;
    if (text[0] == '@' && note_read(text + 1, &from_file) == RESULT_OK) {
        from_file[strcspn(from_file, "\r\n")] = 0;
        text = from_file;
    }
    enum result result = checkpoint_key_parse(text, ret_key);
    if (result != RESULT_OK)
        fprintf(stderr, "audit: not a verifier key: %s\n", result_text(result));
    free(from_file);
    return result == RESULT_OK;
}

static bool config_take(const char *file, struct audit_run *run)
{
    char message[CONFIG_MESSAGE_SIZE], key_file[CONFIG_PATH_SIZE + 16];
    struct gateway_config *config = calloc(1, sizeof(*config));
    if (config == NULL)
        return false;
    bool good = config_load(file, config, message, sizeof(message)) == RESULT_OK;
    if (!good)
        fprintf(stderr, "%s\n", message);
    good = good && text_copy(run->database, PATH_MAX, config->storage.path);
    if (good && run->checkpoint_file[0] == 0) {
        run->checkpoint_may_lack = true;
        good = text_format(run->checkpoint_file, PATH_MAX, "%s/checkpoint",
                           config->audit.checkpoint_directory);
    }
    if (good && !run->has_key) {
        good = text_format(key_file, sizeof(key_file), "@%s/log.vkey",
                           config->audit.checkpoint_directory) &&
               key_take(key_file, &run->key);
        run->has_key = good;
    }
    config_free(config);
    free(config);
    return good;
}

static bool number_take(const char *text, unsigned *ret_number)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || number > CHECKPOINT_WITNESSES_MAX)
        return false;
    *ret_number = (unsigned)number;
    return true;
}

static bool option_take(struct audit_run *run, int option, const char **ret_config)
{
    switch (option) {
    case 'c':
        *ret_config = optarg;
        return true;
    case 'd':
        return text_copy(run->database, PATH_MAX, optarg);
    case 'k':
        run->has_key = key_take(optarg, &run->key);
        return run->has_key;
    case 'C':
        return text_copy(run->checkpoint_file, PATH_MAX, optarg);
    case 'e':
        run->earlier_file = optarg;
        return true;
    case 'w':
        return run->witness_count < CHECKPOINT_WITNESSES_MAX &&
               key_take(optarg, &run->witnesses[run->witness_count++]);
    case 'q':
        return number_take(optarg, &run->quorum);
    case 'x':
        run->export_file = optarg;
        return true;
    case 'p':
        run->proof_file = optarg;
        return true;
    case 'O':
        run->opened_file = optarg;
        return true;
    case 'o':
        run->output_file = optarg;
        return true;
    case 's':
        run->strict = true;
        return true;
    case 'j':
        run->json = true;
        return true;
    default:
        return false;
    }
}

/* What follows the verb. EXIT_WRITTEN: go on; else the exit status, and why was said. */
static int arguments_take(int argc, char **argv, struct audit_run *run)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"database", required_argument, NULL, 'd'},
        {"vkey", required_argument, NULL, 'k'},    {"checkpoint", required_argument, NULL, 'C'},
        {"earlier", required_argument, NULL, 'e'}, {"witness", required_argument, NULL, 'w'},
        {"quorum", required_argument, NULL, 'q'},  {"export", required_argument, NULL, 'x'},
        {"proof", required_argument, NULL, 'p'},   {"opened", required_argument, NULL, 'O'},
        {"output", required_argument, NULL, 'o'},  {"strict", no_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},          {NULL, 0, NULL, 0}};
    const char *config = NULL;
    optind = 0; /* GNU: begin anew, whoever parsed before */
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!option_take(run, option, &config))
            return usage();
    if (optind < argc)
        run->subject = argv[optind++];
    if (optind < argc || (config != NULL && run->database[0] != 0))
        return usage();
    if (config != NULL && !config_take(config, run))
        return EXIT_UNAVAILABLE;
    int sources = (run->database[0] != 0) + (run->export_file != NULL) + (run->proof_file != NULL);
    return sources == 1 && run->has_key ? EXIT_WRITTEN : usage();
}

/* ---- verify ---------------------------------------------------------------------------------------------------- */

static struct span span_of_text(const char *text)
{
    return text == NULL ? span_of(NULL, 0) : span_of(text, strlen(text));
}

static struct verifier_options options_of(const struct audit_run *run)
{
    return (struct verifier_options){.log_key = &run->key,
                                     .witnesses = run->witnesses,
                                     .witness_count = run->witness_count,
                                     .quorum = run->quorum,
                                     .checkpoint = span_of_text(run->checkpoint),
                                     .earlier = span_of_text(run->earlier),
                                     .now_us = clock_wall_us(),
                                     .strict = run->strict};
}

static int report_print(const struct audit_run *run, const struct verifier_report *report,
                        const char *consultation)
{
    char *text = run->json ? verifier_report_json(report, run->key.name, consultation)
                           : verifier_report_text(report, run->key.name, consultation);
    if (text == NULL)
        return unavailable("the report", RESULT_NO_MEMORY);
    fputs(text, stdout);
    if (run->json)
        putchar('\n');
    free(text);
    return (int)report->status;
}

static int verify_source(struct audit_run *run, struct verifier_source source,
                         const struct verifier_options *options)
{
    struct verifier_report report;
    if (run->opened != NULL)
        source = opened_source(run->opened, source);
    (void)!verifier_run(&source, options, &report);
    if (run->opened != NULL)
        opened_judge(run->opened, &report);
    return report_print(run, &report, "");
}

static int verify_file(struct audit_run *run)
{
    struct span file;
    const char *path = run->export_file != NULL ? run->export_file : run->proof_file;
    enum result result = file_map(path, &file);
    if (result != RESULT_OK)
        return unavailable(path, result);
    struct verifier_options options = options_of(run);
    struct verifier_report report = {.status = VERIFIER_UNSUPPORTED,
                                     .finding = VERIFIER_FILE_MALFORMED};
    struct id consultation = {.text = ""};
    struct export_file export;
    int status;
    if (run->proof_file != NULL) {
        (void)!proof_verify(file, &options, &report, &consultation);
        status = report_print(run, &report, consultation.text);
    } else if (export_open(file, &export) != RESULT_OK) {
        status = report_print(run, &report, "");
    } else {
        if (run->checkpoint == NULL)
            options.checkpoint = export.checkpoint;
        status = verify_source(run, export_source(&export), &options);
    }
    file_unmap(file);
    return status;
}

/* ---- the database ---------------------------------------------------------------------------------------------- */

/* Opens the log and settles which checkpoint counts. Taken before the first record is read, so it never counts
 * records this walk cannot see. */
static enum result log_open(struct audit_run *run, struct log_rows *log)
{
    enum result result = RESULT_OK;
    if (run->checkpoint_file[0] != 0)
        result = note_read(run->checkpoint_file, &run->checkpoint);
    if (result == RESULT_NOT_FOUND && run->checkpoint_may_lack)
        result = RESULT_OK;
    if (result != RESULT_OK)
        return result;
    result = log_rows_open(log, run->database, run->key.name);
    if (result != RESULT_OK || run->checkpoint != NULL)
        return result;
    result = log_rows_checkpoint(log, &run->checkpoint);
    if (result == RESULT_NOT_FOUND)
        result = RESULT_OK;
    if (result != RESULT_OK)
        log_rows_close(log);
    return result;
}

static enum result opened_load(struct audit_run *run)
{
    struct span lines;
    enum result result = file_map(run->opened_file, &lines);
    if (result != RESULT_OK)
        return result;
    result = opened_new(lines, &run->opened);
    file_unmap(lines);
    return result;
}

static int verb_verify(struct audit_run *run)
{
    struct log_rows log;
    bool whole_log = run->proof_file == NULL;
    if (run->subject != NULL || run->output_file != NULL ||
        (!whole_log && (run->opened_file != NULL || run->earlier_file != NULL || run->strict ||
                        run->checkpoint_file[0] != 0)))
        return usage();
    enum result result = run->opened_file == NULL ? RESULT_OK : opened_load(run);
    if (result != RESULT_OK)
        return unavailable("the opened values", result);
    if (run->earlier_file != NULL)
        result = note_read(run->earlier_file, &run->earlier);
    if (result != RESULT_OK)
        return unavailable("the earlier checkpoint", result);
    if (run->database[0] == 0 && run->checkpoint_file[0] != 0)
        result = note_read(run->checkpoint_file, &run->checkpoint);
    if (result != RESULT_OK)
        return unavailable("the checkpoint", result);
    if (run->database[0] == 0)
        return verify_file(run);
    result = log_open(run, &log);
    if (result != RESULT_OK)
        return unavailable("the log", result);
    struct verifier_options options = options_of(run);
    int status = verify_source(run, log_rows_source(&log), &options);
    log_rows_close(&log);
    return status;
}

/* Writes beside itself, then puts in place: a half-written file never looks like one. */
static FILE *output_open(const char *path, char *ret_fresh)
{
    return text_format(ret_fresh, PATH_MAX, "%s.new", path) ? fopen(ret_fresh, "we") : NULL;
}

static int output_close(FILE *out, const char *fresh, const char *path, int status)
{
    bool good = fflush(out) == 0 && fsync(fileno(out)) == 0;
    good = fclose(out) == 0 && good;
    if (status == EXIT_WRITTEN && good && rename(fresh, path) == 0)
        return EXIT_WRITTEN;
    unlink(fresh);
    return status != EXIT_WRITTEN ? status : unavailable(path, RESULT_IO);
}

static int export_print(struct audit_run *run, struct log_rows *log, FILE *out)
{
    struct checkpoint head;
    if (run->checkpoint == NULL ||
        checkpoint_parse(span_of_text(run->checkpoint), &head) != RESULT_OK)
        return unavailable("a checkpoint of the signer", RESULT_NOT_FOUND);
    fputs(EXPORT_TITLE, out);
    for (uint64_t index = 0; index < head.size; index++) {
        struct span entry;
        enum result result = log_rows_read(log, index, &entry);
        if (result == RESULT_NOT_FOUND) {
            fprintf(stderr, "audit: the log has fewer records than its checkpoint counts\n");
            return EXIT_TAMPERED;
        }
        if (result != RESULT_OK)
            return unavailable("the log", result);
        fwrite(entry.data, 1, entry.length, out);
        fputc('\n', out);
    }
    fprintf(out, "\n%s", run->checkpoint);
    return EXIT_WRITTEN;
}

static int verb_export(struct audit_run *run)
{
    struct log_rows log;
    char fresh[PATH_MAX];
    if (run->subject == NULL || run->database[0] == 0)
        return usage();
    enum result result = log_open(run, &log);
    if (result != RESULT_OK)
        return unavailable("the log", result);
    FILE *out = output_open(run->subject, fresh);
    int status = out == NULL ? unavailable(run->subject, RESULT_IO) : EXIT_WRITTEN;
    if (out != NULL)
        status = output_close(out, fresh, run->subject, export_print(run, &log, out));
    log_rows_close(&log);
    return status;
}

static enum result proof_collect(struct log_rows *log, struct proof *proof)
{
    for (uint64_t index = 0;; index++) {
        struct span entry;
        enum result result = log_rows_read(log, index, &entry);
        if (result == RESULT_NOT_FOUND)
            return RESULT_OK;
        if (result == RESULT_OK)
            result = proof_add(proof, entry);
        if (result != RESULT_OK)
            return result;
    }
}

static int proof_print(const struct audit_run *run, const char *text, size_t length)
{
    char fresh[PATH_MAX];
    FILE *out = run->output_file == NULL ? stdout : output_open(run->output_file, fresh);
    if (out == NULL)
        return unavailable(run->output_file, RESULT_IO);
    bool good = fwrite(text, 1, length, out) == length;
    if (run->output_file != NULL)
        return output_close(out, fresh, run->output_file, good ? EXIT_WRITTEN : EXIT_UNAVAILABLE);
    return good && fflush(out) == 0 ? EXIT_WRITTEN : unavailable("the output", RESULT_IO);
}

static int verb_proof(struct audit_run *run)
{
    struct log_rows log;
    struct id consultation;
    struct proof *proof = NULL;
    char *text = NULL;
    size_t length = 0;
    if (run->subject == NULL || run->database[0] == 0 || !id_parse(run->subject, &consultation))
        return usage();
    enum result result = log_open(run, &log);
    if (result != RESULT_OK)
        return unavailable("the log", result);
    result = proof_new(&consultation, &proof);
    if (result == RESULT_OK)
        result = proof_collect(&log, proof);
    if (result == RESULT_OK)
        result = proof_write(proof, span_of_text(run->checkpoint), &text, &length);
    int status =
        result == RESULT_OK ? proof_print(run, text, length) : unavailable("the proof", result);
    if (result == RESULT_TAMPERED)
        status = EXIT_TAMPERED;
    proof_free(proof);
    free(text);
    log_rows_close(&log);
    return status;
}

int audit_cli(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct audit_run *run);
    } verbs[] = {{"verify", verb_verify}, {"export", verb_export}, {"proof", verb_proof}};
    struct audit_run *run = calloc(1, sizeof(*run));
    int status = EXIT_USAGE;
    size_t at = 0;
    while (argc > 1 && at < ARRAY_LENGTH(verbs) && strcmp(argv[1], verbs[at].name) != 0)
        at++;
    if (run == NULL)
        return EXIT_UNAVAILABLE;
    if (argc > 1 && at < ARRAY_LENGTH(verbs))
        status = arguments_take(argc - 1, argv + 1, run);
    else
        usage();
    if (status == EXIT_WRITTEN)
        status = verbs[at].run(run);
    opened_free(run->opened);
    free(run->checkpoint);
    free(run->earlier);
    free(run);
    return status;
}
