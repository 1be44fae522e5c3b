#include "gateway/storage/sqlite/statements.h"

#include "gateway/base/check.h"

#define STAFF                                                                                      \
    "SELECT id, institution, login, display_name_ja, display_name_en, role, password_hash, "       \
    "registered_year, "                                                                            \
    "disabled, created_us FROM staff "
#define INVITATION                                                                                 \
    "SELECT v.id, v.consultation, v.patient, v.secret, v.created_us, v.expires_us, "               \
    "v.redeemed_us, v.device, v.guest, g.role FROM invitation v LEFT JOIN guest g "                \
    "ON g.id = v.guest "
#define DEVICE_TOKEN                                                                               \
    "SELECT id, consultation, publishes, plays, watches, created_us, expires_us, revoked_us FROM " \
    "device_token "
#define CONSULTATION                                                                               \
    "SELECT id, institution, patient, physician, subject, state, over, revision, booked_for_us, "  \
    "lobby_at_us, "                                                                                \
    "admitted_at_us, started_at_us, finished_at_us, ended_at_us, outcome, end_reason, pack_hash, " \
    "gap_s, examined_s"
#define RECORD                                                                                     \
    "SELECT seq, bytes, leaf, consultation, institution, act, outcome, at_us FROM record "
#define LOG_OF(parameter) "(SELECT id FROM log WHERE origin = " parameter ")"

