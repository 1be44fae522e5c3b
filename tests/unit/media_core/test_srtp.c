/* The SRTP seam: published vectors, both backends against a plain reference and against each other, replay, roll-over,
 * limits, damage. The reference is written from the RFCs on bare OpenSSL primitives and is itself held to the vectors
 * of RFC 3711 B.2/B.3 and RFC 7714 §16/§17, which give session keys and so cannot be fed to the seam directly. */
#include "tests/unit/media_core/support.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/base/text.h"
#include "media/srtp/srtp.h"

struct session_keys {
    size_t key_length, salt_length;
    uint8_t key[32], salt[14], auth[20];
};

static size_t hex(const char *text, uint8_t *ret_bytes, size_t size)
{
    size_t length = 0;
    assert_true(text_from_hex(text, ret_bytes, size, &length));
    return length;
}

static void reference_ctr(const uint8_t *key, size_t key_length, const uint8_t *counter,
                          uint8_t *data, size_t length)
{
    int written = 0;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(cipher,
                                        key_length == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr(),
                                        NULL, key, counter),
                     1);
    assert_int_equal(EVP_EncryptUpdate(cipher, data, &written, data, (int)length), 1);
    EVP_CIPHER_CTX_free(cipher);
}

/* RFC 3711 §4.3.1 with rate 0; a 12-byte salt is padded on the right (RFC 7714 §11). */
static void reference_derive(const uint8_t *master, size_t key_length, size_t salt_length,
                             uint8_t label, uint8_t *ret_bytes, size_t length)
{
    uint8_t counter[16] = {0};
    memcpy(counter, master + key_length, salt_length);
    counter[7] ^= label;
    memset(ret_bytes, 0, length);
    reference_ctr(master, key_length, counter, ret_bytes, length);
}

static struct session_keys reference_keys(enum srtp_profile profile, const uint8_t *master,
                                          bool rtcp)
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    struct session_keys keys = {.key_length = info->key_bytes, .salt_length = info->salt_bytes};
    uint8_t first = rtcp ? 3 : 0;
    reference_derive(master, info->key_bytes, info->salt_bytes, first, keys.key, info->key_bytes);
    reference_derive(master, info->key_bytes, info->salt_bytes, first + 1, keys.auth, 20);
    reference_derive(master, info->key_bytes, info->salt_bytes, first + 2, keys.salt,
                     info->salt_bytes);
    return keys;
}

static size_t reference_gcm(const struct session_keys *keys, const uint8_t *iv_plain,
                            const uint8_t *head, size_t head_length, const uint8_t *word,
                            uint8_t *data, size_t length)
{
    uint8_t iv[12];
    int written = 0;
    for (size_t i = 0; i < 12; i++)
        iv[i] = iv_plain[i] ^ keys->salt[i];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(cipher, keys->key_length == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL,
                       keys->key, iv);
    EVP_EncryptUpdate(cipher, NULL, &written, head, (int)head_length);
    if (word != NULL)
        EVP_EncryptUpdate(cipher, NULL, &written, word, 4);
    if (length > 0)
        EVP_EncryptUpdate(cipher, data, &written, data, (int)length);
    assert_int_equal(EVP_EncryptFinal_ex(cipher, data + length, &written), 1);
    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, data + length);
    EVP_CIPHER_CTX_free(cipher);
    return length + 16;
}

/* RFC 7714 §8.1 */
static size_t reference_gcm_rtp(const struct session_keys *keys, uint32_t roll_overs, size_t head,
                                uint8_t *packet, size_t length)
{
    uint8_t iv[12] = {0};
    memcpy(iv + 2, packet + 8, 4);
    bytes_put_u32(iv + 6, roll_overs);
    memcpy(iv + 10, packet + 2, 2);
    return head + reference_gcm(keys, iv, packet, head, NULL, packet + head, length - head);
}

