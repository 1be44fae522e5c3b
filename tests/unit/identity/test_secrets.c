/* Passwords and their worker, the guard against guessing, tokens, cookies and tickets. */
#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/identity/password.h"
#include "gateway/identity/password_worker.h"
#include "gateway/identity/sign_in_guard.h"
#include "gateway/identity/ticket.h"
#include "gateway/identity/token.h"
#include "gateway/identity/turn_credential.h"

static void test_password(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_SIZE], other[PASSWORD_HASH_SIZE], cheap[PASSWORD_HASH_SIZE];
    assert_int_equal(password_hash("correct horse battery", hash), RESULT_OK);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=65536,t=3,p=1$", 31), 0);
    assert_int_equal(password_hash("correct horse battery", other), RESULT_OK);
    assert_string_not_equal(hash, other);
    assert_int_equal(password_verify(hash, "correct horse battery"), RESULT_OK);
    assert_int_equal(password_verify(hash, "correct horse batterz"), RESULT_DENIED);
    assert_int_equal(password_verify(hash, ""), RESULT_DENIED);
    assert_int_equal(password_verify("", "correct horse battery"), RESULT_DENIED);
    assert_int_equal(password_verify("not a hash", "correct horse battery"), RESULT_DENIED);
    assert_false(password_needs_rehash(hash));
    assert_int_equal(crypto_pwhash_str(cheap, "correct horse battery", 21,
                                       crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
                     0);
    assert_true(password_needs_rehash(cheap));

    char longest[PASSWORD_BYTES_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    longest[PASSWORD_BYTES_MAX + 1] = 0;
    assert_int_equal(password_check_new(longest), RESULT_TOO_LARGE);
    assert_int_equal(password_hash(longest, hash), RESULT_TOO_LARGE);
    longest[PASSWORD_BYTES_MAX] = 0;
    assert_int_equal(password_check_new(longest), RESULT_OK);
    assert_int_equal(password_check_new("elevenchars"), RESULT_INVALID);
    assert_int_equal(password_check_new("twelve chars"), RESULT_OK);
    assert_int_equal(password_check_new("あいうえおかきくけこさ"), RESULT_INVALID);
    assert_int_equal(password_check_new("あいうえおかきくけこさし"), RESULT_OK);
    assert_int_equal(password_check_new("twelve\tchars!"), RESULT_INVALID);
    assert_int_equal(password_check_new("twelve chars\xff"), RESULT_INVALID);
}

/* Against values made with: printf NAME | openssl dgst -sha1 -hmac SECRET -binary | base64 */
static void test_turn_credential(void **state)
{
    static const char secret[] = "north-shore-clinic-turn";
    struct turn_credential credential;
    char name[TURN_NAME_SIZE], other[TURN_NAME_SIZE];
    (void)state;
    turn_credential_make(span_of(secret, strlen(secret)), "abcdefgh12345678",
                         1796000000ll * 1000000 + 999999, 600ll * 1000000, &credential);
    assert_string_equal(credential.username, "1796000600:abcdefgh12345678");
    assert_string_equal(credential.password, "5IQyIxuvIpymMZxXNiOGiWdJn5E=");
    turn_credential_make(span_of(secret, strlen(secret) - 1), "abcdefgh12345678",
                         1796000000ll * 1000000, 600ll * 1000000, &credential);
    assert_string_equal(credential.password, "juWfq1ldNDJh7FoUSpjjZsDweJY=");
    turn_name_new(name);
    turn_name_new(other);
    assert_int_equal(strlen(name), TURN_NAME_SIZE - 1);
    assert_string_not_equal(name, other);
}

static void wake(void *context)
{
    sem_post(context);
}

static void await(sem_t *answered)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 30;
    while (sem_timedwait(answered, &limit) != 0)
        assert_int_equal(errno, EINTR);
}

