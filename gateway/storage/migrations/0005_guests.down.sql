DELETE FROM device WHERE invitation IN (SELECT id FROM invitation WHERE guest IS NOT NULL);
DELETE FROM invitation WHERE guest IS NOT NULL;
ALTER TABLE invitation DROP COLUMN guest;
DROP TABLE guest;
