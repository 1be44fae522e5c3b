/* One binary, verbs. Exit codes: 0 done, 1 failed, 2 bad configuration, 4 usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/audit_cli.h"
#include "gateway/base/log.h"
#include "gateway/check_config.h"
#include "gateway/demo_clinic.h"
#include "gateway/duty_cli.h"
#include "gateway/rules_cli.h"
#include "gateway/settings.h"
#include "gateway/signer_main.h"
#include "gateway/staff_cli.h"

/* Keys and patients' names must not end up in a core file. */
static void main_no_cores(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

static int serve_cli(int argc, char **argv)
{
    struct settings *settings = malloc(sizeof(*settings));
    const char *stage = "memory";
    if (settings == NULL)
        return 1;
    int status = settings_load(settings_argument(argc, argv, "--config"), settings);
    if (status == 0) {
        log_set_level(settings->config.log_level);
        enum result result = gateway_run(&settings->options, &stage);
        if (!result_ok(result)) {
            fprintf(stderr, "the gateway did not start: %s: %s\n", stage, result_text(result));
            status = 1;
        }
    }
    config_free(&settings->config);
    free(settings);
    return status;
}

/* These take what stands behind their name. */
static int rules_verb(int argc, char **argv)
{
    return rules_cli(argc - 1, argv + 1);
}

static int duty_verb(int argc, char **argv)
{
    return duty_cli(argc - 1, argv + 1);
}

static int check_config_verb(int argc, char **argv)
{
    return check_config_cli(argc - 1, argv + 1);
}

/* The synthetic people need GStreamer, which the gateway itself never loads: a program of its own beside this one. */
static int demo_cli(int argc, char **argv)
{
    char path[4096];
    (void)argc;
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 16);
    if (length > 0) {
        path[length] = 0;
        snprintf(path + length, sizeof(path) - (size_t)length, "-demo");
        argv[0] = path;
        execv(path, argv);
    }
    fprintf(stderr, "tsunagi-demo is not installed beside this program (./dev demo builds it)\n");
    return 1;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} VERBS[] = {
    {"serve", serve_cli, "--config FILE                 run the gateway"},
    {"signer", signer_cli,
     "--config FILE --state DIR     sign the log's heads (a process of its own)"},
    {"check-config", check_config_verb,
     "FILE                    what is wrong with it, what clients will see"},
    {"rules", rules_verb, "eval|facts|lint …              rule packs"},
    {"duty", duty_verb, "check FILE [--json]             a physician's working time"},
    {"audit", audit_cli, "verify|proof|export …          the log"},
    {"staff", staff_cli, "add|list --config FILE …       accounts (while the gateway is stopped)"},
    {"demo-clinic", demo_clinic_cli, "--config FILE           a clinic to try things with"},
    {"demo", demo_cli, "[--json]                       a whole consultation with synthetic people"},
};

int main(int argc, char **argv)
{
    main_no_cores();
    for (size_t i = 0; argc > 1 && i < ARRAY_LENGTH(VERBS); i++)
        if (strcmp(argv[1], VERBS[i].name) == 0)
            return VERBS[i].run(argc - 1, argv + 1);
    fprintf(stderr, "usage: tsunagi VERB …\n");
    for (size_t i = 0; i < ARRAY_LENGTH(VERBS); i++)
        fprintf(stderr, "  tsunagi %s %s\n", VERBS[i].name, VERBS[i].help);
    return 4;
}