/* Parameters in the order of the columns that are written, or as named beside the statement. */
static const char *const TEXTS[STATEMENT_COUNT] = {
    [STATEMENT_PUT_INSTITUTION] =
        "INSERT INTO institution (id, name_ja, name_en, telephone, settings) VALUES (?1, ?2, ?3, "
        "?4, ?5) "
        "ON CONFLICT (id) DO UPDATE SET name_ja = ?2, name_en = ?3, telephone = ?4, settings = ?5",
    [STATEMENT_PUT_STAFF] =
        "INSERT INTO staff (id, institution, login, display_name_ja, display_name_en, role, "
        "password_hash, "
        "registered_year, disabled, created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
        "ON CONFLICT (id) DO UPDATE SET institution = ?2, login = ?3, display_name_ja = ?4, "
        "display_name_en = ?5, "
        "role = ?6, password_hash = ?7, registered_year = ?8, disabled = ?9, created_us = ?10",
    [STATEMENT_PUT_STAFF_SESSION] =
        "INSERT INTO staff_session (id, staff, secret, created_us, seen_us, expires_us) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET staff = ?2, secret = ?3, "
        "created_us = ?4, "
        "seen_us = ?5, expires_us = ?6",
    [STATEMENT_DELETE_STAFF_SESSION] = "DELETE FROM staff_session WHERE id = ?1",
    [STATEMENT_DELETE_STAFF_SESSIONS_OF] = "DELETE FROM staff_session WHERE staff = ?1",
    [STATEMENT_SEE_STAFF_SESSION] = "UPDATE staff_session SET seen_us = ?2 WHERE id = ?1",
    [STATEMENT_PUT_PATIENT] = "INSERT INTO patient (id, institution, subject, personal, "
                              "created_us) VALUES (?1, ?2, ?3, ?4, ?5) "
                              "ON CONFLICT (id) DO UPDATE SET institution = ?2, subject = ?3, "
                              "personal = ?4, created_us = ?5",
    [STATEMENT_PUT_CONSULTATION] = "INSERT INTO consultation (id, institution, patient, physician, "
                                   "subject, state, over, revision, blob, "
                                   "booked_for_us, lobby_at_us, admitted_at_us, started_at_us, "
                                   "finished_at_us, ended_at_us, outcome, "
                                   "end_reason, pack_hash, gap_s, examined_s, search_text) VALUES "
                                   "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                                   "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) ON "
                                   "CONFLICT (id) DO UPDATE SET institution = ?2, "
                                   "patient = ?3, physician = ?4, subject = ?5, state = ?6, over = "
                                   "?7, revision = ?8, blob = ?9, "
                                   "booked_for_us = ?10, lobby_at_us = ?11, admitted_at_us = ?12, "
                                   "started_at_us = ?13, finished_at_us = ?14, "
                                   "ended_at_us = ?15, outcome = ?16, end_reason = ?17, pack_hash "
                                   "= ?18, gap_s = ?19, examined_s = ?20, "
                                   "search_text = ?21 WHERE revision < ?8",
    [STATEMENT_PUT_GUEST] =
        "INSERT INTO guest (id, consultation, role, subject, personal, created_us) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET consultation = ?2, "
        "role = ?3, subject = ?4, personal = ?5, created_us = ?6",
    [STATEMENT_PUT_INVITATION] =
        "INSERT INTO invitation (id, consultation, patient, secret, created_us, expires_us, "
        "redeemed_us, device, guest) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET "
        "consultation = ?2, patient = ?3, secret = ?4, created_us = ?5, expires_us = ?6, "
        "redeemed_us = ?7, device = ?8, guest = ?9",
    [STATEMENT_PUT_DEVICE] =
        "INSERT INTO device (id, invitation, consultation, secret, created_us, expires_us) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET invitation = ?2, "
        "consultation = ?3, "
        "secret = ?4, created_us = ?5, expires_us = ?6",
    [STATEMENT_PUT_DEVICE_TOKEN] =
        "INSERT INTO device_token (id, consultation, secret, publishes, plays, watches, "
        "created_us, expires_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_REVOKE_DEVICE_TOKEN] = "UPDATE device_token SET revoked_us = ?3 WHERE id = ?1 AND "
                                      "consultation = ?2 AND revoked_us IS NULL",
    [STATEMENT_DELETE_DEVICE] = "DELETE FROM device WHERE id = ?1",
    [STATEMENT_VOID_INVITATIONS] =
        "UPDATE invitation SET expires_us = min(expires_us, ?2) WHERE consultation = ?1 "
        "AND guest IS NULL",
    [STATEMENT_VOID_DEVICES] =
        "DELETE FROM device WHERE consultation = ?1 AND (?2 IS NULL OR id <> ?2) AND invitation IN "
        "(SELECT id FROM invitation WHERE consultation = ?1 AND guest IS NULL)",
    [STATEMENT_PUT_PACK] =
        "INSERT INTO pack (hash, id, version, bytes, stored_us) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (hash) DO NOTHING",
    [STATEMENT_PUT_DECISION] =
        "INSERT INTO decision (id, consultation, subject, gate, verdict, pack_hash, rule_ids, "
        "suppliers, inputs, "
        "sealed, at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [STATEMENT_PUT_CHECKPOINT] =
        "INSERT INTO checkpoint (log, size, root, note, at_us) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (log, size) DO UPDATE SET root = ?3, note = ?4, at_us = ?5",
    [STATEMENT_ERASE_SUBJECT_KEY] = "UPDATE subject_key SET wrapped = NULL, erased_us = ?2 "
                                    "WHERE subject = ?1 AND wrapped IS NOT NULL",
    [STATEMENT_PUT_LOG] = "INSERT INTO log (origin, vkey, opened_us) VALUES (?1, ?2, ?3)",
    [STATEMENT_GET_LOG] = "SELECT id, vkey FROM log WHERE origin = ?1",
    [STATEMENT_GET_HEAD] =
        "SELECT seq, bytes, leaf, at_us FROM record WHERE log = ?1 ORDER BY seq DESC LIMIT 1",
    [STATEMENT_PUT_RECORD] = "INSERT INTO record (log, seq, bytes, leaf, consultation, "
                             "institution, act, outcome, at_us) "
                             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STATEMENT_PUT_SEALED] = "INSERT INTO sealed (log, seq, name, subject, commitment, sealed) "
                             "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [STATEMENT_PUT_SUBJECT_KEY] =
        "INSERT INTO subject_key (subject, wrapped, created_us) VALUES (?1, ?2, ?3)",
    [STATEMENT_GET_SUBJECT_KEY] = "SELECT wrapped FROM subject_key WHERE subject = ?1",

    [STATEMENT_QUERY_STAFF_BY_LOGIN] = STAFF "WHERE login = ?1",
    [STATEMENT_QUERY_STAFF_BY_ID] = STAFF "WHERE id = ?1",
    [STATEMENT_QUERY_STAFF_OF_INSTITUTION] = STAFF "WHERE institution = ?1 ORDER BY login",
    [STATEMENT_QUERY_STAFF_SESSION_BY_HASH] =
        "SELECT s.id, s.staff, p.institution, p.role, p.display_name_ja, p.display_name_en, "
        "p.disabled, "
        "s.created_us, s.seen_us, s.expires_us FROM staff_session s JOIN staff p ON p.id = s.staff "
        "WHERE s.secret = ?1",
    [STATEMENT_QUERY_INSTITUTION_BY_ID] =
        "SELECT id, name_ja, name_en, telephone, settings FROM institution WHERE id = ?1",
    [STATEMENT_QUERY_INSTITUTIONS] =
        "SELECT id, name_ja, name_en, telephone, settings FROM institution ORDER BY id",
    [STATEMENT_QUERY_PATIENT_BY_ID] =
        "SELECT id, institution, subject, personal, created_us FROM patient WHERE id = ?1",
    [STATEMENT_QUERY_INVITATION_BY_HASH] = INVITATION "WHERE v.secret = ?1",
    [STATEMENT_QUERY_INVITATIONS_OF_CONSULTATION] =
        INVITATION "WHERE v.consultation = ?1 ORDER BY v.created_us, v.id",
    [STATEMENT_QUERY_DEVICE_BY_HASH] =
        "SELECT d.id, d.invitation, d.consultation, d.created_us, d.expires_us, v.guest, g.role "
        "FROM device d JOIN invitation v ON v.id = d.invitation LEFT JOIN guest g "
        "ON g.id = v.guest WHERE d.secret = ?1",
    [STATEMENT_QUERY_DEVICE_TOKEN_BY_HASH] = DEVICE_TOKEN "WHERE secret = ?1",
    [STATEMENT_QUERY_DEVICE_TOKENS_OF_CONSULTATION] =
        DEVICE_TOKEN "WHERE consultation = ?1 ORDER BY created_us, id",
    [STATEMENT_QUERY_GUESTS_OF_CONSULTATION] =
        "SELECT id, consultation, role, subject, personal, created_us FROM guest "
        "WHERE consultation = ?1 ORDER BY id",
    [STATEMENT_QUERY_CONSULTATION_BY_ID] =
        CONSULTATION ", blob FROM consultation WHERE id = ?1 AND (?2 IS NULL OR institution = ?2)",
    [STATEMENT_QUERY_CONSULTATIONS_LIVE] =
        CONSULTATION ", blob FROM consultation WHERE over = 0 ORDER BY id",
    /* institution, state, physician, from, to, text, limit, skip */
    [STATEMENT_QUERY_CONSULTATIONS_SEARCH] = CONSULTATION
    " FROM consultation WHERE (?1 IS NULL OR institution = ?1) AND (?2 IS NULL OR state = ?2) "
    "AND (?3 IS NULL OR physician = ?3) AND (?4 IS NULL OR booked_for_us >= ?4) "
    "AND (?5 IS NULL OR booked_for_us < ?5) "
    "AND (?6 IS NULL OR instr(lower(search_text), lower(?6)) > 0 OR instr(id, ?6) > 0) "
    "ORDER BY booked_for_us DESC, id LIMIT ?7 OFFSET ?8",
    [STATEMENT_QUERY_PACK_BY_HASH] =
        "SELECT hash, id, version, bytes, stored_us FROM pack WHERE hash = ?1",
    [STATEMENT_QUERY_DECISIONS_OF_CONSULTATION] =
        "SELECT id, consultation, subject, gate, verdict, pack_hash, rule_ids, suppliers, inputs, "
        "NULL, sealed, at_us "
        "FROM decision WHERE consultation = ?1 ORDER BY at_us, id",
    /* origin, first, limit */
    [STATEMENT_QUERY_RECORDS] =
        RECORD "WHERE log = " LOG_OF("?1") " AND seq >= ?2 ORDER BY seq LIMIT ?3",
    /* consultation, skip, limit; over all logs, so a trail does not end with the year */
    [STATEMENT_QUERY_RECORDS_OF_CONSULTATION] =
        RECORD "WHERE consultation = ?1 ORDER BY log, seq LIMIT ?3 OFFSET ?2",
    [STATEMENT_QUERY_LEAVES] = "SELECT seq, leaf FROM record WHERE log = " LOG_OF(
        "?1") " AND seq >= ?2 ORDER BY seq LIMIT ?3",
    [STATEMENT_QUERY_SEALED_OF_RECORD] =
        "SELECT seq, name, subject, commitment, NULL, sealed FROM sealed "
        "WHERE log = " LOG_OF("?1") " AND seq = ?2 ORDER BY name",
    [STATEMENT_QUERY_LOG_HEAD] = "SELECT l.origin, l.vkey, coalesce(r.seq + 1, 0), r.leaf, r.at_us "
                                 "FROM log l LEFT JOIN record r "
                                 "ON r.log = l.id AND r.seq = (SELECT max(seq) FROM record WHERE "
                                 "log = l.id) WHERE l.origin = ?1",
    [STATEMENT_QUERY_CHECKPOINT_NEWEST] =
        "SELECT size, root, note, at_us FROM checkpoint WHERE log = " LOG_OF(
            "?1") " ORDER BY size DESC LIMIT 1",
    [STATEMENT_QUERY_COUNTS] =
        "SELECT (SELECT count(*) FROM consultation WHERE ?1 IS NULL OR institution = ?1), "
        "(SELECT count(*) FROM consultation WHERE over = 0 AND (?1 IS NULL OR institution = ?1)), "
        "(SELECT count(*) FROM consultation WHERE over <> 0 AND (?1 IS NULL OR institution = ?1)), "
        "(SELECT count(*) FROM patient WHERE ?1 IS NULL OR institution = ?1), "
        "(SELECT count(*) FROM staff WHERE ?1 IS NULL OR institution = ?1), "
        "(SELECT coalesce(sum(last + 1), 0) FROM (SELECT max(seq) AS last FROM record GROUP BY "
        "log)), "
        "(SELECT count(*) FROM decision d JOIN consultation c ON c.id = d.consultation "
        "WHERE ?1 IS NULL OR c.institution = ?1)",
};

const char *sqlite_statement_text(enum statement statement)
{
    CHECK((unsigned)statement < STATEMENT_COUNT && TEXTS[statement] != NULL);
    return TEXTS[statement];
}
