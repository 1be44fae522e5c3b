/* One request as the library parsed it → our words, refusing what is ambiguous (security-reliability I-20, U-09). The
 * library has undone percent escapes and dot segments of the path before anyone can see it; what is left must be made of
 * plain characters and is then compared with names, never used to open a file. */
#include "signaling/transport/transport_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/text.h"

static const struct {
    enum lws_token_indexes token;
    const char *name;
} METHODS[] = {
    {WSI_TOKEN_GET_URI, "GET"},         {WSI_TOKEN_HEAD_URI, "HEAD"},
    {WSI_TOKEN_POST_URI, "POST"},       {WSI_TOKEN_PUT_URI, "PUT"},
    {WSI_TOKEN_PATCH_URI, "PATCH"},     {WSI_TOKEN_DELETE_URI, "DELETE"},
    {WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

/* Empty when absent; false when too long or not plain text. */
static bool header_copy(struct lws *wsi, enum lws_token_indexes token, char *ret_text, size_t size)
{
    ret_text[0] = 0;
    if (lws_hdr_total_length(wsi, token) == 0)
        return true;
    int length = lws_hdr_copy(wsi, ret_text, (int)size, token);
    if (length < 0 || !text_is_plain_utf8(ret_text, strlen(ret_text))) {
        ret_text[0] = 0;
        return false;
    }
    return true;
}

static bool custom_header_present(struct lws *wsi, const char *name)
{
    return lws_hdr_custom_length(wsi, name, (int)strlen(name)) >= 0;
}

static int read_host(struct lws *wsi)
{
    char host[256];
    if (!header_copy(wsi, WSI_TOKEN_HOST, host, sizeof(host)) || host[0] == 0)
        return 400;
    return strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") ==
                   strlen(host)
               ? 0
               : 400;
}

/* RFC 9112 §6.3: exactly one length, or none; transfer codings are not taken at all. A name with a space before its colon
 * is a header to some and none to others (§5.1). */
static int read_length(struct lws *wsi, struct exchange *exchange, size_t *ret_length)
{
    char text[24];
    bool may_have_body = strcmp(exchange->method, "GET") != 0 && !exchange->head;
    *ret_length = 0;
    exchange->close_after = true;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
        custom_header_present(wsi, "transfer-encoding :") ||
        custom_header_present(wsi, "content-length :"))
        return 400;
    if (!header_copy(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof(text)))
        return 400;
    if (text[0] == 0) {
        /* The library waits for a body it invents when these have no length. */
        bool needs_length = may_have_body && strcmp(exchange->method, "DELETE") != 0 &&
                            strcmp(exchange->method, "OPTIONS") != 0;
        exchange->close_after = needs_length;
        return needs_length ? 411 : 0;
    }
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 15)
        return 400;
    *ret_length = (size_t)strtoull(text, NULL, 10);
    if (*ret_length > 0 && !may_have_body)
        return 400;
    exchange->close_after =
        false; /* the library reads a refused body away, within the body time-out */
    return *ret_length > SIGNALING_BODY_MAX ? 413 : 0;
}

/* The library has cut the query at '&' and undone its escapes: put both back, so that the reader sees one form. */
static bool read_query(struct lws *wsi, char *ret_query, size_t size)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char part[HTTP_QUERY_MAX];
    size_t used = 0;
    ret_query[0] = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) == 0)
        return true;
    for (int i = 0; i < 64; i++) {
        int length = lws_hdr_copy_fragment(wsi, part, sizeof(part), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length < 0)
            return i > 0;
        if (used > 0 && used + 1 < size)
            ret_query[used++] = '&';
        bool named = false;
        for (int k = 0; k < length; k++) {
            bool literal =
                (part[k] != 0 && strchr(plain, part[k]) != NULL) || (part[k] == '=' && !named);
            named = named || part[k] == '=';
            if (used + 4 > size)
                return false;
            if (literal)
                ret_query[used++] = part[k];
            else
                used += (size_t)snprintf(ret_query + used, size - used, "%%%02X",
                                         (unsigned char)part[k]);
        }
        ret_query[used] = 0;
    }
    return false;
}

static void read_language(struct lws *wsi, char *ret_language)
{
    char text[128];
    bool japanese = true;
    if (header_copy(wsi, WSI_TOKEN_HTTP_ACCEPT_LANGUAGE, text, sizeof(text))) {
        /* The first of the two we have; Japanese when neither is named. */
        const char *ja = strcasestr(text, "ja"), *en = strcasestr(text, "en");
        japanese = en == NULL || (ja != NULL && ja < en);
    }
    memcpy(ret_language, japanese ? "ja" : "en", sizeof("ja"));
}

