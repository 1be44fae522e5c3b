-- Signed heads, as the signer returned them.
CREATE TABLE checkpoint (
    log INTEGER NOT NULL REFERENCES log (id),
    size INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;
