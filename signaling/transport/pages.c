#include "signaling/transport/pages.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"

struct pages {
    size_t count;
    struct page list[PAGES_MAX];
};

static const struct {
    const char *path, *file;
} ROUTES[] = {
    {"/", "index.html"},    {"/v", "patient.html"},   {"/clinic", "physician.html"},
    {"/site", "site.html"}, {"/admin", "admin.html"},
};

static const char *content_type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".json", "application/json"},
        {".mp3", "audio/mpeg"},
        {".wav", "audio/wav"},
        {".webmanifest", "application/manifest+json"},
    };
    size_t length = strlen(name);
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        size_t ending = strlen(types[i].ending);
        if (length > ending && strcmp(name + length - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return NULL;
}

/* esbuild puts eight characters of the content's hash before the ending: name-3F7QK2ZA.js */
static bool name_holds_hash(const char *name)
{
    const char *dash = strrchr(name, '-');
    return dash != NULL && strspn(dash + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == 8 &&
           dash[9] == '.';
}

static enum result read_whole(const char *path, uint8_t **ret_bytes, size_t *ret_length)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return RESULT_NOT_FOUND;
    enum result result =
        fstat(file, &status) == 0 && S_ISREG(status.st_mode) ? RESULT_OK : RESULT_IO;
    if (result_ok(result) && (uint64_t)status.st_size > PAGE_BYTES_MAX)
        result = RESULT_TOO_LARGE;
    size_t length = result_ok(result) ? (size_t)status.st_size : 0, used = 0;
    uint8_t *bytes = result_ok(result) ? malloc(length + 1) : NULL;
    if (result_ok(result) && bytes == NULL)
        result = RESULT_NO_MEMORY;
    while (result_ok(result) && used < length) {
        ssize_t got = read(file, bytes + used, length - used);
        if (got <= 0)
            result = RESULT_IO;
        else
            used += (size_t)got;
    }
    close(file);
    if (!result_ok(result)) {
        free(bytes);
        return result;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return RESULT_OK;
}

static enum result add_page(struct pages *pages, const char *path, const char *file,
                            const char *name)
{
    if (pages->count == PAGES_MAX)
        return RESULT_TOO_MANY;
    struct page page = {.content_type = content_type_of(name), .immutable = name_holds_hash(name)};
    char gzip[4096];
    if (page.content_type == NULL)
        return RESULT_OK; /* .gz files beside, maps, notes: not pages */
    if (!text_copy(page.path, sizeof(page.path), path) ||
        !text_format(gzip, sizeof(gzip), "%s.gz", file))
        return RESULT_TOO_LARGE;
    enum result result = read_whole(file, &page.bytes, &page.length);
    if (!result_ok(result))
        return result;
    result = read_whole(gzip, &page.gzip_bytes, &page.gzip_length);
    if (!result_ok(result) && result != RESULT_NOT_FOUND) {
        free(page.bytes);
        return result;
    }
    pages->list[pages->count++] = page;
    return RESULT_OK;
}

static enum result add_folder(struct pages *pages, const char *path, const char *folder, int depth);

static enum result add_entry(struct pages *pages, const char *path, const char *folder,
                             const char *name, int depth)
{
    char inner_path[PAGE_PATH_MAX], file[4096];
    struct stat status;
    if (name[0] == '.' ||
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
            strlen(name))
        return RESULT_OK;
    if (!text_format(inner_path, sizeof(inner_path), "%s/%s", path, name) ||
        !text_format(file, sizeof(file), "%s/%s", folder, name))
        return RESULT_TOO_LARGE;
    if (lstat(file, &status) != 0)
        return RESULT_IO;
    if (S_ISDIR(status.st_mode))
        return add_folder(pages, inner_path, file, depth + 1);
    return S_ISREG(status.st_mode) ? add_page(pages, inner_path, file, name) : RESULT_OK;
}

static enum result add_folder(struct pages *pages, const char *path, const char *folder, int depth)
{
    if (depth > PAGES_FOLDERS_DEPTH_MAX)
        return RESULT_TOO_MANY;
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return RESULT_NOT_FOUND;
    enum result result = RESULT_OK;
    for (struct dirent *entry = readdir(entries); entry != NULL && result_ok(result);
         entry = readdir(entries))
        result = add_entry(pages, path, folder, entry->d_name, depth);
    closedir(entries);
    return result;
}

enum result pages_load(const char *web_root, struct pages **ret_pages)
{
    struct pages *pages = calloc(1, sizeof(*pages));
    enum result result = pages != NULL ? RESULT_OK : RESULT_NO_MEMORY;
    char file[4096];
    for (size_t i = 0; i < ARRAY_LENGTH(ROUTES) && result_ok(result); i++) {
        if (!text_format(file, sizeof(file), "%s/%s", web_root, ROUTES[i].file))
            result = RESULT_TOO_LARGE;
        else
            result = add_page(pages, ROUTES[i].path, file, ROUTES[i].file);
        if (result == RESULT_NOT_FOUND)
            result = RESULT_OK;
    }
    if (result_ok(result) && text_format(file, sizeof(file), "%s/assets", web_root)) {
        result = add_folder(pages, "/assets", file, 0);
        if (result == RESULT_NOT_FOUND)
            result = RESULT_OK;
    }
    if (result_ok(result) && pages->count == 0)
        result = RESULT_NOT_FOUND;
    if (!result_ok(result)) {
        pages_free(pages);
        return result;
    }
    *ret_pages = pages;
    return RESULT_OK;
}

struct pages *pages_free(struct pages *pages)
{
    for (size_t i = 0; pages != NULL && i < pages->count; i++) {
        free(pages->list[i].bytes);
        free(pages->list[i].gzip_bytes);
    }
    free(pages);
    return NULL;
}

const struct page *pages_find(const struct pages *pages, const char *path)
{
    for (size_t i = 0; i < pages->count; i++)
        if (strcmp(pages->list[i].path, path) == 0)
            return &pages->list[i];
    return NULL;
}
