/* The one door to everything that lasts: state and audit records, written together or not at all (promise P2).
 * The caller says what shall be stored, as typed operations; which database does it is not visible here.
 *
 * Threads: the thread that calls store_open is the owner ("control" below) and the only caller of every function that
 *          takes a struct store, unless a comment says otherwise. Inside, one writer thread is the only writer, and
 *          reader threads answer queries, each on its own connection. Callbacks run on the control thread, inside
 *          store_dispatch or store_close, never inside store_submit or store_query.
 * Order:   store_open … (transactions, queries, store_dispatch)* … store_close.
 * Bounds:  STORE_QUEUE_MAX transactions and STORE_QUERIES_MAX queries in flight; beyond that RESULT_FULL.
 * Times are microseconds of the wall clock since 1970 (…_us), 0 = not yet. Texts are UTF-8, copied, NULL = none. */
#ifndef GATEWAY_STORAGE_STORE_H
#define GATEWAY_STORAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/counters.h"
#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"
#include "gateway/model/audit_record.h"

#define STORE_QUEUE_MAX           1024
#define STORE_QUERIES_MAX         256
#define STORE_ROWS_MAX            1000       /* of one answer; live consultations: 10 times that */
#define STORE_TRANSACTION_OPS_MAX 64         /* operations and records of one transaction */
#define STORE_BLOB_BYTES_MAX      (1 << 20)  /* one text or blob */
#define STORE_NO_SEQ              UINT64_MAX /* the transaction had no record */

struct store;
struct store_transaction;
struct store_rows;

struct store_options {
    const char *
        path; /* database file; its folder exists and is ours alone; "-wal", "-shm", "-lock" lie beside it */
    const char *log_origin; /* "<org>/<node>/audit/<year>" */
    const char *log_vkey;   /* verifier key text of the log, part of the genesis value (§7.3) */
    const char
        *node; /* short name of this gateway, [a-z0-9_-]{1,30}; actor of the log's own records */
    const char *
        key_path; /* key that wraps the per-person keys (§7.4), see store_key_create; not in the same backup */
    unsigned readers;      /* reader threads, 0 means 1; at most 4 */
    unsigned heartbeat_ms; /* log.heartbeat, also when idle; 0 means 60 000 */
};

/* Called from the store's own threads when there is something to dispatch. Must be safe from any thread and cheap
 * (uv_async_send, lws_cancel_service); must not call back into the store. */
typedef void (*store_wake_fn)(void *owner);

/* Writes a fresh wrapping key, mode 0600, and makes it durable. RESULT_EXISTS when the file is there (it is left
 * alone), RESULT_IO. Thread: any. */
MUST_CHECK enum result store_key_create(const char *path);

/* Opens, migrates and checks the database, takes the writer's lock and starts the threads; when it returns RESULT_OK the
 * log.open record is durable. `counters` is from then on written by the writer thread alone and outlives the store.
 * RESULT_EXISTS another process has it open; RESULT_UNSUPPORTED newer schema; RESULT_TAMPERED failed integrity check
 * or log head, or a key that cannot be read; RESULT_INVALID options, or origin known with another vkey; RESULT_STORAGE. */
MUST_CHECK enum result store_open(const struct store_options *options, store_wake_fn wake,
                                  void *owner, struct counters *counters, struct store **ret_store);
/* For command-line verbs and the signer, beside a running gateway too: only store_query_now and store_close work, nothing
 * is written, log_vkey and key_path may be NULL (then sealed values read as NULL). RESULT_NOT_FOUND without a database. */
MUST_CHECK enum result store_open_reader(const struct store_options *options,
                                         struct store **ret_store);
/* Writes what is queued and log.close, answers every callback that is owed, ends the threads. Returns NULL. */
struct store *store_close(struct store *store);

/* Runs the callbacks that are due. Call after a wake; harmless at any time. */
void store_dispatch(struct store *store);

/* True from a failed commit until the next one that succeeds. Submissions are still tried (that is how it recovers),
 * but new consultations should be refused. Thread: any. */