/* RFC 7714 §9.1, §9.2 */
static size_t reference_gcm_rtcp(const struct session_keys *keys, uint32_t index, bool encrypted,
                                 uint8_t *packet, size_t length)
{
    uint8_t iv[12] = {0}, word[4];
    memcpy(iv + 2, packet + 4, 4);
    bytes_put_u32(iv + 8, index);
    bytes_put_u32(word, index | (encrypted ? 0x80000000u : 0));
    size_t head = encrypted ? 8 : length;
    length = head + reference_gcm(keys, iv, packet, head, word, packet + head, length - head);
    memcpy(packet + length, word, 4);
    return length + 4;
}

static void reference_hmac(const struct session_keys *keys, const uint8_t *data, size_t length,
                           uint8_t *ret_tag)
{
    uint8_t digest[20];
    unsigned written = 0;
    assert_non_null(HMAC(EVP_sha1(), keys->auth, 20, data, length, digest, &written));
    memcpy(ret_tag, digest, 10);
}

static void reference_cm(const struct session_keys *keys, uint32_t ssrc, uint64_t index,
                         uint8_t *data, size_t length)
{
    uint8_t counter[16] = {0}, mask[16] = {0};
    memcpy(counter, keys->salt, 14);
    bytes_put_u32(mask + 4, ssrc);
    bytes_put_u16(mask + 8, (uint16_t)(index >> 32));
    bytes_put_u32(mask + 10, (uint32_t)index);
    for (size_t i = 0; i < 16; i++)
        counter[i] ^= mask[i];
    reference_ctr(keys->key, 16, counter, data, length);
}

/* RFC 3711 §4.1.1, §4.2 */
static size_t reference_cm_rtp(const struct session_keys *keys, uint32_t roll_overs, size_t head,
                               uint8_t *packet, size_t length)
{
    uint64_t index = (uint64_t)roll_overs << 16 | bytes_get_u16(packet + 2);
    reference_cm(keys, bytes_get_u32(packet + 8), index, packet + head, length - head);
    uint8_t tag[10];
    bytes_put_u32(packet + length, roll_overs); /* authenticated, not sent */
    reference_hmac(keys, packet, length + 4, tag);
    memcpy(packet + length, tag, 10);
    return length + 10;
}

static size_t reference_cm_rtcp(const struct session_keys *keys, uint32_t index, uint8_t *packet,
                                size_t length)
{
    reference_cm(keys, bytes_get_u32(packet + 4), index, packet + 8, length - 8);
    bytes_put_u32(packet + length, index | 0x80000000u);
    reference_hmac(keys, packet, length + 4, packet + length + 4);
    return length + 14;
}

static size_t reference_rtp(enum srtp_profile profile, const uint8_t *master, uint32_t roll_overs,
                            size_t head, uint8_t *packet, size_t length)
{
    struct session_keys keys = reference_keys(profile, master, false);
    if (profile == SRTP_PROFILE_AES128_CM_SHA1_80)
        return reference_cm_rtp(&keys, roll_overs, head, packet, length);
    return reference_gcm_rtp(&keys, roll_overs, head, packet, length);
}

static size_t reference_rtcp(enum srtp_profile profile, const uint8_t *master, uint32_t index,
                             uint8_t *packet, size_t length)
{
    struct session_keys keys = reference_keys(profile, master, true);
    if (profile == SRTP_PROFILE_AES128_CM_SHA1_80)
        return reference_cm_rtcp(&keys, index, packet, length);
    return reference_gcm_rtcp(&keys, index, true, packet, length);
}

static void assert_hex(const char *expected, const uint8_t *bytes, size_t length)
{
    char text[512];
    text_hex(span_of(bytes, length), text, sizeof(text));
    assert_string_equal(text, expected);
}

