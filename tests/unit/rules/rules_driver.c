/* `rules …` and `check-config …` without the rest of the program, for tests of the two verbs. */
#include <string.h>

#include "gateway/check_config.h"
#include "gateway/rules_cli.h"

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "rules") == 0)
        return rules_cli(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "check-config") == 0)
        return check_config_cli(argc - 2, argv + 2);
    return 2;
}
