#include "config/binder.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/binder_inside.h"
#include "gateway/base/check.h"

/* Thread: any, one at a time.   Owner: whoever reads a file.   Life: _open() … _free().   Bound: the file's. */
struct binder {
    yaml_document_t document;
    const char *name;
    char *folder; /* of the file, for relative paths */
    char *message;
    size_t message_size;
};

/* What one binder_bind() call carries down. */
struct binding {
    struct binder *binder;
    const char *where;
    const struct binder_table *table;
    void *target;
    bool seen[BINDER_ROWS_MAX];
};

static void PRINTF_LIKE(3, 0)
    write_message(const struct binder *binder, size_t line, const char *format, va_list values)
{
    int used = snprintf(binder->message, binder->message_size, "%s:%zu: ", binder->name, line);
    if (used >= 0 && (size_t)used < binder->message_size)
        vsnprintf(binder->message + used, binder->message_size - (size_t)used, format, values);
}

static const yaml_node_t *node_at(const struct binder *binder, int node)
{
    const yaml_node_t *start = binder->document.nodes.start;
    return node >= 1 && node <= binder->document.nodes.top - start ? &start[node - 1] : NULL;
}

enum result binder_complain(struct binder *binder, int node, enum result result, const char *format,
                            ...)
{
    va_list values;
    const yaml_node_t *at = node_at(binder, node);
    va_start(values, format);
    write_message(binder, at != NULL ? at->start_mark.line + 1 : 1, format, values);
    va_end(values);
    return result;
}

static enum result PRINTF_LIKE(4, 5) complain_at_line(struct binder *binder, size_t line,
                                                      enum result result, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    write_message(binder, line, format, values);
    va_end(values);
    return result;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static enum result count_reference(struct binder *binder, const yaml_node_t *near, int child,
                                   bool *referenced)
{
    bool again = referenced[child];
    referenced[child] = true;
    if (again)
        return complain_at_line(binder, near->start_mark.line + 1, RESULT_UNSUPPORTED,
                                "an alias (*name) is used; allowed: write the value out");
    return RESULT_OK;
}

/* With aliases a document is a graph, possibly with circles. A tree has one parent a node. */
static enum result refuse_aliases(struct binder *binder)
{
    size_t count = (size_t)(binder->document.nodes.top - binder->document.nodes.start);
    bool *referenced = calloc(count + 1, sizeof(*referenced));
    enum result result = referenced == NULL ? RESULT_NO_MEMORY : RESULT_OK;
    if (referenced != NULL)
        referenced[1] = true; /* the root */
    for (size_t i = 1; i <= count && result_ok(result); i++) {
        const yaml_node_t *node = node_at(binder, (int)i);
        if (node->type == YAML_SEQUENCE_NODE)
            for (const yaml_node_item_t *item = node->data.sequence.items.start;
                 item < node->data.sequence.items.top && result_ok(result); item++)
                result = count_reference(binder, node, *item, referenced);
        if (node->type == YAML_MAPPING_NODE)
            for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
                 pair < node->data.mapping.pairs.top && result_ok(result); pair++) {
                result = count_reference(binder, node, pair->key, referenced);
                if (result_ok(result))
                    result = count_reference(binder, node_at(binder, pair->key), pair->value,
                                             referenced);
            }
    }
    free(referenced);
    return result;
}

static enum result parser_problem(struct binder *binder, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return RESULT_NO_MEMORY;
    size_t line = parser->problem_mark.line + 1;
    return complain_at_line(binder, line, RESULT_PARSE, "not YAML: %.120s; allowed: YAML 1.1",
                            parser->problem != NULL ? parser->problem : "cannot be read");
}