static void reference_meets_rfc3711_vectors(void **state)
{
    (void)state;
    uint8_t master[30], key[16], counter[16] = {0}, stream[32] = {0};
    hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6", master, sizeof(master));
    struct session_keys keys = reference_keys(SRTP_PROFILE_AES128_CM_SHA1_80, master, false);
    assert_hex("c61e7a93744f39ee10734afe3ff7a087", keys.key, 16); /* B.3 */
    assert_hex("30cbbc08863d8c85d49db34a9ae1", keys.salt, 14);
    assert_hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4", keys.auth, 20);
    hex("2b7e151628aed2a6abf7158809cf4f3c", key, sizeof(key)); /* B.2 */
    hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", counter, sizeof(counter));
    reference_ctr(key, 16, counter, stream, sizeof(stream));
    assert_hex("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab", stream, 32);
}

static void reference_meets_rfc7714_vectors(void **state)
{
    (void)state;
    static const char *const RTP = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697"
                                   "669736120696e207061727465732074726573";
    static const char *const RTCP = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e"
                                    "61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    struct session_keys keys = {.key_length = 16, .salt_length = 12};
    uint8_t packet[128];
    for (uint8_t i = 0; i < 32; i++)
        keys.key[i] = i;
    memcpy(keys.salt, "Quid pro quo", 12);
    size_t length = reference_gcm_rtp(&keys, 0, 12, packet, hex(RTP, packet, sizeof(packet)));
    assert_hex(
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b"
        "36de3adf8833899d7f27beb16a9152cf765ee4390cce",
        packet, length); /* §16.1.1 */
    length = reference_gcm_rtcp(&keys, 0x5d4, true, packet, hex(RTCP, packet, sizeof(packet)));
    assert_hex(
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46"
        "86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
        packet, length); /* §17.1 */
    length = reference_gcm_rtcp(&keys, 0x5d4, false, packet, hex(RTCP, packet, sizeof(packet)));
    assert_hex(
        "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeef"
        "deadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4",
        packet, length); /* §17.3 */
    keys.key_length = 32;
    length = reference_gcm_rtp(&keys, 0, 12, packet, hex(RTP, packet, sizeof(packet)));
    assert_hex(
        "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f"
        "1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
        packet, length); /* §16.2.1 */
}

struct pair {
    enum srtp_profile profile;
    enum srtp_backend_kind sender, receiver;
};

static const struct pair PAIRS[] = {
    {SRTP_PROFILE_AES128_CM_SHA1_80, SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_LIBSRTP},
    {SRTP_PROFILE_AES128_CM_SHA1_80, SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_EVP},
    {SRTP_PROFILE_AES128_CM_SHA1_80, SRTP_BACKEND_EVP, SRTP_BACKEND_LIBSRTP},
    {SRTP_PROFILE_AES128_CM_SHA1_80, SRTP_BACKEND_EVP, SRTP_BACKEND_EVP},
    {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_LIBSRTP},
    {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_EVP},
    {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_BACKEND_EVP, SRTP_BACKEND_LIBSRTP},
    {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_BACKEND_EVP, SRTP_BACKEND_EVP},
    {SRTP_PROFILE_AEAD_AES_256_GCM, SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_EVP},
    {SRTP_PROFILE_AEAD_AES_256_GCM, SRTP_BACKEND_EVP, SRTP_BACKEND_LIBSRTP},
};

static void random_master(struct chance *chance, uint8_t *master)
{
    for (size_t i = 0; i < SRTP_KEY_AND_SALT_BYTES_MAX; i++)
        master[i] = (uint8_t)chance_next(chance);
}

static struct srtp_context *context_of(enum srtp_profile profile, const uint8_t *master,
                                       enum srtp_direction direction,
                                       enum srtp_backend_kind backend)
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    struct srtp_context *context = NULL;
    assert_result(RESULT_OK,
                  srtp_context_new(profile,
                                   span_of(master, (size_t)info->key_bytes + info->salt_bytes),
                                   direction, backend, &context));
    return context;
}

