-- People invited to one consultation beside patient and physician. A guest's name is sealed under a key of its own.
CREATE TABLE guest (
    id TEXT PRIMARY KEY,
    consultation TEXT NOT NULL REFERENCES consultation (id),
    role TEXT NOT NULL,
    subject TEXT NOT NULL REFERENCES subject_key (subject),
    personal BLOB,
    created_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX guest_by_consultation ON guest (consultation);
-- Whose link it is: the patient's when there is no guest.
ALTER TABLE invitation ADD COLUMN guest TEXT REFERENCES guest (id);
