-- FIX7 P0: production-shaped surrogate. GENERATED_SURROGATE_NOT_REAL_PRODUCTION_DUMP: no personal data, no secrets,
-- every value below is made up and fixed, so that the same database comes out every time.
CREATE TABLE surrogate_marker (marker TEXT NOT NULL PRIMARY KEY, derived_from TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE os_proposal_approvals (
  id TEXT NOT NULL PRIMARY KEY,
  proposal TEXT NOT NULL,
  db_target TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('approved', 'pending', 'rejected')),
  approved_by TEXT,
  approved_at TEXT
);

CREATE TABLE birth_registry (
  object_id TEXT NOT NULL PRIMARY KEY,
  object_kind TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'born',
  content_sha256 TEXT NOT NULL CHECK (length(content_sha256) = 64),
  content_bytes INTEGER NOT NULL CHECK (content_bytes >= 0),
  created_at TEXT NOT NULL,
  updated_at TEXT,
  born_by TEXT,
  approval_id TEXT NOT NULL REFERENCES os_proposal_approvals (id)
);
CREATE INDEX birth_registry_status ON birth_registry (status);

CREATE TABLE directus_objects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection TEXT NOT NULL,
  item_pk TEXT NOT NULL,
  payload_sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (collection, item_pk)
);

CREATE TABLE system_issues (
  issue_code TEXT NOT NULL PRIMARY KEY,
  severity TEXT NOT NULL,
  object_id TEXT REFERENCES birth_registry (object_id),
  opened_at TEXT NOT NULL,
  status TEXT NOT NULL
);

CREATE TABLE rollback_anchors (
  anchor_id TEXT NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL,
  state_sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL
);

-- Nothing is permitted and nothing is applied: both are empty, and a rehearsal leaves them so.
CREATE TABLE permits (
  permit_id TEXT NOT NULL PRIMARY KEY,
  action TEXT NOT NULL,
  object_id TEXT NOT NULL,
  granted_by TEXT NOT NULL,
  granted_at TEXT NOT NULL
);

CREATE TABLE apply_ledger (
  entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
  action TEXT NOT NULL,
  object_id TEXT NOT NULL,
  applied_at TEXT NOT NULL
);

-- A job says done = 1 only after a real run.
CREATE TABLE birth_jobs (
  job_id TEXT NOT NULL PRIMARY KEY,
  object_id TEXT NOT NULL,
  approval_id TEXT NOT NULL REFERENCES os_proposal_approvals (id),
  done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1))
);

CREATE TABLE b_documents (
  doc_id TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  body_sha256 TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

INSERT INTO surrogate_marker VALUES
  ('GENERATED_SURROGATE_NOT_REAL_PRODUCTION_DUMP', 'profile.yaml, surrogate, table C');

INSERT INTO os_proposal_approvals VALUES
  ('a0000000-0000-4000-8000-000000000001', 'birth of one document', 'directus', 'approved', 'owner', '2026-06-10T09:00:00Z'),
  ('a0000000-0000-4000-8000-000000000002', 'a birth nobody approved', 'directus', 'pending', NULL, NULL),
  ('a0000000-0000-4000-8000-000000000003', 'approved, but for another database', 'warehouse', 'approved', 'owner', '2026-06-10T09:05:00Z');

INSERT INTO birth_registry VALUES
  ('doc:2026-01-0001', 'document', 'born', '1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014', 5, '2026-01-05T08:00:00Z', '2026-01-05T08:00:00Z', 'lane-01', 'a0000000-0000-4000-8000-000000000001'),
  ('doc:2026-01-0002', 'document', 'born', '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752', 5, '2026-01-12T08:00:00Z', '2026-01-12T08:00:00Z', 'lane-01', 'a0000000-0000-4000-8000-000000000001'),
  ('doc:2026-01-0003', 'document', 'born', 'fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13', 5, '2026-02-02T08:00:00Z', '2026-02-02T08:00:00Z', 'lane-02', 'a0000000-0000-4000-8000-000000000001'),
  ('doc:2026-01-0004', 'document', 'retired', 'a4e624d686e03ed2767c0abd85c14426b0b1157d2ce81d27bb4fe4f6f01d688a', 5, '2026-03-09T08:00:00Z', '2026-04-01T12:30:00Z', 'lane-02', 'a0000000-0000-4000-8000-000000000001'),
  ('doc:2026-01-0005', 'document', 'born', 'a140c0c1eda2def2b830363ba362aa4d7d255c262960544821f556e16661b6ff', 5, '2026-05-20T08:00:00Z', '2026-05-20T08:00:00Z', 'lane-03', 'a0000000-0000-4000-8000-000000000001');

INSERT INTO directus_objects (collection, item_pk, payload_sha256, created_at)
  SELECT object_kind, object_id, content_sha256, created_at FROM birth_registry ORDER BY object_id;

INSERT INTO system_issues
  SELECT 'BIRTH-' || object_id, 'info', object_id, created_at, 'closed' FROM birth_registry ORDER BY object_id;

INSERT INTO rollback_anchors VALUES
  ('anchor-2026-06-01', 'birth_registry', '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', '2026-06-01T00:00:00Z');

INSERT INTO b_documents VALUES
  ('doc:2026-01-0001', 'First note', 'test1', '1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014', '2026-01-05T08:00:00Z'),
  ('doc:2026-01-0002', 'Second note', 'test2', '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752', '2026-01-12T08:00:00Z');

INSERT INTO birth_jobs VALUES
  ('job-2026-06-0006', 'doc:2026-06-0006', 'a0000000-0000-4000-8000-000000000001', 0),
  ('job-2026-06-0007', 'doc:2026-06-0007', 'a0000000-0000-4000-8000-000000000002', 0),
  ('job-2026-06-0008', 'doc:2026-06-0008', 'a0000000-0000-4000-8000-000000000003', 0);
