-- Takes the committed birth back: the three rows, children first, and the counter that gave the new row its number.
BEGIN;
DELETE FROM system_issues WHERE issue_code = 'BIRTH-doc:2026-06-0006';
DELETE FROM directus_objects WHERE collection = 'document' AND item_pk = 'doc:2026-06-0006';
DELETE FROM birth_registry WHERE object_id = 'doc:2026-06-0006';
UPDATE sqlite_sequence SET seq = 5 WHERE name = 'directus_objects';
COMMIT;
