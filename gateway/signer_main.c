#include "gateway/signer_main.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "gateway/audit/signer.h"
#include "gateway/audit/signer_files.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/log_rows.h"

#define CADENCE_S 1

struct signer_arguments {
    char state[PATH_MAX];
    char publish[PATH_MAX];
    char database[PATH_MAX];
    char origin[CHECKPOINT_ORIGIN_SIZE]; /* empty: that of the key */
    bool init;
    bool once;
};

/* Thread: main.   Owner: signer_cli.   Life: one run. */
struct signer_run {
    const struct signer_arguments *arguments;
    struct signer signer;
    struct log_rows log;
    bool log_is_open;
    bool was_failing; /* a trouble is told when it begins, not each second */
};

static int usage(void)
{
    fprintf(stderr,
            "usage: tsunagi signer --init --state DIR (--config FILE | --origin NAME [--publish "
            "DIR])\n"
            "       tsunagi signer --state DIR (--config FILE | --database FILE [--publish DIR]) "
            "[--once]\n");
    return SIGNER_EXIT_USAGE;
}

/* ---- arguments ------------------------------------------------------------------------------------------------- */

static int config_take(const char *file, struct signer_arguments *arguments)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct gateway_config *config = calloc(1, sizeof(*config));
    if (config == NULL)
        return SIGNER_EXIT_FAILED;
    int status = SIGNER_EXIT_DONE;
    if (config_load(file, config, message, sizeof(message)) != RESULT_OK) {
        fprintf(stderr, "%s\n", message);
        status = SIGNER_EXIT_SETUP;
    } else if (!text_copy(arguments->database, PATH_MAX, config->storage.path) ||
               !text_copy(arguments->publish, PATH_MAX, config->audit.checkpoint_directory) ||
               !text_copy(arguments->origin, sizeof(arguments->origin), config->audit.origin)) {
        status = SIGNER_EXIT_SETUP;
    }
    config_free(config);
    free(config);
    return status;
}

static int arguments_take(int argc, char **argv, struct signer_arguments *arguments)
{
    static const struct option options[] = {
        {"state", required_argument, NULL, 's'},    {"config", required_argument, NULL, 'c'},
        {"database", required_argument, NULL, 'd'}, {"publish", required_argument, NULL, 'p'},
        {"origin", required_argument, NULL, 'o'},   {"init", no_argument, NULL, 'i'},
        {"once", no_argument, NULL, '1'},           {NULL, 0, NULL, 0}};
    const char *config = NULL;
    bool fits = true;
    optind = 0; /* GNU: begin anew, whoever parsed before */
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 's':
            fits = fits && text_copy(arguments->state, PATH_MAX, optarg);
            break;
        case 'c':
            config = optarg;
            break;
        case 'd':
            fits = fits && text_copy(arguments->database, PATH_MAX, optarg);
            break;
        case 'p':
            fits = fits && text_copy(arguments->publish, PATH_MAX, optarg);
            break;
        case 'o':
            fits = fits && text_copy(arguments->origin, sizeof(arguments->origin), optarg);
            break;
        case 'i':
            arguments->init = true;
            break;
        case '1':
            arguments->once = true;
            break;
        default:
            return usage();
        }
    }
    bool own_words =
        arguments->database[0] != 0 || arguments->publish[0] != 0 || arguments->origin[0] != 0;
    if (!fits || optind != argc || arguments->state[0] == 0 || (config != NULL && own_words))
        return usage();
    int status = config == NULL ? SIGNER_EXIT_DONE : config_take(config, arguments);
    if (status != SIGNER_EXIT_DONE)
        return status;
    if (arguments->publish[0] == 0)
        memcpy(arguments->publish, arguments->state, sizeof(arguments->publish));
    bool enough = arguments->init ? arguments->origin[0] != 0 : arguments->database[0] != 0;
    return enough ? SIGNER_EXIT_DONE : usage();
}

/* ---- key ------------------------------------------------------------------------------------------------------- */

static int trouble(const char *what, enum result result)
{
    fprintf(stderr, "signer: %s: %s\n", what, result_text(result));
    return SIGNER_EXIT_SETUP;
}