/* Header with a random choice of CSRCs and extension block; returns its length. */
static size_t random_head(struct chance *chance, uint8_t *packet, uint16_t sequence, uint32_t ssrc)
{
    make_rtp(packet, 96, chance_percent(chance, 30), sequence, (uint32_t)chance_next(chance), ssrc,
             0);
    size_t csrcs = chance_percent(chance, 20) ? chance_below(chance, 4) : 0;
    size_t head = 12 + 4 * csrcs;
    packet[0] |= (uint8_t)csrcs;
    memset(packet + 12, 0x77, 4 * csrcs);
    if (chance_percent(chance, 50)) {
        size_t words = chance_below(chance, 5);
        packet[0] |= 0x10;
        bytes_put_u16(packet + head, 0xbede);
        bytes_put_u16(packet + head + 2, (uint16_t)words);
        memset(packet + head + 4, 0x10, 4 * words);
        head += 4 + 4 * words;
    }
    return head;
}

/* Each packet sealed by the seam must equal the reference byte for byte and open to what it was, through two roll-overs. */
static void walk_stream(const struct pair *pair, struct chance *chance)
{
    uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX];
    random_master(chance, master);
    struct srtp_context *out = context_of(pair->profile, master, SRTP_SEND, pair->sender);
    struct srtp_context *in = context_of(pair->profile, master, SRTP_RECEIVE, pair->receiver);
    uint32_t ssrc = (uint32_t)chance_next(chance);
    uint64_t index = chance_below(chance, 0x7fff);
    while (index < 0x20000 + 2000) {
        uint8_t plain[1500], sealed[1500], expected[1500];
        size_t head = random_head(chance, plain, (uint16_t)index, ssrc);
        size_t length = head + chance_below(chance, 1200);
        for (size_t i = head; i < length; i++)
            plain[i] = (uint8_t)chance_next(chance);
        memcpy(sealed, plain, length);
        memcpy(expected, plain, length);
        size_t sealed_length = length;
        assert_result(RESULT_OK, srtp_seal(out, sealed, &sealed_length, sizeof(sealed)));
        size_t expected_length =
            reference_rtp(pair->profile, master, (uint32_t)(index >> 16), head, expected, length);
        assert_int_equal(sealed_length, expected_length);
        assert_memory_equal(sealed, expected, expected_length);
        uint8_t *exact = exact_copy(sealed, sealed_length);
        size_t opened = sealed_length;
        assert_result(RESULT_OK, srtp_open(in, exact, &opened));
        assert_int_equal(opened, length);
        assert_memory_equal(exact, plain, length);
        free(exact);
        index += 1 + (chance_percent(chance, 50) ? chance_below(chance, 2000) : 0);
    }
    srtp_context_free(out);
    srtp_context_free(in);
}

static void streams_equal_the_reference_through_roll_over(void **state)
{
    (void)state;
    struct chance chance = {test_seed(1)};
    for (size_t i = 0; i < ARRAY_LENGTH(PAIRS); i++)
        walk_stream(&PAIRS[i], &chance);
}

