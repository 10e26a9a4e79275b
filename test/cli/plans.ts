import type { Desk } from './desk.ts';

export interface PlanParts {
  sql: string;
  delta: string;
  preflight: string;
  extra: string;
}

/** A small database, an executor and a plan that is accepted, unless a part says otherwise. */
export function writePlan(desk: Desk, parts: Partial<PlanParts> = {}): string {
  desk.database(
    'app.sqlite',
    `CREATE TABLE posts (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL);
     CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT NOT NULL);
     INSERT INTO posts VALUES ('p1', 'one'), ('p2', 'two');
     INSERT INTO audit (what) VALUES ('begun');`,
  );
  desk.write('change.sql', parts.sql ?? "INSERT INTO posts VALUES ('p3', 'three');\n");
  desk.write(
    'plan.yaml',
    [
      'custody: plan/2',
      'name: one more post',
      'engine: sqlite',
      'source: { file: app.sqlite, kind: fixture }',
      'executor: { file: change.sql }',
      parts.preflight ??
        "preflight: [{ name: not there yet, sql: SELECT count(*) FROM posts WHERE id = 'p3', expect: '== 0' }]",
      `delta: { ${parts.delta ?? 'posts: { inserted: 1 }'} }`,
      parts.extra ?? '',
      '',
    ].join('\n'),
  );
  return 'plan.yaml';
}