/* Exactly one document, which is a mapping. */
static enum result load_document(struct binder *binder, yaml_parser_t *parser)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &binder->document))
        return parser_problem(binder, parser);
    const yaml_node_t *root = yaml_document_get_root_node(&binder->document);
    if (root == NULL || root->type != YAML_MAPPING_NODE)
        return complain_at_line(binder, 1, RESULT_INVALID,
                                "holds no settings; allowed: a mapping (key: value)");
    if (!yaml_parser_load(parser, &second))
        return parser_problem(binder, parser);
    const yaml_node_t *more = yaml_document_get_root_node(&second);
    size_t line = more != NULL ? more->start_mark.line + 1 : 0;
    yaml_document_delete(&second);
    if (line > 0)
        return complain_at_line(binder, line, RESULT_INVALID,
                                "a second document begins; allowed: one");
    return refuse_aliases(binder);
}

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash == NULL ? strdup(".") : strndup(file, slash == file ? 1 : (size_t)(slash - file));
}

enum result binder_open(struct span bytes, const char *name, char *message, size_t size,
                        struct binder **ret_binder)
{
    yaml_parser_t parser;
    struct binder *binder = calloc(1, sizeof(*binder));
    if (binder == NULL)
        return RESULT_NO_MEMORY;
    binder->name = name;
    binder->message = message;
    binder->message_size = size;
    binder->folder = folder_of(name);
    if (binder->folder == NULL || !yaml_parser_initialize(&parser)) {
        binder_free(binder);
        return RESULT_NO_MEMORY;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, bytes.data, bytes.length);
    enum result result = load_document(binder, &parser);
    yaml_parser_delete(&parser);
    if (!result_ok(result)) {
        binder_free(binder);
        return result;
    }
    *ret_binder = binder;
    return RESULT_OK;
}

struct binder *binder_free(struct binder *binder)
{
    if (binder != NULL) {
        yaml_document_delete(&binder->document);
        free(binder->folder);
        free(binder);
    }
    return NULL;
}

/* ---- walking -------------------------------------------------------------------------------------------------- */

int binder_root(const struct binder *binder)
{
    (void)binder;
    return 1; /* libyaml numbers nodes from 1 and the root is the first */
}

bool binder_is_sequence(const struct binder *binder, int node)
{
    const yaml_node_t *at = node_at(binder, node);
    return at != NULL && at->type == YAML_SEQUENCE_NODE;
}

bool binder_is_mapping(const struct binder *binder, int node)
{
    const yaml_node_t *at = node_at(binder, node);
    return at != NULL && at->type == YAML_MAPPING_NODE;
}

const char *binder_text(const struct binder *binder, int node)
{
    const yaml_node_t *at = node_at(binder, node);
    if (at == NULL || at->type != YAML_SCALAR_NODE)
        return NULL;
    const char *text = (const char *)at->data.scalar.value;
    return strlen(text) == at->data.scalar.length ? text : NULL; /* an escaped NUL is no text */
}

bool binder_next(const struct binder *binder, int node, uint32_t *cursor, int *ret_item)
{
    if (!binder_is_sequence(binder, node))
        return false;
    const yaml_node_t *at = node_at(binder, node);
    if (*cursor >= (size_t)(at->data.sequence.items.top - at->data.sequence.items.start))
        return false;
    *ret_item = at->data.sequence.items.start[(*cursor)++];
    return true;
}

bool binder_next_pair(const struct binder *binder, int node, uint32_t *cursor, const char **ret_key,
                      int *ret_key_node, int *ret_value)
{
    if (!binder_is_mapping(binder, node))
        return false;
    const yaml_node_t *at = node_at(binder, node);
    if (*cursor >= (size_t)(at->data.mapping.pairs.top - at->data.mapping.pairs.start))
        return false;
    const yaml_node_pair_t *pair = &at->data.mapping.pairs.start[(*cursor)++];
    *ret_key = binder_text(binder, pair->key);
    *ret_key_node = pair->key;
    *ret_value = pair->value;
    return true;
}

/* The value of a dotted key, or the last group on the way to it. */
static int find_value(const struct binder *binder, const char *key)
{
    int node = binder_root(binder), key_node = 0, value = 0;
    while (*key != '\0') {
        const char *name = NULL;
        size_t length = strcspn(key, ".");
        uint32_t cursor = 0;
        bool found = false;
        while (!found && binder_next_pair(binder, node, &cursor, &name, &key_node, &value))
            found = name != NULL && strlen(name) == length && memcmp(name, key, length) == 0;
        if (!found)
            return node;
        node = value;
        key += key[length] == '.' ? length + 1 : length;
    }
    return node;
}