static void rtcp_equals_the_reference(void **state)
{
    (void)state;
    struct chance chance = {test_seed(2)};
    for (size_t p = 0; p < ARRAY_LENGTH(PAIRS); p++) {
        uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX];
        random_master(&chance, master);
        struct srtp_context *out = context_of(PAIRS[p].profile, master, SRTP_SEND, PAIRS[p].sender);
        struct srtp_context *in =
            context_of(PAIRS[p].profile, master, SRTP_RECEIVE, PAIRS[p].receiver);
        for (uint32_t index = 1; index <= 300; index++) {
            uint8_t packet[600] = {0x80, 201}, plain[600], expected[600];
            size_t length = 8 + 4 * (size_t)chance_below(&chance, 100);
            bytes_put_u32(packet + 4, 0xcafe0000);
            memcpy(plain, packet, sizeof(plain));
            memcpy(expected, packet, sizeof(expected));
            size_t sealed = length;
            assert_result(RESULT_OK, srtcp_seal(out, packet, &sealed, sizeof(packet)));
            assert_int_equal(sealed,
                             reference_rtcp(PAIRS[p].profile, master, index, expected, length));
            assert_memory_equal(packet, expected, sealed);
            uint8_t *exact = exact_copy(packet, sealed), *again = exact_copy(packet, sealed);
            size_t opened = sealed;
            assert_result(RESULT_OK, srtcp_open(in, exact, &opened));
            assert_int_equal(opened, length);
            assert_memory_equal(exact, plain, length);
            opened = sealed;
            assert_result(RESULT_REPLAY, srtcp_open(in, again, &opened));
            assert_int_equal(opened, sealed);
            free(exact);
            free(again);
        }
        srtp_context_free(out);
        srtp_context_free(in);
    }
}

/* RFC 7714 §9.3: E = 0, only authenticated. */
static void rtcp_without_encryption_is_authenticated(void **state)
{
    (void)state;
    static const enum srtp_backend_kind BACKENDS[] = {SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_EVP};
    for (size_t i = 0; i < ARRAY_LENGTH(BACKENDS); i++) {
        uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX] = {9};
        struct session_keys keys = reference_keys(SRTP_PROFILE_AEAD_AES_128_GCM, master, true);
        struct srtp_context *in =
            context_of(SRTP_PROFILE_AEAD_AES_128_GCM, master, SRTP_RECEIVE, BACKENDS[i]);
        uint8_t packet[64] = {0x80, 201, 0, 1, 1, 2, 3, 4};
        size_t length = reference_gcm_rtcp(&keys, 7, false, packet, 28);
        packet[9] ^= 1;
        uint8_t *damaged = exact_copy(packet, length);
        assert_result(RESULT_CRYPTO, srtcp_open(in, damaged, &length));
        packet[9] ^= 1;
        assert_result(RESULT_OK, srtcp_open(in, packet, &length));
        assert_int_equal(length, 28);
        free(damaged);
        srtp_context_free(in);
    }
}

/* RFC 3711 §3.4 lets a sender leave SRTCP unencrypted; the DTLS-SRTP profile of AES-CM does not (RFC 5764 §4.1.2), so both
 * backends refuse it although the tag is right. */
static void cm_rtcp_without_encryption_is_refused(void **state)
{
    (void)state;
    static const enum srtp_backend_kind BACKENDS[] = {SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_EVP};
    for (size_t i = 0; i < ARRAY_LENGTH(BACKENDS); i++) {
        uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX] = {9};
        struct session_keys keys = reference_keys(SRTP_PROFILE_AES128_CM_SHA1_80, master, true);
        struct srtp_context *in =
            context_of(SRTP_PROFILE_AES128_CM_SHA1_80, master, SRTP_RECEIVE, BACKENDS[i]);
        uint8_t packet[64] = {0x80, 201, 0, 1, 1, 2, 3, 4, 'p', 'l', 'a', 'i', 'n'};
        size_t length = 42;
        bytes_put_u32(packet + 28, 7);
        reference_hmac(&keys, packet, 32, packet + 32);
        assert_int_not_equal(srtcp_open(in, packet, &length), RESULT_OK);
        assert_int_equal(length, 42);
        srtp_context_free(in);
    }
}

