import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { readWhole, storeContent } from '../../src/objects/file.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { canonicalJson } from '../../src/objects/json.ts';
import type { Link } from '../../src/objects/link.ts';
import { yamlValue } from '../../src/rules/yaml.ts';
import { putObject } from '../../src/objects/sink.ts';
import { driveSync } from '../../src/objects/walk.ts';
import { putScript } from '../../src/vectors/scripts.ts';
import { codes, Desk, type Finding } from '../cli/desk.ts';
import { writePlan } from '../cli/plans.ts';
import { commitForged, materialOf, forgedVerdict, type Forged } from './forge.ts';

const LAX = `custody: profile/1
name: a team
production: { hosts: [], urls: [], paths: [], databases: [] }
surfaces: []
claims: { subjects: [], verdicts: [] }
`;
const VAN = '{ id: van, title: a van, how: { words: [van] }, explanation: it costs money }';
const FEED =
  '{ id: feed, title: a feed, how: { isolation: { postgres: [no-replication] } }, explanation: no }';

/** What a profile forbids of one and the same rehearsal, and what `verify` must say. */
const CASES: [what: string, profile: string, code: string, path: string][] = [
  [
    "a plan without the profile's gates",
    `${LAX}preflight: [{ name: marked, sql: SELECT 1, expect: 1 }]\n`,
    'GATE_MISSING',
    'plan/preflight/marked',
  ],
  [
    'a forbidden word in the executor',
    LAX.replace('surfaces: []', `surfaces: [${VAN}]`),
    'SURFACE_OBSERVED',
    'surfaces/van',
  ],
  [
    'a surface that nothing excludes',
    LAX.replace('surfaces: []', `surfaces: [${FEED}]`),
    'SURFACE_OBSERVED',
    'surfaces/feed',
  ],
  [
    "a forbidden claim in the plan's name",
    LAX.replace('subjects: [], verdicts: []', 'subjects: [TILLS], verdicts: [DONE]'),
    'CLAIM_FORBIDDEN',
    'plan/written',
  ],
  [
    "a source under the name of production's database",
    LAX.replace('databases: []', 'databases: [app]'),
    'PRODUCTION_NAMED',
    'plan/document/source/file',
  ],
];

/**
 * A lane that rehearses without asking the guard: whatever the profile forbids went through, the evidence is whole, and
 * the verdict says accepted. Here the rules are exchanged afterwards, in every place, which comes to the same.
 */
describe('custody verify on what a profile forbids and no guard saw', () => {
  const desk = new Desk();
  let material: Forged;

  beforeAll(async () => {
    await desk.init();
    writePlan(desk, { sql: "INSERT INTO posts VALUES ('p3', 'book a van');\n" });
    desk.write('profile.yaml', LAX);
    const plan = desk.read('plan.yaml').replace('one more post', 'one more post, tills done');
    desk.write('plan.yaml', `${plan}profile: { file: profile.yaml, sha256: '${hex(LAX)}' }\n`);
    const ids = await desk.json<{ rehearsal: string; verdict: string }>(['rehearse', 'plan.yaml']);
    await using ledger = await desk.ledger();
    material = await materialOf(ledger, ids);
  }, 120_000);
  afterAll(() => desk[Symbol.dispose]());

  async function verified(
    profile: string,
    exit: 0 | 1,
    sql?: string,
    judged = profile,
  ): Promise<{ semantics: string; found: string[][] }> {
    await using ledger = await desk.ledger();
    const index = await commitForged(ledger, under(material, profile, { sql, judged }));
    const report = await desk.json<{ levels: Record<string, string>; findings: Finding[] }>(
      ['verify', `@${index}`],
      exit,
    );
    return { semantics: report.levels['semantics']!, found: codes(report.findings) };
  }

  it('finds nothing where nothing is forbidden, but for a comment: the forger itself works', async () => {
    expect(await verified(`# tills done, van\n${LAX}`, 0)).toEqual({ semantics: 'done', found: [] });
  });

  it('reads a script with a literal of 20 million characters', { timeout: 120_000 }, async () => {
    const sql = `SELECT '${'x'.repeat(2e7)}';\n`;
    const words = LAX.replace('surfaces: []', `surfaces: [${VAN}]`);
    expect(await verified(words, 0, sql)).toEqual({ semantics: 'done', found: [] });
  });

  it('finds that the profile that judged is not the one that was written', async () => {
    const found = (await verified(LAX, 1, undefined, LAX.replace('databases: []', 'databases: [none]')))
      .found;
    expect(found).toEqual([['DOCUMENT_DIFFERS', 'profile.yaml']]);
  });

  it.each(CASES)('%s', async (_, profile, code, path) => {
    expect(await verified(profile, 1)).toEqual({
      semantics: 'failed',
      found: [
        ['VERDICT_DIFFERS', 'verdict'],
        ['VERDICT_REJECTED', 'verdict'],
        [code, `verdict/${path}`],
      ],
    });
  });
});

/**
 * The same rehearsal under another profile: pinned, stored, linked, accepted.
 * @param options.sql what ran, as is claimed.
 * @param options.judged what is said to have judged.
 */
function under(
  material: Forged,
  text: string,
  { sql, judged }: { sql: string | undefined; judged: string },
): Forged {
  const { objects } = material;
  const bytes = new Uint8Array(Buffer.from(text));
  const rehearsal = decodeKind('rehearsal', objects.get(material.rehearsal.digest));
  const plan = decodeKind('plan', objects.get(rehearsal.plan.digest));
  const pinned = (content: Link): Link => {
    const [file] = driveSync(readWhole(content), objects.get);
    const changed = Buffer.from(file!).toString('utf8').replace(hex(LAX), hex(text));
    return storeContent(objects, new Uint8Array(Buffer.from(changed)));
  };
  const executor =
    sql === undefined ? rehearsal.executor : putScript(objects, [{ path: 'change.sql', text: sql }]);
  const changed = putObject(objects, {
    ...plan,
    executor: executor.before,
    document: pinned(plan.document),
    written: pinned(plan.written),
    profile: {
      document: storeContent(objects, canonicalJson(yamlValue(new Uint8Array(Buffer.from(judged))))),
      written: storeContent(objects, bytes),
    },
  });
  const subject = putObject(objects, { ...rehearsal, executor, plan: changed });
  const accepted = { ...forgedVerdict(material), subject, accepted: true, findings: [] };
  return { objects, rehearsal: subject, verdict: putObject(objects, accepted) };
}

function hex(text: string): string {
  return digestOf(new Uint8Array(Buffer.from(text)));
}