enum result binder_complain_at(struct binder *binder, const char *key, enum result result,
                               const char *what)
{
    return binder_complain(binder, find_value(binder, key), result, "%s: %s", key, what);
}

/* ---- binding -------------------------------------------------------------------------------------------------- */

static enum result wrong_value(struct binding *binding, const struct binder_row *row, int node,
                               enum result result, const char *wrong)
{
    char allowed[256];
    binder_describe_allowed(row, allowed, sizeof(allowed));
    return binder_complain(binding->binder, node, result, "%s%s: %s; allowed: %s", binding->where,
                           row->key, wrong, allowed);
}

static enum result bind_item(struct binding *binding, const struct binder_row *row, int node,
                             uint32_t *count)
{
    uint8_t *field = (uint8_t *)binding->target + row->offset;
    const char *text = binder_text(binding->binder, node);
    const char *wrong = text == NULL ? "is not a text" : binder_check_text(row, text);
    if (wrong != NULL)
        return wrong_value(binding, row, node, RESULT_INVALID, wrong);
    if (*count >= (uint64_t)row->maximum)
        return wrong_value(binding, row, node, RESULT_TOO_MANY, "has too many items");
    if (row->type == BINDER_REFS)
        ((struct binder_refs *)(void *)field)->items[*count] = text;
    else if (!text_copy((char *)field + *count * row->size, row->size, text))
        return wrong_value(binding, row, node, RESULT_INVALID, "is too long");
    (*count)++;
    return RESULT_OK;
}

static enum result bind_list(struct binding *binding, const struct binder_row *row, int node)
{
    uint8_t *target = binding->target;
    struct binder_refs *refs = (struct binder_refs *)(void *)(target + row->offset);
    uint32_t *count =
        row->type == BINDER_REFS ? &refs->count : (uint32_t *)(void *)(target + row->count_offset);
    enum result result = RESULT_OK;
    uint32_t cursor = 0;
    int item = 0;

    *count = 0;
    if (row->type == BINDER_REFS && binder_text(binding->binder, node) != NULL)
        result = bind_item(binding, row, node, count);
    else if (!binder_is_sequence(binding->binder, node))
        return wrong_value(binding, row, node, RESULT_INVALID, "is not a list");
    while (result_ok(result) && binder_next(binding->binder, node, &cursor, &item))
        result = bind_item(binding, row, item, count);
    if (result_ok(result) && *count < (uint64_t)row->minimum)
        return wrong_value(binding, row, node, RESULT_INVALID, "has too few items");
    return result;
}

static enum result bind_value(struct binding *binding, const struct binder_row *row, int node)
{
    uint8_t *field = (uint8_t *)binding->target + row->offset;
    enum result result = RESULT_INVALID;
    if (row->type == BINDER_NODE) {
        *(int *)(void *)field = node;
        return RESULT_OK;
    }
    if (row->type == BINDER_TEXTS || row->type == BINDER_REFS)
        return bind_list(binding, row, node);
    const char *text = binder_text(binding->binder, node);
    const char *wrong = text == NULL ? "is not a single value"
                                     : binder_set_value(row, binding->binder->folder,
                                                        binding->target, text, &result);
    return wrong == NULL ? RESULT_OK : wrong_value(binding, row, node, result, wrong);
}

/* The next word of each key that begins with `prefix`, each once. */
static void list_keys(const struct binder_table *table, const char *prefix, char *ret_text,
                      size_t size)
{
    size_t used = 0, skip = strlen(prefix);
    const char *last = "";
    size_t last_length = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < table->count && used < size; i++) {
        const char *key = table->rows[i].key;
        if (strncmp(key, prefix, skip) != 0)
            continue;
        size_t length = strcspn(key + skip, ".");
        if (length == last_length && strncmp(last, key + skip, length) == 0)
            continue;
        last = key + skip;
        last_length = length;
        used += (size_t)snprintf(ret_text + used, size - used, "%s%.*s", used > 0 ? ", " : "",
                                 (int)length, last);
    }
}