/* A model of RFC 3711 §3.3.2 next to the context: random reordering and repeats around roll-overs. */
static void replay_is_noticed(const struct pair *pair, struct chance *chance)
{
    enum { SPAN = 3 * 0x10000 };
    static bool used[SPAN];
    memset(used, 0, sizeof(used));
    uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX];
    random_master(chance, master);
    struct srtp_context *in = context_of(pair->profile, master, SRTP_RECEIVE, pair->receiver);
    uint32_t highest = 0x7000;
    bool any = false;
    for (int i = 0; i < 6000; i++) {
        uint32_t index = highest + chance_below(chance, 400);
        if (any && chance_percent(chance, 60))
            index = highest - chance_below(chance, 1400);
        if (index >= SPAN)
            break;
        uint8_t packet[100];
        size_t plain = make_rtp(packet, 96, false, (uint16_t)index, 5, 77, 30), length;
        length = reference_rtp(pair->profile, master, index >> 16, 12, packet, plain);
        bool too_old = any && index + SRTP_REPLAY_WINDOW_PACKETS <= highest;
        size_t opened = length;
        enum result result = srtp_open(in, packet, &opened);
        if (too_old || used[index]) {
            assert_result(RESULT_REPLAY, result);
            assert_int_equal(opened, length);
        } else {
            assert_result(RESULT_OK, result);
            used[index] = any = true;
            highest = index > highest ? index : highest;
        }
    }
    assert_true(highest > 2 * 0x10000); /* or the walk saw no roll-over */
    srtp_context_free(in);
}

static void replays_are_refused(void **state)
{
    (void)state;
    struct chance chance = {test_seed(3)};
    for (size_t i = 0; i < ARRAY_LENGTH(PAIRS); i++)
        replay_is_noticed(&PAIRS[i], &chance);
}

static void every_damaged_byte_is_noticed(void **state)
{
    (void)state;
    for (size_t p = 0; p < ARRAY_LENGTH(PAIRS); p++) {
        uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX] = {1, 2, 3}, packet[128];
        struct srtp_context *in =
            context_of(PAIRS[p].profile, master, SRTP_RECEIVE, PAIRS[p].receiver);
        size_t plain = make_rtp(packet, 96, false, 0x1234, 5, 77, 40);
        size_t length = reference_rtp(PAIRS[p].profile, master, 0, 12, packet, plain);
        for (size_t at = 1; at < length; at++) {
            uint8_t *damaged = exact_copy(packet, length);
            size_t left = length;
            damaged[at] ^= 0x40;
            enum result result = srtp_open(in, damaged, &left);
            assert_result(RESULT_CRYPTO, result);
            assert_int_equal(left, length);
            free(damaged);
        }
        for (size_t cut = 0; cut < length; cut++) {
            uint8_t *shorter = exact_copy(packet, cut);
            size_t left = cut;
            assert_int_not_equal(srtp_open(in, shorter, &left), RESULT_OK);
            left = cut;
            assert_int_not_equal(srtcp_open(in, shorter, &left), RESULT_OK);
            free(shorter);
        }
        /* None of it did harm: the packet itself still opens. */
        assert_result(RESULT_OK, srtp_open(in, packet, &length));
        srtp_context_free(in);
    }
}

static void a_number_is_sealed_once(void **state)
{
    (void)state;
    for (size_t p = 0; p < ARRAY_LENGTH(PAIRS); p++) {
        uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX] = {5}, packet[128];
        struct srtp_context *out = context_of(PAIRS[p].profile, master, SRTP_SEND, PAIRS[p].sender);
        size_t length = make_rtp(packet, 96, false, 0x2000, 5, 77, 40), again = length;
        assert_result(RESULT_OK, srtp_seal(out, packet, &length, sizeof(packet)));
        make_rtp(packet, 96, false, 0x2000, 5, 77, 40);
        assert_result(RESULT_REPLAY, srtp_seal(out, packet, &again, sizeof(packet)));
        assert_int_equal(again, 52);
        make_rtp(packet, 96, false, 0x2000, 5, 78, 40);
        assert_result(RESULT_OK, srtp_seal(out, packet, &again, sizeof(packet)));
        srtp_context_free(out);
    }
}

