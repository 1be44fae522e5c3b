/* Checkpoints and key texts. First byte even: a note. Oracle: only the published text can bear the log's signature, and
 * only the published witness its cosignature. Odd: a key text; what is accepted comes back the same. */
#include <stdlib.h>
#include <string.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN  "clinic.example/gw1/audit/2026"
#define VKEY    ORIGIN "+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS "witness.example/w1+f1ed8c47+BCFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS"
#define TEXT    ORIGIN "\n5\nCN59U2DFrKApdU8+5vVI3FmAzuh1e+xqKuwnbY1YvMQ=\n"
#define NOW_US  ((1795305605ll + 10) * 1000000)

static void try_note(struct span note)
{
    struct checkpoint_key log, witness;
    struct checkpoint strict, loose;
    struct checkpoint_witnessed witnessed;
    CHECK(checkpoint_key_parse(VKEY, &log) == RESULT_OK);
    CHECK(checkpoint_key_parse(WITNESS, &witness) == RESULT_OK);
    enum result parsed = checkpoint_parse(note, &loose);
    enum result result = checkpoint_verify(note, &log, &witness, 1, NOW_US, &strict, &witnessed);
    if (result != RESULT_OK)
        return;
    CHECK(parsed == RESULT_OK && strict.size == loose.size);
    CHECK(note.length > strlen(TEXT) && memcmp(note.data, TEXT "\n", strlen(TEXT) + 1) == 0);
    CHECK(strict.size == 5 && witnessed.count <= 1);
    CHECK(witnessed.count == 0 || witnessed.time_s[0] == 1795305605);
}

static void try_key(struct span bytes)
{
    struct checkpoint_key key;
    char again[CHECKPOINT_KEY_TEXT_SIZE];
    char *text = malloc(bytes.length + 1);
    CHECK(text != NULL);
    memcpy(text, bytes.data, bytes.length);
    text[bytes.length] = 0;
    if (checkpoint_key_parse(text, &key) == RESULT_OK) {
        checkpoint_key_format(&key, again);
        CHECK(strcmp(again, text) == 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct span rest = span_of(data + 1, size - 1);
    if (data[0] % 2 == 0)
        try_note(rest);
    else
        try_key(rest);
    return 0;
}
