#include "gateway/check_config.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/pack_load.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/check_turn.h"

enum { EXIT_USABLE = 0, EXIT_UNUSABLE = 2 };

static uint32_t addresses_count(const struct media_options *media)
{
    return media->announce_count == 0 ? 1 : media->announce_count;
}

static const char *address_at(const struct media_options *media, uint32_t i)
{
    return media->announce_count == 0 ? media->bind_address : media->announce[i].address;
}

/* What an offer will hold: each announced address (or the bind address) with the port of each worker. */
static void print_candidates(const struct media_options *media)
{
    printf("\n# what a browser will be offered (host candidates)\n");
    for (uint32_t worker = 0; worker < media->workers; worker++)
        for (uint32_t i = 0; i < addresses_count(media); i++)
            printf("candidate: worker %u  %s  UDP port %u\n", worker, address_at(media, i),
                   media->port + worker);
    for (uint32_t i = 0; media->tcp_port != 0 && i < addresses_count(media); i++)
        printf("candidate: every worker  %s  TCP port %u\n", address_at(media, i), media->tcp_port);
    if (media->tcp_port == 0)
        printf("warning: media.tcp_port is 0: a browser whose network blocks UDP cannot join\n");
}

static int64_t expiry_us(const X509 *certificate)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1)
        return 0;
    return (int64_t)timegm(&parts) * US_PER_S;
}

static bool print_certificate(const X509 *certificate)
{
    char subject[256] = "", expires[CLOCK_TEXT_SIZE];
    int64_t expiry = expiry_us(certificate);
    int64_t days = (expiry - clock_wall_us()) / (86400 * US_PER_S);
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof(subject));
    clock_format_utc(expiry, expires);
    bool over = expiry <= clock_wall_us();
    printf("certificate: %s  expires %s  %s%lld days\n", subject, expires,
           over ? "EXPIRED " : "in ", (long long)(over ? -days : days));
    return !over;
}

/* Loads both as `serve` does, so that a key of another certificate is found here. */
static bool check_certificate(const struct config_http *http)
{
    bool good = false;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    printf("\n");
    if (context == NULL)
        fprintf(stderr, "check-config: out of memory\n");
    else if (SSL_CTX_use_certificate_chain_file(context, http->certificate_file) != 1)
        fprintf(stderr, "%s:1: is not a certificate; allowed: PEM, server first\n",
                http->certificate_file);
    else if (SSL_CTX_use_PrivateKey_file(context, http->key_file, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(context) != 1)
        fprintf(stderr,
                "%s:1: is not the key of the certificate; allowed: its private key, PEM, without a "
                "passphrase\n",
                http->key_file);
    else
        good = print_certificate(SSL_CTX_get0_certificate(context));
    SSL_CTX_free(context);
    return good;
}

static bool check_pack(const struct config_rules *rules)
{
    struct rule_pack *pack = NULL;
    char message[CONFIG_MESSAGE_SIZE], hash[SHA256_BYTES * 2 + 1];
    if (!result_ok(pack_load(rules->pack_file, &pack, message, sizeof(message)))) {
        fprintf(stderr, "%s\n", message);
        return false;
    }
    const struct pack_info *info = rule_pack_info(pack);
    text_hex(span_of(info->hash.bytes, SHA256_BYTES), hash, sizeof(hash));
    printf("rule pack: %s %s  %u rules, %u facts  sha256 %s\n", info->id, info->version,
           info->rules_count, info->facts_count, hash);
    rule_pack_free(pack);
    return true;
}

int check_config_cli(int argc, char **argv)
{
    char message[CONFIG_MESSAGE_SIZE];
    if (argc == 1 && strcmp(argv[0], "--reference") == 0) {
        config_print_reference(stdout);
        return EXIT_USABLE;
    }
    bool with_turnserver = argc == 3 && strcmp(argv[1], "--turnserver") == 0;
    if ((argc != 1 && !with_turnserver) || argv[0][0] == '-') {
        fputs("usage: tsunagi check-config FILE [--turnserver TURNSERVER.CONF]\n"
              "       tsunagi check-config --reference\n",
              stderr);
        return EXIT_UNUSABLE;
    }
    struct gateway_config *config = calloc(1, sizeof(*config));
    if (config == NULL || !result_ok(config_load(argv[0], config, message, sizeof(message)))) {
        fprintf(stderr, "%s\n", config == NULL ? "out of memory" : message);
        free(config);
        return EXIT_UNUSABLE;
    }
    config_print(config);
    print_candidates(&config->media);
    bool good = check_turn(config, with_turnserver ? argv[2] : NULL);
    good = check_certificate(&config->http) && good;
    good = check_pack(&config->rules) && good;
    config_free(config);
    free(config);
    return good ? EXIT_USABLE : EXIT_UNUSABLE;
}