static void strangers_cannot_grow_the_list(void **state)
{
    (void)state;
    for (size_t p = 0; p < ARRAY_LENGTH(PAIRS); p++) {
        uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX] = {8}, packet[128];
        struct srtp_context *in =
            context_of(PAIRS[p].profile, master, SRTP_RECEIVE, PAIRS[p].receiver);
        for (uint32_t ssrc = 1; ssrc <= 1000; ssrc++) { /* unauthenticated: no place taken */
            size_t length = make_rtp(packet, 96, false, 1, 2, ssrc, 60);
            assert_result(RESULT_CRYPTO, srtp_open(in, packet, &length));
        }
        for (uint32_t ssrc = 1; ssrc <= SRTP_STREAMS_MAX + 1; ssrc++) {
            size_t length = make_rtp(packet, 96, false, 0x1000, 2, ssrc, 60);
            length = reference_rtp(PAIRS[p].profile, master, 0, 12, packet, length);
            assert_result(ssrc <= SRTP_STREAMS_MAX ? RESULT_OK : RESULT_TOO_MANY,
                          srtp_open(in, packet, &length));
        }
        srtp_context_free(in);
    }
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    uint8_t master[SRTP_KEY_AND_SALT_BYTES_MAX] = {8}, packet[128];
    struct srtp_context *context = NULL;
    assert_result(RESULT_INVALID, srtp_context_new(SRTP_PROFILE_NONE, span_of(master, 30),
                                                   SRTP_SEND, SRTP_BACKEND_AUTO, &context));
    assert_result(RESULT_INVALID,
                  srtp_context_new(SRTP_PROFILE_AEAD_AES_128_GCM, span_of(master, 30), SRTP_SEND,
                                   SRTP_BACKEND_AUTO, &context));
    assert_null(context);
    context = context_of(SRTP_PROFILE_AEAD_AES_128_GCM, master, SRTP_SEND, SRTP_BACKEND_AUTO);
    size_t length = make_rtp(packet, 96, false, 1, 2, 3, 60);
    assert_result(RESULT_WRONG_STATE, srtp_open(context, packet, &length));
    assert_result(RESULT_WRONG_STATE, srtcp_open(context, packet, &length));
    assert_result(RESULT_TOO_LARGE, srtp_seal(context, packet, &length, length + 19));
    assert_result(RESULT_TOO_LARGE, srtcp_seal(context, packet, &length, length - 1));
    packet[0] = 0x8f; /* 15 CSRCs fit just, an extension does not */
    assert_result(RESULT_OK, srtp_seal(context, packet, &length, sizeof(packet)));
    length = make_rtp(packet, 96, false, 2, 2, 3, 3);
    packet[0] = 0x90;
    assert_result(RESULT_PARSE, srtp_seal(context, packet, &length, sizeof(packet)));
    srtp_context_free(context);
    assert_null(srtp_context_free(NULL));
    assert_int_equal(srtp_profile_from_dtls(7), SRTP_PROFILE_AEAD_AES_128_GCM);
    assert_int_equal(srtp_profile_from_dtls(2), SRTP_PROFILE_NONE);
    assert_null(srtp_profile_info(SRTP_PROFILE_NONE));
}

static int start(void **state)
{
    (void)state;
    return result_ok(srtp_library_start()) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    srtp_library_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_meets_rfc3711_vectors),
        cmocka_unit_test(reference_meets_rfc7714_vectors),
        cmocka_unit_test(streams_equal_the_reference_through_roll_over),
        cmocka_unit_test(rtcp_equals_the_reference),
        cmocka_unit_test(rtcp_without_encryption_is_authenticated),
        cmocka_unit_test(cm_rtcp_without_encryption_is_refused),
        cmocka_unit_test(replays_are_refused),
        cmocka_unit_test(every_damaged_byte_is_noticed),
        cmocka_unit_test(a_number_is_sealed_once),
        cmocka_unit_test(strangers_cannot_grow_the_list),
        cmocka_unit_test(wrong_use_is_refused),
    };
    return cmocka_run_group_tests_name("srtp", tests, start, stop);
}
