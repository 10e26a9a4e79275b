-- One gated birth: nothing is inserted unless the approval is approved and meant for directus.
BEGIN;
INSERT INTO birth_registry
  SELECT 'doc:2026-06-0006', 'document', 'born',
         '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 4,
         strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'lane-demo', a.id
    FROM os_proposal_approvals a
   WHERE a.id = 'a0000000-0000-4000-8000-000000000001' AND a.status = 'approved' AND a.db_target = 'directus';
INSERT INTO directus_objects (collection, item_pk, payload_sha256, created_at)
  SELECT object_kind, object_id, content_sha256, created_at FROM birth_registry WHERE object_id = 'doc:2026-06-0006';
INSERT INTO system_issues
  SELECT 'BIRTH-' || object_id, 'info', object_id, created_at, 'open' FROM birth_registry WHERE object_id = 'doc:2026-06-0006';
COMMIT;
