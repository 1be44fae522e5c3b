/* The built web pages, read into memory once at start: no file is opened for a request, so no path can leave the folder.
 * Thread: loaded before use, then read by the control thread only. Bounds: PAGES_*. */
#ifndef SIGNALING_TRANSPORT_PAGES_H
#define SIGNALING_TRANSPORT_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define PAGES_MAX               256
#define PAGE_PATH_MAX           128
#define PAGE_BYTES_MAX          (4u << 20)
#define PAGES_FOLDERS_DEPTH_MAX 3 /* below assets/ */

struct page {
    char path[PAGE_PATH_MAX]; /* as requested: "/v", "/assets/patient-3f….js" */
    const char *content_type;
    bool immutable; /* its name holds its hash: may be cached for ever */
    uint8_t *bytes;
    size_t length;
    uint8_t *gzip_bytes; /* NULL when no .gz file lies beside it */
    size_t gzip_length;
};

struct pages;

/* Reads `web_root`/index.html, patient.html, physician.html, site.html, admin.html and everything below assets/. A page that
 * is not there is answered with 404. An empty or missing folder is RESULT_NOT_FOUND. */
MUST_CHECK enum result pages_load(const char *web_root, struct pages **ret_pages);
struct pages *pages_free(struct pages *pages);
const struct page *pages_find(const struct pages *pages, const char *path);

#endif
