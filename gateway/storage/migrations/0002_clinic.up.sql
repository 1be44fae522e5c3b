-- The clinic: who works there, who is invited, which consultations there are. Personal columns are ciphertext.
CREATE TABLE institution (
    id TEXT PRIMARY KEY,
    name_ja TEXT,
    name_en TEXT,
    telephone TEXT,
    settings TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE staff (
    id TEXT PRIMARY KEY,
    institution TEXT NOT NULL REFERENCES institution (id),
    login TEXT NOT NULL UNIQUE,
    display_name_ja TEXT,
    display_name_en TEXT,
    role TEXT NOT NULL,
    password_hash TEXT,
    registered_year INTEGER,
    disabled INTEGER NOT NULL,
    created_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_by_institution ON staff (institution);

CREATE TABLE staff_session (
    id TEXT PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    secret BLOB NOT NULL UNIQUE CHECK (length(secret) = 32),
    created_us INTEGER NOT NULL,
    seen_us INTEGER,
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_session_by_staff ON staff_session (staff);

CREATE TABLE patient (
    id TEXT PRIMARY KEY,
    institution TEXT NOT NULL REFERENCES institution (id),
    subject TEXT NOT NULL REFERENCES subject_key (subject),
    personal BLOB,
    created_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX patient_by_institution ON patient (institution);

CREATE TABLE consultation (
    id TEXT PRIMARY KEY,
    institution TEXT NOT NULL REFERENCES institution (id),
    patient TEXT NOT NULL REFERENCES patient (id),
    physician TEXT REFERENCES staff (id),
    subject TEXT,
    state TEXT NOT NULL,
    over INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    blob BLOB,
    booked_for_us INTEGER,
    lobby_at_us INTEGER,
    admitted_at_us INTEGER,
    started_at_us INTEGER,
    finished_at_us INTEGER,
    ended_at_us INTEGER,
    outcome TEXT,
    end_reason TEXT,
    pack_hash BLOB,
    gap_s INTEGER NOT NULL,
    examined_s INTEGER NOT NULL,
    search_text TEXT
) STRICT;
CREATE INDEX consultation_live ON consultation (over, id) WHERE over = 0;
CREATE INDEX consultation_by_booking ON consultation (institution, booked_for_us);

CREATE TABLE invitation (
    id TEXT PRIMARY KEY,
    consultation TEXT NOT NULL REFERENCES consultation (id),
    patient TEXT NOT NULL REFERENCES patient (id),
    secret BLOB NOT NULL UNIQUE CHECK (length(secret) = 32),
    created_us INTEGER,
    expires_us INTEGER NOT NULL,
    redeemed_us INTEGER,
    device TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_by_consultation ON invitation (consultation);

CREATE TABLE device (
    id TEXT PRIMARY KEY,
    invitation TEXT NOT NULL REFERENCES invitation (id),
    consultation TEXT NOT NULL REFERENCES consultation (id),
    secret BLOB NOT NULL UNIQUE CHECK (length(secret) = 32),
    created_us INTEGER,
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pack (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    bytes BLOB NOT NULL,
    stored_us INTEGER NOT NULL
) STRICT;

CREATE TABLE decision (
    id TEXT PRIMARY KEY,
    consultation TEXT NOT NULL REFERENCES consultation (id),
    subject TEXT NOT NULL REFERENCES subject_key (subject),
    gate TEXT NOT NULL,
    verdict TEXT NOT NULL,
    pack_hash BLOB NOT NULL,
    rule_ids TEXT,
    suppliers TEXT,
    inputs BLOB NOT NULL,
    sealed BLOB,
    at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_by_consultation ON decision (consultation, at_us);