bool store_degraded(const struct store *store);

/* Moves the schema of a closed database up or down to `version` (0: the newest), one step at a time, each in its own
 * transaction. RESULT_UNSUPPORTED: no such version, or a step that would destroy the audit log. Thread: any. */
MUST_CHECK enum result store_migrate(const struct store_options *options, unsigned version);

/* ---- transactions ------------------------------------------------------------------------------------------------
 * Owner: the caller until store_submit, which takes it in every case. A failure while building (no memory, too many
 * operations, too large) is remembered and returned by store_submit, so a builder checks once; NULL is tolerated.
 * Everything is copied. put_… inserts or replaces the row with that id. */

struct store_transaction *store_transaction_new(void);
struct store_transaction *
store_transaction_free(struct store_transaction *transaction); /* for one never submitted */

struct store_institution {
    struct id id;
    const char *name_ja;
    const char *name_en;
    const char *telephone;
    const char *settings; /* JSON */
};
void store_put_institution(struct store_transaction *transaction,
                           const struct store_institution *institution);

struct store_staff {
    struct id id;
    struct id institution;
    const char *login; /* unique in the whole store */
    const char *display_name_ja;
    const char *display_name_en;
    const char *role;          /* role_name() */
    const char *password_hash; /* Argon2id text */
    int registered_year;       /* of the physician's licence; 0 none */
    bool disabled;
    int64_t created_us;
};
void store_put_staff(struct store_transaction *transaction, const struct store_staff *staff);

struct store_staff_session {
    struct id id; /* n_… */
    struct id staff;
    struct sha256 secret; /* SHA-256 of the cookie's secret */
    int64_t created_us;
    int64_t seen_us;
    int64_t expires_us;
};
void store_put_staff_session(struct store_transaction *transaction,
                             const struct store_staff_session *session);
/* The session was used. One that was deleted meanwhile stays deleted. */
void store_see_staff_session(struct store_transaction *transaction, const struct id *session,
                             int64_t seen_us);
void store_delete_staff_session(struct store_transaction *transaction, const struct id *session);
/* All sessions of one person (password changed, account disabled). */
void store_delete_staff_sessions_of(struct store_transaction *transaction, const struct id *staff);

/* `personal` is sealed under the key of `subject`, which is made on first use. RESULT_STALE once that key is erased. */
struct store_patient {
    struct id id;
    struct id institution;
    struct id subject;    /* k_… */
    const char *personal; /* canonical JSON: name, kana, telephone … */
    int64_t created_us;
};
void store_put_patient(struct store_transaction *transaction, const struct store_patient *patient);

struct store_consultation {
    struct id id;
    struct id institution;
    struct id patient;
    struct id physician;
    struct id subject; /* the patient's key: `blob` is sealed under it */
    const char *state; /* consultation_state_name() */
    bool over;         /* ended: no longer among the live ones */
    uint32_t
        revision; /* must be greater than the stored one, else the transaction gets RESULT_STALE */
    const void
        *blob; /* what control needs to go on after a restart; give none once it is over (P5) */
    size_t blob_length;
    int64_t booked_for_us;
    int64_t lobby_at_us;
    int64_t admitted_at_us;
    int64_t started_at_us;
    int64_t finished_at_us;
    int64_t ended_at_us;
    const char *outcome;
    const char *end_reason;
    bool pack_pinned;
    struct sha256 pack_hash;
    int64_t gap_s;      /* seconds without sound or picture so far */
    int64_t examined_s; /* examination clock */
    const char *
        search_text; /* what the console searches: physician's and clinic's name; nothing personal of the patient */
};
void store_put_consultation(struct store_transaction *transaction,
                            const struct store_consultation *consultation);

/* Somebody invited to one consultation; `personal` is sealed as the patient's is. */
struct store_guest {
    struct id id; /* g_… */
    struct id consultation;
    const char *role;     /* role_name() */
    struct id subject;    /* k_…: the guest's own key */
    const char *personal; /* canonical JSON: name */
    int64_t created_us;
};
void store_put_guest(struct store_transaction *transaction, const struct store_guest *guest);

