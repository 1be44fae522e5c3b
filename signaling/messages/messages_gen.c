/* Prints what people and pages read about the protocol, from the rows: `messages_gen markdown` → MESSAGES.md,
 * `messages_gen typescript` → messages.ts. Run by the build; a test compares the committed copies. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "signaling/messages/message_shape.h"

static bool field_required(const struct message_field *field)
{
    return field->flag_offset == FIELD_NO_FLAG;
}

static const char *phase_name(enum message_phase phase)
{
    static const char *const names[] = {"before authentication", "authenticated", "joined"};
    return names[phase];
}

static void print_field_type(const struct message_field *field)
{
    switch (field->kind) {
    case FIELD_TEXT:
        printf("text, at most %" PRId64 " bytes", field->maximum);
        break;
    case FIELD_LONGTEXT:
        printf("text with lines, at most %" PRId64 " bytes", field->maximum);
        break;
    case FIELD_IDENT:
        printf("id");
        break;
    case FIELD_NAME:
        printf("name, at most %" PRId64, field->maximum);
        break;
    case FIELD_INTEGER:
        printf("integer %" PRId64 " … %" PRId64, field->minimum, field->maximum);
        break;
    case FIELD_BOOLEAN:
        printf("true or false");
        break;
    case FIELD_SCALAR:
        printf("true, false, integer, name or list of names, each at most %" PRId64,
               field->maximum);
        break;
    case FIELD_ONE:
        printf("object `%s`", field->object_name);
        break;
    case FIELD_LIST:
        printf("list of 0 … %" PRId64 " objects `%s`", field->maximum, field->object_name);
        break;
    }
}

static void print_markdown_fields(const struct message_field *fields)
{
    if (fields->name == NULL) {
        printf("No fields.\n\n");
        return;
    }
    printf("| field | type | | meaning |\n|---|---|---|---|\n");
    for (const struct message_field *field = fields; field->name != NULL; field++) {
        printf("| `%s` | ", field->name);
        print_field_type(field);
        printf(" | %s | %s |\n", field_required(field) ? "required" : "optional", field->doc);
    }
    printf("\n");
}

static void print_markdown_messages(enum message_direction direction)
{
    for (unsigned type = 0; type < MESSAGE_TYPES_COUNT; type++) {
        const struct message_info *info = &MESSAGE_INFOS[type];
        if (info->direction != direction)
            continue;
        printf("### %s\n\n%s\n\nPhase: %s.%s\n\n", info->name, info->doc, phase_name(info->phase),
               info->ephemeral && direction == MESSAGE_OUT ? " Not kept for a resume." : "");
        print_markdown_fields(message_fields((enum message_type)type));
    }
}

static void print_markdown(void)
{
    printf("# Messages of %s\n\nMade from `messages.def` by `messages_gen`; do not edit.\n\n",
           MESSAGE_SUBPROTOCOL);
    printf("One JSON object a WebSocket text message: `{\"type\":\"act\",\"ref\":7,…}` to the "
           "gateway,\n"
           "`{\"type\":\"done\",\"seq\":12,…}` from it. `ref` (1 … %d, optional) comes back in "
           "`done` or `error`;\n"
           "`seq` grows by one with each message of a session (0 before there is one).\n\n",
           MESSAGE_REF_MAX);
    printf("Bounds: %d bytes a message (else close 1009), nesting %d, %d keys, no key twice, no "
           "unknown field,\n"
           "strict UTF-8. A name is `[a-z0-9_.:-]`. A message that breaks its row is answered with "
           "`error`, whose `code`\n"
           "and `field` name the fault; the socket stays open.\n\n",
           MESSAGE_TEXT_MAX, MESSAGE_DEPTH_MAX, MESSAGE_KEYS_MAX);
    printf("## Browser → gateway\n\n");
    print_markdown_messages(MESSAGE_IN);
    printf("## Gateway → browser\n\n");
    print_markdown_messages(MESSAGE_OUT);
    printf("## Objects\n\n");
    for (const struct message_object_info *object = MESSAGE_OBJECTS; object->name != NULL;
         object++) {
        printf("### %s\n\n%s\n\n", object->name, object->doc);
        print_markdown_fields(object->fields());
    }
}

/* TypeScript names its types in capitals: card → Card. */
static void print_capital(const char *name)
{
    printf("%c%s", toupper((unsigned char)name[0]), name + 1);
}