enum key_kind { KEY_UNKNOWN, KEY_ROW, KEY_FOLDER };

static enum key_kind find_key(const struct binder_table *table, const char *key, size_t *ret_row)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < table->count; i++) {
        if (strncmp(table->rows[i].key, key, length) != 0)
            continue;
        *ret_row = i;
        if (table->rows[i].key[length] == '\0')
            return KEY_ROW;
        if (table->rows[i].key[length] == '.')
            return KEY_FOLDER;
    }
    return KEY_UNKNOWN;
}

static bool is_doubled(const struct binder *binder, int mapping, const char *key, uint32_t before)
{
    const char *earlier = NULL;
    int key_node, value;
    for (uint32_t cursor = 0; cursor + 1 < before;)
        if (binder_next_pair(binder, mapping, &cursor, &earlier, &key_node, &value) &&
            earlier != NULL && strcmp(earlier, key) == 0)
            return true;
    return false;
}

static enum result bind_mapping(struct binding *binding, int node, const char *prefix)
{
    struct binder *binder = binding->binder;
    const char *key = NULL;
    char full[BINDER_KEY_SIZE], allowed[320];
    uint32_t cursor = 0;
    int key_node = 0, value = 0;

    while (binder_next_pair(binder, node, &cursor, &key, &key_node, &value)) {
        size_t row = 0;
        enum result result = RESULT_OK;
        bool fits = key != NULL && strchr(key, '.') == NULL &&
                    snprintf(full, sizeof(full), "%s%s", prefix, key) < (int)sizeof(full) - 1;
        enum key_kind kind = fits ? find_key(binding->table, full, &row) : KEY_UNKNOWN;
        list_keys(binding->table, prefix, allowed, sizeof(allowed));
        if (kind == KEY_UNKNOWN)
            return binder_complain(binder, key_node, RESULT_UNKNOWN_FIELD,
                                   "%s%s%.60s: unknown key; allowed: %s", binding->where, prefix,
                                   key != NULL ? key : "?", allowed);
        if (is_doubled(binder, node, key, cursor))
            return binder_complain(binder, key_node, RESULT_EXISTS,
                                   "%s%s: is there twice; allowed: once", binding->where, full);
        if (kind == KEY_ROW) {
            binding->seen[row] = true;
            result = bind_value(binding, &binding->table->rows[row], value);
        } else if (!binder_is_mapping(binder, value)) {
            char below[BINDER_KEY_SIZE];
            snprintf(below, sizeof(below), "%.*s.", (int)sizeof(below) - 2, full);
            list_keys(binding->table, below, allowed, sizeof(allowed));
            result = binder_complain(binder, value, RESULT_INVALID,
                                     "%s%s: is not a group; allowed: %s below it", binding->where,
                                     full, allowed);
        } else {
            memcpy(full + strlen(full), ".", 2); /* `fits` left room for it */
            result = bind_mapping(binding, value, full);
        }
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static enum result bind_missing(struct binding *binding, int node)
{
    for (size_t i = 0; i < binding->table->count; i++) {
        const struct binder_row *row = &binding->table->rows[i];
        if (binding->seen[i] || row->optional)
            continue;
        if (row->fallback == NULL)
            return wrong_value(binding, row, node, RESULT_INVALID, "is missing");
        binder_set_fallback(row, binding->target);
    }
    return RESULT_OK;
}

enum result binder_bind(struct binder *binder, int node, const char *where,
                        const struct binder_table *table, void *target)
{
    struct binding binding = {.binder = binder, .where = where, .table = table, .target = target};
    CHECK(table->count <= BINDER_ROWS_MAX);
    if (!binder_is_mapping(binder, node)) {
        char allowed[320];
        list_keys(table, "", allowed, sizeof(allowed));
        return binder_complain(binder, node, RESULT_INVALID,
                               "%sis not a group; allowed: %s below it", where, allowed);
    }
    enum result result = bind_mapping(&binding, node, "");
    return result_ok(result) ? bind_missing(&binding, node) : result;
}