struct store_invitation {
    struct id id; /* v_… */
    struct id consultation;
    struct id patient;
    struct id guest;      /* whose link it is; empty: the patient's */
    struct sha256 secret; /* SHA-256 of the link's secret */
    int64_t created_us;
    int64_t expires_us;
    int64_t redeemed_us;
    struct id device; /* b_…: the browser that holds it */
};
void store_put_invitation(struct store_transaction *transaction,
                          const struct store_invitation *invitation);

struct store_device {
    struct id id; /* b_… */
    struct id invitation;
    struct id consultation;
    struct sha256 secret; /* SHA-256 of the device cookie's secret */
    int64_t created_us;
    int64_t expires_us;
};
/* Every link of the patient to the visit so far ends at `now_us`, and every browser bound to one is forgotten but `kept`
 * (empty: none); those of guests stay. Links and browsers put later in the same transaction are not touched. */
void store_void_invitations(struct store_transaction *transaction, const struct id *consultation,
                            const struct id *kept, int64_t now_us);
void store_put_device(struct store_transaction *transaction, const struct store_device *device);
void store_delete_device(struct store_transaction *transaction, const struct id *device);

/* A device's way into one consultation (WHIP, WHEP). Never replaced: RESULT_EXISTS. */
struct store_device_token {
    struct id id; /* g_…: who the device is there */
    struct id consultation;
    struct sha256 secret; /* SHA-256 of the Bearer token */
    bool publishes, plays;
    int watches; /* seat whose sound and picture it plays first */
    int64_t created_us;
    int64_t expires_us;
};
void store_put_device_token(struct store_transaction *transaction,
                            const struct store_device_token *token);
/* RESULT_NOT_FOUND when that consultation has none, or it was revoked before. */
void store_revoke_device_token(struct store_transaction *transaction, const struct id *token,
                               const struct id *consultation, int64_t now_us);

/* A pack is stored once and never changed; putting the same hash again does nothing. */
struct store_pack {
    struct sha256 hash;
    const char *id;
    const char *version;
    const void *bytes;
    size_t length;
    int64_t stored_us;
};
void store_put_pack(struct store_transaction *transaction, const struct store_pack *pack);

/* One rule decision (P4). `values` and the digest's key are sealed under the patient's key. Never replaced: RESULT_EXISTS. */
struct store_decision {
    struct id id; /* d_… */
    struct id consultation;
    struct id subject;
    const char *gate;    /* rule_gate_name() */
    const char *verdict; /* rule_action_name() */
    struct sha256 pack_hash;
    const char *rule_ids;  /* failed rules, space between */
    const char *suppliers; /* which fact came from whom, JSON */
    struct sha256 inputs;  /* HMAC-SHA-256(inputs_key, values) */
    uint8_t inputs_key[SHA256_BYTES];
    const char *values; /* canonical JSON; booleans, enums, integers, dates */
    int64_t at_us;
};
void store_put_decision(struct store_transaction *transaction,
                        const struct store_decision *decision);

/* A signed head of this log, as the signer returned it. */
struct store_checkpoint {
    uint64_t size;
    struct sha256 root;
    const char *note; /* signed note text */
    int64_t at_us;
};
void store_put_checkpoint(struct store_transaction *transaction,
                          const struct store_checkpoint *checkpoint);

/* Destroys the key of one person: everything sealed under it can no longer be read, every proof still holds (§7.4).
 * The caller adds the privacy.erase record. RESULT_NOT_FOUND when there is no such key. */
void store_erase_subject_key(struct store_transaction *transaction, const struct id *subject);

/* One audit record; records keep their order. The writer gives seq, prev and times, seals the sealed values. The record
 * is found under a consultation when object_kind is "consult", or by an extra with key "consultation". */
void store_transaction_record(struct store_transaction *transaction,
                              const struct audit_draft *draft);

