-- What a camera, a room system or a monitor shows to join one consultation by WHIP or WHEP; the id is its name there (g_…).
CREATE TABLE device_token (
    id TEXT PRIMARY KEY,
    consultation TEXT NOT NULL REFERENCES consultation (id),
    secret BLOB NOT NULL UNIQUE CHECK (length(secret) = 32),
    publishes INTEGER NOT NULL,
    plays INTEGER NOT NULL,
    watches INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    revoked_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX device_token_by_consultation ON device_token (consultation);