/* The folder and what is above it; the last ones may be there already. */
static enum result folder_make(const char *path)
{
    char part[PATH_MAX];
    if (!text_copy(part, sizeof(part), path))
        return RESULT_INVALID;
    for (char *at = part + 1; *at != 0; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return RESULT_IO;
        *at = '/';
    }
    return mkdir(part, 0755) == 0 || errno == EEXIST ? RESULT_OK : RESULT_IO;
}

static enum result vkey_publish(const struct signer_arguments *arguments,
                                const struct checkpoint_key *key)
{
    char vkey[CHECKPOINT_KEY_TEXT_SIZE], text[CHECKPOINT_KEY_TEXT_SIZE + 1];
    checkpoint_key_format(key, vkey);
    snprintf(text, sizeof(text), "%s\n", vkey);
    enum result result = folder_make(arguments->publish);
    return result == RESULT_OK ? signer_file_put(arguments->publish, "log.vkey", text, 0644)
                               : result;
}

/* Loads the key; makes one first when there is none and the log's name is known. */
static int key_prepare(const struct signer_arguments *arguments, struct checkpoint_key *ret_key,
                       uint8_t ret_seed[CHECKPOINT_SEED_BYTES])
{
    enum result result = signer_key_load(arguments->state, ret_key, ret_seed);
    if (result == RESULT_NOT_FOUND && arguments->origin[0] != 0) {
        result = signer_key_create(arguments->state, arguments->origin);
        if (result == RESULT_OK)
            result = signer_key_load(arguments->state, ret_key, ret_seed);
    }
    if (result == RESULT_DENIED)
        fprintf(stderr, "signer: log.key may be read by others; make it mode 600\n");
    if (result != RESULT_OK)
        return trouble("the key of the log cannot be used", result);
    if (arguments->origin[0] != 0 && strcmp(arguments->origin, ret_key->name) != 0) {
        fprintf(stderr, "signer: the key in this state folder is that of another log: %s\n",
                ret_key->name);
        return SIGNER_EXIT_SETUP;
    }
    result = vkey_publish(arguments, ret_key);
    return result == RESULT_OK ? SIGNER_EXIT_DONE : trouble("log.vkey cannot be written", result);
}

/* ---- signing --------------------------------------------------------------------------------------------------- */

static int refused(struct signer_run *run)
{
    LOG(LOG_ERROR, "signer.refused", log_number("index", (int64_t)run->signer.bad_index),
        log_number("signed", (int64_t)run->signer.signed_head.size));
    return SIGNER_EXIT_REFUSED;
}

static int failing(struct signer_run *run, const char *event, enum result result)
{
    if (!run->was_failing || run->arguments->once)
        LOG(LOG_WARNING, event, log_result(result));
    run->was_failing = true;
    return SIGNER_EXIT_FAILED;
}

/* State before publication: a crash between the two leaves a head that was promised and is published again. */
static int head_publish(struct signer_run *run)
{
    char note[CHECKPOINT_SIGNED_SIZE];
    struct checkpoint head;
    enum result result = signer_sign(&run->signer, note, &head);
    if (result == RESULT_TAMPERED)
        return refused(run);
    if (result == RESULT_OK)
        result = signer_state_swap(run->arguments->state, &run->signer.signed_head, &head);
    if (result == RESULT_STALE) {
        LOG(LOG_ERROR, "signer.state_changed", log_number("signed", (int64_t)head.size));
        return SIGNER_EXIT_SETUP;
    }
    if (result != RESULT_OK)
        return failing(run, "signer.state_failed", result);
    signer_signed(&run->signer, &head);
    result = signer_file_put(run->arguments->publish, "checkpoint", note, 0644);
    if (result != RESULT_OK)
        return failing(run, "signer.publish_failed", result);
    LOG(LOG_DEBUG, "signer.signed", log_number("size", (int64_t)head.size));
    return SIGNER_EXIT_DONE;
}