/* `first_seq` is the log index of the transaction's first record. On any other result nothing of it is stored:
 * RESULT_STALE (old revision, erased key), RESULT_CRYPTO (a key that does not open), RESULT_EXISTS (a unique value is taken), RESULT_INVALID (a record that cannot
 * be encoded, a reference to nothing), RESULT_NOT_FOUND, RESULT_STORAGE (disk full, failed write or fsync). */
typedef void (*store_done_fn)(void *owner, enum result result, uint64_t first_seq);

/* Takes the transaction. The callback comes exactly once if and only if this returns RESULT_OK; transactions become
 * durable and are answered in the order of submission. RESULT_FULL, RESULT_NO_MEMORY, RESULT_TOO_LARGE, RESULT_TOO_MANY,
 * RESULT_INVALID; RESULT_WRONG_STATE from a callback that store_close runs. */
MUST_CHECK enum result store_submit(struct store *store, struct store_transaction *transaction,
                                    store_done_fn done, void *owner);

/* ---- queries -----------------------------------------------------------------------------------------------------
 * A closed list: X(NAME, what of struct store_query it takes, columns of the answer). */
#define STORE_QUERY_LIST(X)                                                                          \
    X(STAFF_BY_LOGIN, "key = login", STORE_COLUMNS_STAFF)                                            \
    X(STAFF_BY_ID, "key", STORE_COLUMNS_STAFF)                                                       \
    X(STAFF_OF_INSTITUTION, "institution", STORE_COLUMNS_STAFF)                                      \
    X(STAFF_SESSION_BY_HASH, "hash",                                                                 \
      "id staff institution role display_name_ja display_name_en disabled "                          \
      "created_us seen_us expires_us")                                                               \
    X(INSTITUTION_BY_ID, "key", "id name_ja name_en telephone settings")                             \
    X(INSTITUTIONS, "", "id name_ja name_en telephone settings")                                     \
    X(PATIENT_BY_ID, "key",                                                                          \
      "id institution subject personal created_us") /* personal NULL: erased */                      \
    X(INVITATION_BY_HASH, "hash", STORE_COLUMNS_INVITATION)                                          \
    X(INVITATIONS_OF_CONSULTATION, "key", STORE_COLUMNS_INVITATION)                                  \
    X(DEVICE_BY_HASH, "hash",                                                                        \
      "id invitation consultation created_us expires_us guest guest_role") /* guest NULL: patient */ \
    X(GUESTS_OF_CONSULTATION, "key",                                                                 \
      "id consultation role subject personal created_us") /* personal NULL: erased */                \
    X(DEVICE_TOKEN_BY_HASH, "hash", STORE_COLUMNS_DEVICE_TOKEN)                                      \
    X(DEVICE_TOKENS_OF_CONSULTATION, "key", STORE_COLUMNS_DEVICE_TOKEN)                              \
    X(CONSULTATION_BY_ID, "key, institution or NULL", STORE_COLUMNS_CONSULTATION " blob")            \
    X(CONSULTATIONS_LIVE, "", STORE_COLUMNS_CONSULTATION " blob")                                    \
    X(CONSULTATIONS_SEARCH,                                                                          \
      "institution or NULL, text, state, physician, from_us, to_us, first, limit",                   \
      STORE_COLUMNS_CONSULTATION) /* newest booking first */                                         \
    X(PACK_BY_HASH, "hash", "hash id version bytes stored_us")                                       \
    X(DECISIONS_OF_CONSULTATION, "key",                                                              \
      "id consultation subject gate verdict pack_hash rule_ids suppliers inputs "                    \
      "inputs_key values at_us") /* key and values NULL: erased */                                   \
    X(RECORDS, "first = seq, limit", STORE_COLUMNS_RECORD)                                           \
    X(RECORDS_OF_CONSULTATION, "key, first = rows to skip, limit", STORE_COLUMNS_RECORD)             \
    X(LEAVES, "first = seq, limit", "seq leaf")                                                      \
    X(SEALED_OF_RECORD, "first = seq",                                                               \
      "seq name subject commitment value_key value") /* NULL: erased */                              \
    X(LOG_HEAD, "", "origin vkey size leaf at_us") /* leaf of the last record; NULL when empty */    \
    X(CHECKPOINT_NEWEST, "", "size root note at_us")                                                 \
    X(COUNTS, "institution or NULL", "consultations live over patients staff records decisions")