static void test_worker(void **state)
{
    (void)state;
    sem_t answered;
    struct password_worker *worker;
    struct password_answer answer;
    char cheap[PASSWORD_HASH_SIZE];
    sem_init(&answered, 0, 0);
    assert_int_equal(crypto_pwhash_str(cheap, "correct horse battery", 21,
                                       crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
                     0);
    const struct password_worker_options options = {.wake = wake, .context = &answered};
    assert_int_equal(password_worker_new(&options, &worker), RESULT_OK);
    assert_false(password_worker_poll(worker, &answer));

    struct password_job job = {
        .tag = 7, .task = PASSWORD_VERIFY, .password = "correct horse battery"};
    memcpy(job.hash, cheap, sizeof(cheap));
    assert_int_equal(password_worker_ask(worker, &job), RESULT_OK);
    assert_true(sodium_is_zero((const uint8_t *)job.password, sizeof(job.password)));
    await(&answered);
    assert_true(password_worker_poll(worker, &answer));
    assert_int_equal(answer.tag, 7);
    assert_int_equal(answer.result, RESULT_OK);
    /* The outdated hash comes back renewed, of the same password. */
    assert_false(password_needs_rehash(answer.hash));
    assert_int_equal(password_verify(answer.hash, "correct horse battery"), RESULT_OK);

    job = (struct password_job){.tag = 8, .task = PASSWORD_HASH, .password = "another password"};
    assert_int_equal(password_worker_ask(worker, &job), RESULT_OK);
    await(&answered);
    assert_true(password_worker_poll(worker, &answer));
    assert_int_equal(answer.tag, 8);
    assert_int_equal(password_verify(answer.hash, "another password"), RESULT_OK);

    /* Eight between ask and poll, then full; a polled answer makes room. */
    for (unsigned i = 0; i <= PASSWORD_JOBS_MAX; i++) {
        job = (struct password_job){.tag = i, .task = PASSWORD_VERIFY, .password = "wrong"};
        memcpy(job.hash, cheap, sizeof(cheap));
        assert_int_equal(password_worker_ask(worker, &job),
                         i < PASSWORD_JOBS_MAX ? RESULT_OK : RESULT_FULL);
        assert_int_equal(job.password[0], 0);
    }
    for (unsigned i = 0; i < PASSWORD_JOBS_MAX; i++) {
        await(&answered);
        assert_true(password_worker_poll(worker, &answer));
        assert_int_equal(answer.tag, i);
        assert_int_equal(answer.result, RESULT_DENIED);
        assert_int_equal(answer.hash[0], 0);
    }
    /* Ends with jobs still waiting. */
    for (unsigned i = 0; i < 4; i++) {
        job =
            (struct password_job){.tag = i, .task = PASSWORD_HASH, .password = "another password"};
        assert_int_equal(password_worker_ask(worker, &job), RESULT_OK);
    }
    password_worker_free(worker);
    sem_destroy(&answered);
}

#define MINUTE_US (60 * US_PER_S)

static void test_guard(void **state)
{
    (void)state;
    static const int waits_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60, 15 * 60};
    struct sign_in_guard *guard;
    assert_int_equal(sign_in_guard_new(16, &guard), RESULT_OK);
    int64_t now_us = 1000 * US_PER_S;
    assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "192.0.2.0/24", now_us), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(waits_s); i++) {
        sign_in_guard_failed(guard, "tanaka", "192.0.2.0/24", now_us);
        assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "192.0.2.0/24", now_us), waits_s[i]);
        assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "192.0.2.0/24", now_us + 1),
                         waits_s[i]);
        now_us += waits_s[i] * US_PER_S;
        assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "192.0.2.0/24", now_us - 1), 1);
        assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "192.0.2.0/24", now_us), 0);
    }
    /* The lock is over and so is the memory of it. */
    sign_in_guard_failed(guard, "tanaka", "192.0.2.0/24", now_us);
    assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "192.0.2.0/24", now_us), 1);
    /* Another address or account is not held up; neither is one that shares the letters. */
    assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "198.51.100.0/24", now_us), 0);
    assert_int_equal(sign_in_guard_wait_s(guard, "suzuki", "192.0.2.0/24", now_us), 0);
    assert_int_equal(sign_in_guard_wait_s(guard, "tanaka1", "92.0.2.0/24", now_us), 0);
    sign_in_guard_succeeded(guard, "tanaka", "192.0.2.0/24");
    assert_int_equal(sign_in_guard_wait_s(guard, "tanaka", "192.0.2.0/24", now_us), 0);
    /* Ten failures spread over more than a quarter of an hour slow down, but do not lock. */
    for (int i = 0; i < 20; i++) {
        now_us += 2 * MINUTE_US;
        sign_in_guard_failed(guard, "sato", "::/64", now_us);
        assert_true(sign_in_guard_wait_s(guard, "sato", "::/64", now_us) <= 60);
    }
    guard = sign_in_guard_free(guard);
    assert_null(guard);
}

static void test_guard_full(void **state)
{
    (void)state;
    struct sign_in_guard *guard;
    assert_int_equal(sign_in_guard_new(4, &guard), RESULT_OK);
    int64_t now_us = US_PER_S;
    for (int i = 0; i < 6; i++) {
        char account[8];
        snprintf(account, sizeof(account), "a%d", i);
        for (int k = 0; k < 7; k++)
            sign_in_guard_failed(guard, account, "p", now_us);
        now_us += 1000;
    }
    /* The two that were quiet longest are forgotten, the others not. */
    for (int i = 0; i < 6; i++) {
        char account[8];
        snprintf(account, sizeof(account), "a%d", i);
        assert_int_equal(sign_in_guard_wait_s(guard, account, "p", now_us) > 0, i >= 2);
    }
    sign_in_guard_free(guard);
    assert_int_equal(sign_in_guard_new(0, &guard), RESULT_INVALID);
}