static bool path_is_plain(const char *path)
{
    size_t length = strlen(path);
    return strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_.-") ==
               length &&
           strstr(path, "..") == NULL && strstr(path, "//") == NULL && strstr(path, "/.") == NULL;
}

static int read_method_and_path(struct lws *wsi, const char *path, size_t path_length,
                                struct exchange *exchange)
{
    for (size_t i = 0; i < ARRAY_LENGTH(METHODS) && exchange->method[0] == 0; i++)
        if (lws_hdr_total_length(wsi, METHODS[i].token) > 0)
            snprintf(exchange->method, sizeof(exchange->method), "%s", METHODS[i].name);
    if (exchange->method[0] == 0)
        return 405;
    exchange->head = strcmp(exchange->method, "HEAD") == 0;
    if (path_length >= sizeof(exchange->path))
        return 404;
    memcpy(exchange->path, path, path_length);
    exchange->path[path_length] = 0;
    return strlen(exchange->path) == path_length && path_is_plain(exchange->path) ? 0 : 404;
}

int exchange_read(struct lws *wsi, const char *path, size_t path_length, struct exchange *exchange,
                  size_t *ret_body_length)
{
    char encodings[256];
    int where = read_method_and_path(wsi, path, path_length, exchange);
    int status = where == 405 ? 0 : read_length(wsi, exchange, ret_body_length);
    exchange->close_after = exchange->close_after || where == 405; /* its body was not looked at */
    if (status == 0)
        status = read_host(wsi);
    if (status != 0 || where != 0)
        return status != 0 ? status : where;
    if (!read_query(wsi, exchange->query, sizeof(exchange->query)))
        return 414;
    if (!header_copy(wsi, WSI_TOKEN_HTTP_COOKIE, exchange->cookie, sizeof(exchange->cookie)) ||
        !header_copy(wsi, WSI_TOKEN_ORIGIN, exchange->origin, sizeof(exchange->origin)) ||
        !header_copy(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, exchange->authorization,
                     sizeof(exchange->authorization)) ||
        !header_copy(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, exchange->content_type,
                     sizeof(exchange->content_type)) ||
        !header_copy(wsi, WSI_TOKEN_HTTP_IF_MATCH, exchange->if_match, sizeof(exchange->if_match)))
        return 400;
    if (lws_hdr_custom_copy(wsi, exchange->marker, sizeof(exchange->marker), "x-tsunagi:", 10) < 0)
        exchange->marker[0] = 0;
    exchange->accepts_gzip =
        header_copy(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, encodings, sizeof(encodings)) &&
        strstr(encodings, "gzip") != NULL && strstr(encodings, "gzip;q=0") == NULL;
    read_language(wsi, exchange->language);
    return 0;
}

bool transport_origin_allowed(const struct transport *transport, const char *origin)
{
    for (uint32_t i = 0; i < transport->options.origins_count; i++)
        if (strcmp(transport->options.origins[i], origin) == 0)
            return true;
    return false;
}

/* Everything about an upgrade is decided here, before the library acts on it. Its 4.1 and 4.3 lines hand a dangling pointer
 * to this callback after an upgrade they refused themselves (NN-2025-0102); then no header is left, which refuses. */
int upgrade_check(struct lws *wsi, const struct transport *transport)
{
    char text[256], path[16];
    if (!header_copy(wsi, WSI_TOKEN_UPGRADE, text, sizeof(text)) ||
        strcasecmp(text, "websocket") != 0)
        return 400;
    if (lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) <= 0 || strcmp(path, "/ws") != 0 ||
        lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) > 0)
        return 404;
    if (read_host(wsi) != 0 || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
        lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0)
        return 400;
    if (!header_copy(wsi, WSI_TOKEN_ORIGIN, text, sizeof(text)) ||
        !transport_origin_allowed(transport, text))
        return 403;
    if (!header_copy(wsi, WSI_TOKEN_PROTOCOL, text, sizeof(text)) ||
        strcmp(text, MESSAGE_SUBPROTOCOL) != 0)
        return 400;
    if (!header_copy(wsi, WSI_TOKEN_VERSION, text, sizeof(text)) || strcmp(text, "13") != 0)
        return 426;
    if (!header_copy(wsi, WSI_TOKEN_KEY, text, sizeof(text)) || strlen(text) != 24)
        return 400;
    if (transport->draining || transport->stopping)
        return 503;
    return 0;
}
