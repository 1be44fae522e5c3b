-- The audit log: exact bytes of every record, and the personal values beside it.
CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL UNIQUE,
    vkey TEXT NOT NULL,
    opened_us INTEGER NOT NULL
) STRICT;

CREATE TABLE record (
    log INTEGER NOT NULL REFERENCES log (id),
    seq INTEGER NOT NULL CHECK (seq >= 0),
    bytes BLOB NOT NULL,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    consultation TEXT,
    institution TEXT,
    act TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_by_consultation ON record (consultation, log, seq) WHERE consultation IS NOT NULL;

-- A slip of our own hand must not change the log; the chain and the signed tree guard against anybody else's.
CREATE TRIGGER record_is_not_changed BEFORE UPDATE ON record
BEGIN
    SELECT RAISE (ABORT, 'append only');
END;
CREATE TRIGGER record_is_not_deleted BEFORE DELETE ON record
BEGIN
    SELECT RAISE (ABORT, 'append only');
END;

CREATE TABLE subject_key (
    subject TEXT PRIMARY KEY,
    wrapped BLOB,
    created_us INTEGER NOT NULL,
    erased_us INTEGER,
    CHECK ((wrapped IS NULL) = (erased_us IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE sealed (
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL REFERENCES subject_key (subject),
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    sealed BLOB NOT NULL,
    PRIMARY KEY (log, seq, name),
    FOREIGN KEY (log, seq) REFERENCES record (log, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX sealed_by_subject ON sealed (subject);