static void print_typescript_fields(const struct message_field *fields)
{
    for (const struct message_field *field = fields; field->name != NULL; field++) {
        printf("  /** %s (", field->doc);
        print_field_type(field);
        printf(") */\n  %s%s: ", field->name, field_required(field) ? "" : "?");
        switch (field->kind) {
        case FIELD_INTEGER:
            printf("number");
            break;
        case FIELD_BOOLEAN:
            printf("boolean");
            break;
        case FIELD_SCALAR:
            printf("Scalar");
            break;
        case FIELD_ONE:
            print_capital(field->object_name);
            break;
        case FIELD_LIST:
            print_capital(field->object_name);
            printf("[]");
            break;
        default:
            printf("string");
        }
        printf(";\n");
    }
}

static void print_typescript_union(const char *name, enum message_direction direction)
{
    printf("export type %s =", name);
    for (unsigned type = 0; type < MESSAGE_TYPES_COUNT; type++) {
        if (MESSAGE_INFOS[type].direction != direction)
            continue;
        printf("\n  | Message");
        print_capital(MESSAGE_INFOS[type].name);
    }
    printf(";\n\n");
}

static bool field_is_text(const struct message_field *field)
{
    return field->kind == FIELD_TEXT || field->kind == FIELD_LONGTEXT || field->kind == FIELD_NAME;
}

/* Only bounds a page can run into: those of what it sends. */
static void print_typescript_limits(void)
{
    printf("/** Largest number of UTF-8 bytes in the texts that a page sends. */\nexport const "
           "LIMITS = {\n");
    for (unsigned type = 0; type < MESSAGE_TYPES_COUNT; type++) {
        if (MESSAGE_INFOS[type].direction != MESSAGE_IN)
            continue;
        printf("  %s: {", MESSAGE_INFOS[type].name);
        const char *separator = " ";
        for (const struct message_field *field = message_fields((enum message_type)type);
             field->name != NULL; field++) {
            if (!field_is_text(field))
                continue;
            printf("%s%s: %" PRId64, separator, field->name, field->maximum);
            separator = ", ";
        }
        printf(" },\n");
    }
    printf("} as const;\n");
}

static void print_typescript(void)
{
    printf("// Messages of %s. Made from messages.def by messages_gen; do not edit.\n\n",
           MESSAGE_SUBPROTOCOL);
    printf("export const SUBPROTOCOL = \"%s\";\nexport const MESSAGE_BYTES_MAX = %d;\nexport const "
           "REF_MAX = %d;\n\n",
           MESSAGE_SUBPROTOCOL, MESSAGE_TEXT_MAX, MESSAGE_REF_MAX);
    printf("/** The value of a fact. */\nexport type Scalar = boolean | number | string | "
           "string[];\n\n");
    for (const struct message_object_info *object = MESSAGE_OBJECTS; object->name != NULL;
         object++) {
        printf("/** %s */\nexport interface ", object->doc);
        print_capital(object->name);
        printf(" {\n");
        print_typescript_fields(object->fields());
        printf("}\n\n");
    }
    for (unsigned type = 0; type < MESSAGE_TYPES_COUNT; type++) {
        const struct message_info *info = &MESSAGE_INFOS[type];
        printf("/** %s */\nexport interface Message", info->doc);
        print_capital(info->name);
        printf(" {\n  type: \"%s\";\n  %s: number;\n", info->name,
               info->direction == MESSAGE_IN ? "ref?" : "seq");
        print_typescript_fields(message_fields((enum message_type)type));
        printf("}\n\n");
    }
    print_typescript_union("MessageIn", MESSAGE_IN);
    print_typescript_union("MessageOut", MESSAGE_OUT);
    print_typescript_limits();
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "markdown") == 0)
        print_markdown();
    else if (argc == 2 && strcmp(argv[1], "typescript") == 0)
        print_typescript();
    else
        return fprintf(stderr, "usage: %s markdown|typescript\n", argv[0]), 2;
    return fflush(stdout) == 0 ? 0 : 1;
}