static void test_token(void **state)
{
    (void)state;
    struct token a = token_new(), b = token_new();
    assert_true(token_is_wellformed(a.text));
    assert_string_not_equal(a.text, b.text);
    struct sha256 hash_a = token_hash(a.text), hash_b = token_hash(b.text);
    assert_false(sha256_equal(&hash_a, &hash_b));
    char hex[65];
    hash_a = token_hash("abc"); /* FIPS 180-4 */
    text_hex(span_of(hash_a.bytes, 32), hex, sizeof(hex));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_false(token_is_wellformed(""));
    a.text[42] = 0;
    assert_false(token_is_wellformed(a.text));
    b.text[20] = '=';
    assert_false(token_is_wellformed(b.text));
    assert_false(token_is_wellformed("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

static void test_cookie(void **state)
{
    (void)state;
    char text[COOKIE_TEXT_SIZE];
    const char *token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_int_equal(cookie_format(COOKIE_SESSION, token, 43200, text), RESULT_OK);
    assert_string_equal(text, "__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; "
                              "Secure; HttpOnly; SameSite=Strict; Max-Age=43200");
    assert_int_equal(cookie_format_clear(COOKIE_DEVICE, text), RESULT_OK);
    assert_string_equal(text,
                        "__Host-device=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    assert_int_equal(cookie_format("session", token, 60, text), RESULT_INVALID);
    assert_int_equal(cookie_format("__Host-", token, 60, text), RESULT_INVALID);
    assert_int_equal(cookie_format("__Host-a b", token, 60, text), RESULT_INVALID);
    assert_int_equal(cookie_format(COOKIE_SESSION, "short; Domain=evil", 60, text), RESULT_INVALID);
    assert_int_equal(cookie_format(COOKIE_SESSION, token, 0, text), RESULT_INVALID);
    assert_int_equal(cookie_format(COOKIE_SESSION, token, INT64_MAX, text), RESULT_INVALID);
}

static struct id session_of(int number)
{
    char text[ID_TEXT_SIZE];
    struct id id;
    snprintf(text, sizeof(text), "n_%d", number);
    assert_true(id_parse(text, &id));
    return id;
}

static void test_ticket(void **state)
{
    (void)state;
    struct ticket_table *table;
    struct token ticket, again;
    struct id session = session_of(1), got;
    assert_int_equal(ticket_table_new(4, &table), RESULT_OK);
    ticket_issue(table, &session, 0, &ticket);
    assert_int_equal(ticket_redeem(table, ticket.text, TICKET_LIFE_US - 1, &got), RESULT_OK);
    assert_true(id_equal(&got, &session));
    /* Once only. */
    assert_int_equal(ticket_redeem(table, ticket.text, 1, &got), RESULT_DENIED);
    /* Thirty seconds only. */
    ticket_issue(table, &session, 0, &ticket);
    assert_int_equal(ticket_redeem(table, ticket.text, TICKET_LIFE_US, &got), RESULT_DENIED);
    assert_int_equal(ticket_redeem(table, ticket.text, 0, &got), RESULT_DENIED);
    /* A new one kills the old one of the same session; signing out kills it too. */
    ticket_issue(table, &session, 0, &ticket);
    ticket_issue(table, &session, 0, &again);
    assert_int_equal(ticket_redeem(table, ticket.text, 1, &got), RESULT_DENIED);
    ticket_revoke(table, &session);
    assert_int_equal(ticket_redeem(table, again.text, 1, &got), RESULT_DENIED);
    assert_int_equal(ticket_redeem(table, "", 1, &got), RESULT_DENIED);
    assert_int_equal(ticket_redeem(table, token_new().text, 1, &got), RESULT_DENIED);
    /* Full: the oldest makes room. */
    struct token tickets[6];
    for (int i = 0; i < 6; i++) {
        struct id other = session_of(10 + i);
        ticket_issue(table, &other, i, &tickets[i]);
    }
    for (int i = 0; i < 6; i++)
        assert_int_equal(ticket_redeem(table, tickets[i].text, 10, &got),
                         i < 2 ? RESULT_DENIED : RESULT_OK);
    assert_null(ticket_table_free(table));
    assert_int_equal(ticket_table_new(0, &table), RESULT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password),   cmocka_unit_test(test_turn_credential),
        cmocka_unit_test(test_worker),     cmocka_unit_test(test_guard),
        cmocka_unit_test(test_guard_full), cmocka_unit_test(test_token),
        cmocka_unit_test(test_cookie),     cmocka_unit_test(test_ticket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
