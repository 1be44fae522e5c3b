#include "tests/whip/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#define HEADERS_MAX 5

struct body {
    char *text;
    size_t length;
};

static size_t http_body(char *data, size_t size, size_t count, void *owner)
{
    struct body *body = owner;
    char *text = realloc(body->text, body->length + size * count + 1);
    if (text == NULL)
        return 0;
    memcpy(text + body->length, data, size * count);
    body->text = text;
    body->length += size * count;
    text[body->length] = 0;
    return size * count;
}

static void keep(const char *line, const char *name, char *ret_value, size_t size)
{
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return;
    const char *value = line + length + 1 + strspn(line + length + 1, " ");
    snprintf(ret_value, size, "%.*s", (int)strcspn(value, "\r\n"), value);
}

static size_t http_header(char *data, size_t size, size_t count, void *owner)
{
    struct http_answer *answer = owner;
    char line[1024], retry[16] = "";
    snprintf(line, sizeof(line), "%.*s", (int)(size * count), data);
    keep(line, "location", answer->location, sizeof(answer->location));
    keep(line, "etag", answer->etag, sizeof(answer->etag));
    keep(line, "allow", answer->allow, sizeof(answer->allow));
    keep(line, "www-authenticate", answer->authenticate, sizeof(answer->authenticate));
    keep(line, "accept-post", answer->accept_post, sizeof(answer->accept_post));
    keep(line, "content-type", answer->type, sizeof(answer->type));
    keep(line, "retry-after", retry, sizeof(retry));
    if (retry[0] != 0)
        answer->retry_after = strtol(retry, NULL, 10);
    return size * count;
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
    char line[512];
    if (value == NULL)
        return list;
    snprintf(line, sizeof(line), "%s %s", name, value);
    return curl_slist_append(list, line);
}

void device_http(const char *certificate, const char *method, const char *url, const char *token,
                 const char *content_type, const char *if_match, const char *body, size_t length,
                 struct http_answer *ret_answer)
{
    CURL *curl = curl_easy_init();
    struct body received = {.text = NULL};
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    *ret_answer = (struct http_answer){.status = 0};
    headers = header(headers, "Authorization: Bearer", token);
    headers = header(headers, "Content-Type:", content_type == NULL ? "" : content_type);
    headers = header(headers, "If-Match:", if_match);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_CAINFO, certificate);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, http_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, http_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, ret_answer);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
    else
        fprintf(stderr, "%s %s: %s\n", method, url, curl_easy_strerror(code));
    ret_answer->body = received.text;
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

void http_answer_done(struct http_answer *answer)
{
    free(answer->body);
    answer->body = NULL;
}
