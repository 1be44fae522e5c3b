/* A configuration file from anywhere: one complaint or a whole configuration, never both, never neither. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gateway_config config;
    char message[CONFIG_MESSAGE_SIZE];
    memset(&config, 0, sizeof(config));
    enum result result = config_load_bytes(span_of(data, size), "/nowhere/fuzz.yaml", &config,
                                           message, sizeof(message));
    if (result_ok(result) != (message[0] == '\0'))
        abort();
    if (!result_ok(result) &&
        (strncmp(message, "/nowhere/fuzz.yaml:", 19) != 0 || strlen(message) >= sizeof(message)))
        abort();
    config_free(&config);
    return 0;
}
