#include "media/srtp/srtp_evp_parts.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum result evp_derive(struct span master, size_t key_bytes, enum evp_label label,
                       uint8_t *ret_bytes, size_t length)
{
    static const uint8_t ZEROS[32];
    uint8_t counter[16] = {0};
    memcpy(counter, master.data + key_bytes, master.length - key_bytes);
    counter[7] ^= (uint8_t)label;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (cipher == NULL)
        return RESULT_NO_MEMORY;
    int written = 0;
    const EVP_CIPHER *kind = key_bytes == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
    bool ok = EVP_EncryptInit_ex(cipher, kind, NULL, master.data, counter) == 1 &&
              EVP_EncryptUpdate(cipher, ret_bytes, &written, ZEROS, (int)length) == 1 &&
              written == (int)length;
    EVP_CIPHER_CTX_free(cipher);
    OPENSSL_cleanse(counter, sizeof(counter));
    return ok ? RESULT_OK : RESULT_LIBRARY;
}

struct evp_stream *evp_stream_at(struct evp_streams *streams, uint32_t place)
{
    if (streams->at[place] == NULL)
        streams->at[place] = calloc(1, sizeof(*streams->at[place]));
    return streams->at[place];
}

void evp_streams_free(struct evp_streams *streams)
{
    for (uint32_t i = 0; i < SRTP_STREAMS_MAX; i++)
        free(streams->at[i]);
}

uint64_t evp_guess_index(const struct evp_stream *stream, uint16_t sequence)
{
    if (!stream->rtp.started)
        return sequence;
    uint64_t highest = stream->rtp.highest;
    uint64_t roll_overs = highest >> 16;
    int distance = (int)sequence - (int)(highest & 0xffff);
    if (distance < -0x8000)
        roll_overs++;
    else if (distance > 0x8000 && roll_overs > 0)
        roll_overs--;
    return roll_overs << 16 | sequence;
}