/* Reads what is new and signs it. SIGNER_EXIT_FAILED may pass; the others end the run. */
static int signer_pass(struct signer_run *run)
{
    enum result result = RESULT_OK;
    if (!run->log_is_open) {
        result = log_rows_open(&run->log, run->arguments->database, run->signer.key.name);
        if (result != RESULT_OK)
            return failing(run, "signer.database", result);
        run->log_is_open = true;
    }
    for (;;) {
        struct span entry;
        result = log_rows_read(&run->log, run->signer.tree.size, &entry);
        if (result != RESULT_OK)
            break;
        if (signer_take(&run->signer, entry) != RESULT_OK)
            return refused(run);
    }
    if (result != RESULT_NOT_FOUND)
        return failing(run, "signer.database", result);
    run->was_failing = false;
    if (run->signer.tree.size < run->signer.signed_head.size) {
        run->signer.bad_index = run->signer.tree.size;
        return refused(run);
    }
    return signer_has_new(&run->signer) ? head_publish(run) : SIGNER_EXIT_DONE;
}

/* The published note may be lost or older than the state after a crash: put it right before anything new. */
static int republish(struct signer_run *run)
{
    char note[CHECKPOINT_SIGNED_SIZE], published[CHECKPOINT_SIGNED_SIZE];
    const struct checkpoint *head = &run->signer.signed_head;
    if (head->size == 0)
        return SIGNER_EXIT_DONE;
    if (checkpoint_sign(head, run->signer.seed, note, sizeof(note)) != RESULT_OK)
        return SIGNER_EXIT_SETUP;
    if (signer_file_get(run->arguments->publish, "checkpoint", published, sizeof(published)) ==
            RESULT_OK &&
        strcmp(note, published) == 0)
        return SIGNER_EXIT_DONE;
    enum result result = signer_file_put(run->arguments->publish, "checkpoint", note, 0644);
    return result == RESULT_OK ? SIGNER_EXIT_DONE : failing(run, "signer.publish_failed", result);
}

static int signer_loop(struct signer_run *run)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    for (;;) {
        int status = signer_pass(run);
        if (status != SIGNER_EXIT_DONE && status != SIGNER_EXIT_FAILED)
            return status;
        const struct timespec cadence = {.tv_sec = CADENCE_S};
        if (sigtimedwait(&ends, NULL, &cadence) > 0)
            return signer_pass(run);
    }
}

static int signer_start(const struct signer_arguments *arguments, const struct checkpoint_key *key,
                        const uint8_t seed[CHECKPOINT_SEED_BYTES])
{
    struct signer_run run = {.arguments = arguments};
    struct checkpoint head;
    int lock;
    enum result result = signer_lock(arguments->state, &lock);
    if (result != RESULT_OK) {
        trouble("the state folder is in use", result);
        return result == RESULT_EXISTS ? SIGNER_EXIT_RUNNING : SIGNER_EXIT_SETUP;
    }
    result = signer_state_load(arguments->state, &head);
    if (result == RESULT_OK)
        result = signer_init(&run.signer, key->name, seed, &head);
    int status = result == RESULT_OK ? SIGNER_EXIT_DONE
                                     : trouble("the file \"state\" cannot be used", result);
    if (status == SIGNER_EXIT_DONE)
        status = republish(&run);
    if (status == SIGNER_EXIT_DONE)
        status = arguments->once ? signer_pass(&run) : signer_loop(&run);
    if (run.log_is_open)
        log_rows_close(&run.log);
    signer_done(&run.signer);
    close(lock);
    return status;
}

int signer_cli(int argc, char **argv)
{
    struct signer_arguments *arguments = calloc(1, sizeof(*arguments));
    struct checkpoint_key key;
    uint8_t seed[CHECKPOINT_SEED_BYTES];
    if (arguments == NULL)
        return SIGNER_EXIT_FAILED;
    int status = arguments_take(argc, argv, arguments);
    if (status == SIGNER_EXIT_DONE)
        status = key_prepare(arguments, &key, seed);
    if (status == SIGNER_EXIT_DONE && arguments->init) {
        char vkey[CHECKPOINT_KEY_TEXT_SIZE];
        checkpoint_key_format(&key, vkey);
        puts(vkey);
    } else if (status == SIGNER_EXIT_DONE) {
        status = signer_start(arguments, &key, seed);
    }
    explicit_bzero(seed, sizeof(seed));
    free(arguments);
    return status;
}