#define STORE_COLUMNS_STAFF                                                                        \
    "id institution login display_name_ja display_name_en role password_hash registered_year "     \
    "disabled created_us"
#define STORE_COLUMNS_INVITATION                                                                   \
    "id consultation patient secret created_us expires_us redeemed_us device guest guest_role"
#define STORE_COLUMNS_DEVICE_TOKEN                                                                 \
    "id consultation publishes plays watches created_us expires_us revoked_us"
#define STORE_COLUMNS_CONSULTATION                                                                 \
    "id institution patient physician subject state over revision booked_for_us lobby_at_us "      \
    "admitted_at_us "                                                                              \
    "started_at_us finished_at_us ended_at_us outcome end_reason pack_hash gap_s examined_s"
#define STORE_COLUMNS_RECORD "seq bytes leaf consultation institution act outcome at_us"

enum store_query_kind {
#define X(name, takes, columns) STORE_QUERY_##name,
    STORE_QUERY_LIST(X)
#undef X
        STORE_QUERY_COUNT
};

/* Ids and texts are copied; unused fields stay zero. */
struct store_query {
    enum store_query_kind kind;
    const char *key;         /* id or login */
    const char *institution; /* NULL: any (only for those who may see all) */
    struct sha256 hash;
    const char *text;      /* part of search_text or of an id; NULL any */
    const char *state;     /* NULL any */
    const char *physician; /* s_…; NULL any */
    const char
        *origin;     /* log of records, leaves, sealed, head, checkpoint; NULL: the present one */
    int64_t from_us; /* booked at or after; 0 any */
    int64_t to_us;   /* booked before; 0 any */
    uint64_t first;  /* seq, or rows to skip */
    uint32_t limit;  /* 0 or more than STORE_ROWS_MAX: STORE_ROWS_MAX */
};

/* `rows` lives until the callback returns; NULL unless RESULT_OK. No row is not an error: store_rows_count is 0. */
typedef void (*store_rows_fn)(void *owner, enum result result, const struct store_rows *rows);

/* The callback comes exactly once if and only if this returns RESULT_OK. RESULT_FULL, RESULT_NO_MEMORY. */
MUST_CHECK enum result store_query(struct store *store, const struct store_query *query,
                                   store_rows_fn done, void *owner);
/* Answers before it returns; for start-up and command-line verbs, it waits for the disk. Free with store_rows_free. */
MUST_CHECK enum result store_query_now(struct store *store, const struct store_query *query,
                                       struct store_rows **ret_rows);

/* Reading an answer; thread: whoever holds it. A column is named as in the list above (another name is a bug and ends
 * the process), `row` < store_rows_count. Texts and blobs live as long as the rows. */
size_t store_rows_count(const struct store_rows *rows);
bool store_rows_is_null(const struct store_rows *rows, size_t row, const char *column);
int64_t store_rows_integer(const struct store_rows *rows, size_t row,
                           const char *column); /* 0 for null */
const char *store_rows_text(const struct store_rows *rows, size_t row,
                            const char *column); /* "" for null */
struct span store_rows_blob(const struct store_rows *rows, size_t row,
                            const char *column); /* empty for null */
/* The empty id when the column is null or no id. */
struct id store_rows_id(const struct store_rows *rows, size_t row, const char *column);
/* False when the column is null or not 32 bytes long. */
MUST_CHECK bool store_rows_hash(const struct store_rows *rows, size_t row, const char *column,
                                struct sha256 *ret_hash);
struct store_rows *
store_rows_free(struct store_rows *rows); /* wipes personal values; returns NULL */

#endif
