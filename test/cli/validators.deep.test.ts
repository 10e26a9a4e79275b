import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as Controls from '../../src/judging/controls.ts';
import { controlCases } from '../../src/judging/controls.ts';
import type { Pinned } from '../../src/judging/pin.ts';
import { builtInValidator } from '../../src/judging/policy.ts';
import type { ValidatorList } from '../../src/judging/validators.ts';
import { ALWAYS_NO, ALWAYS_YES, ANOTHER, PYTHON } from '../judging/foreign-validators.ts';
import { nodeProgram } from '../judging/programs.ts';
import { withoutSandboxes } from '../judging/no-sandbox.ts';
import { Desk, type Finding } from './desk.ts';
import { writePlan } from './plans.ts';

/** Ours is tried on its controls in test/cli/commands.deep.test.ts. */
vi.mock('../../src/judging/controls.ts', async (load) => {
  const real = await load<typeof Controls>();
  const ours = await (await import('../../src/judging/policy.ts')).builtInValidator();
  const tryControls: typeof real.tryControls = (validator, options) =>
    Buffer.compare(validator.code, ours) === 0
      ? Promise.resolve({
          ok: true,
          set: real.setOf([]),
          vectors: 1,
          failed: [],
          findings: [],
          sandbox: 'none',
        })
      : real.tryControls(validator, options);
  return { ...real, tryControls };
});

vi.mock(import('../../src/judging/sandbox.ts'), async (load) =>
  (await import('../judging/no-sandbox.ts')).sandboxes(load),
);

/** Accepts everything. */
const LIAR = Buffer.from(nodeProgram('say(yes);')).toString();

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const short = (text: string): string => `${sha256(text).slice(0, 8)}…${sha256(text).slice(-6)}`;

describe('custody validator', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
    desk.write('hardened.py', PYTHON);
    desk.write('another.py', ANOTHER);
    desk.write('yes.sh', ALWAYS_YES);
  });
  afterEach(() => desk[Symbol.dispose]());
  const list = (): Promise<ValidatorList> => desk.json<ValidatorList>(['validator', 'list']);
  /** Nothing of the ledger but its cache may change. */
  const refuses = async (argv: string[], ...[code, exit]: [Parameters<Desk['fails']>[1], number]) => {
    const before = desk.state();
    const error = await desk.fails(['validator', ...argv], code, exit);
    expect(desk.state()).toEqual(before);
    return error;
  };

  it('pins a file with an interpreter line beside ours; again changes nothing', async () => {
    const pinned = await desk.json<Pinned>(['validator', 'pin', 'hardened.py']);
    expect(pinned).toMatchObject({ name: 'hardened.py', sha256: sha256(PYTHON), promoted: null, record: 1 });
    expect((await list()).validators).toMatchObject([
      { name: 'custody', runner: 'node-permission', builtIn: true },
      { name: 'hardened.py', runner: 'interpreter', sha256: sha256(PYTHON), builtIn: false },
    ]);
    expect(await desk.json(['validator', 'pin', 'hardened.py'])).toMatchObject({ record: null });
    // The ledger holds its bytes as they are.
    const { stdout } = await desk.run(['show', pinned.validator, '--json']);
    const { file } = JSON.parse(stdout) as { file: string };
    expect((await desk.run(['cat', file])).stdout).toBe(PYTHON);
  });

  it('another one of that name takes its place in the new policy; the old policy stays', async () => {
    const first = await desk.json<Pinned>(['validator', 'pin', 'hardened.py', '--name', 'second']);
    desk.write('other.py', `${PYTHON}# other bytes\n`);
    await desk.json(['validator', 'pin', 'other.py', '--name', 'third']);
    const next = await desk.json<Pinned>(['validator', 'pin', 'another.py', '--name', 'second']);
    expect((await list()).validators.map(({ name, validator }) => [name, validator])).toMatchObject([
      ['custody', expect.any(String)],
      ['second', next.validator],
      ['third', expect.any(String)],
    ]);
    const old = await desk.json<{ validators: string[] }>(['show', first.policy]);
    expect(old.validators).toContain(first.validator);
  });

  it('a file is pinned under one name: it does not judge twice', async () => {
    await desk.json(['validator', 'pin', 'hardened.py', '--name', 'first']);
    await refuses(['pin', 'hardened.py', '--name', 'second'], 'VALIDATOR_REFUSED', 3);
    await refuses(['pin', 'hardened.py'], 'VALIDATOR_REFUSED', 3);
    expect(await desk.json(['validator', 'pin', 'hardened.py', '--name', 'first'])).toMatchObject({
      record: null,
    });
    // Neither does ours.
    desk.write('copy.mjs', await builtInValidator());
    await refuses(['pin', 'copy.mjs', '--name', 'ours'], 'VALIDATOR_REFUSED', 3);
    expect((await list()).validators.map(({ name }) => name)).toEqual(['custody', 'first']);
  });

  it('what is pinned is not expected besides', async () => {
    await desk.json(['validator', 'pin', 'hardened.py', '--name', 'first']);
    await refuses(['expect', short(ANOTHER), '--name', 'first'], 'VALIDATOR_MISMATCH', 3);
    await refuses(['expect', short(PYTHON), '--name', 'second'], 'VALIDATOR_REFUSED', 3);
    await refuses(['expect', sha256(PYTHON), '--name', 'custody'], 'VALIDATOR_REFUSED', 3);
    await refuses(['expect', short(ANOTHER), '--name', 'custody'], 'VALIDATOR_MISMATCH', 3);
    expect(await desk.json(['validator', 'expect', short(PYTHON), '--name', 'first'])).toMatchObject({
      record: null,
    });
    // Under whatever name the bytes come: nobody waits for them any more.
    await desk.json(['validator', 'expect', short(ANOTHER), '--name', 'a']);
    await desk.json(['validator', 'expect', sha256(ANOTHER), '--name', 'b']);
    await desk.json(['validator', 'pin', 'another.py', '--name', 'c']);
    expect(await list()).toMatchObject({ expected: [] });
  });

  it('an expected one is shown and never counted, until bytes that match are pinned', async () => {
    const identity = short(PYTHON);
    const expected = ['validator', 'expect', identity, '--name', 'hardened'];
    expect(await desk.json(expected)).toMatchObject({ name: 'hardened', identity, record: 1 });
    expect(await desk.json(expected)).toMatchObject({ record: null });
    expect(await list()).toMatchObject({ expected: [{ name: 'hardened', identity }] });
    expect((await list()).validators).toHaveLength(1);
    expect(await desk.json(['validator', 'selftest'])).toMatchObject({ validators: [{ name: 'custody' }] });
    // Other bytes do not become it, whoever supplies them.
    await refuses(['pin', 'another.py', '--name', 'hardened'], 'VALIDATOR_MISMATCH', 3);
    // Its own name is found by its bytes.
    expect(await desk.json(['validator', 'pin', 'hardened.py'])).toMatchObject({
      name: 'hardened',
      promoted: identity,
      record: 2,
    });
    expect(await list()).toMatchObject({
      expected: [],
      validators: [{ name: 'custody' }, { name: 'hardened', sha256: sha256(PYTHON) }],
    });
  });

  it('what is expected can be said anew, also with full stops', async () => {
    await desk.json(['validator', 'expect', short(ANOTHER), '--name', 'hardened']);
    await desk.json(['validator', 'expect', short(PYTHON).replace('…', '...'), '--name', 'hardened']);
    expect((await list()).expected).toEqual([{ name: 'hardened', identity: short(PYTHON) }]);
  });

  it('pin --expect takes the right file and refuses any other', async () => {
    await refuses(['pin', 'another.py', '--expect', short(PYTHON)], 'VALIDATOR_MISMATCH', 3);
    await refuses(['pin', 'hardened.py', '--expect', sha256(ANOTHER)], 'VALIDATOR_MISMATCH', 3);
    const ends = `${sha256(PYTHON).slice(0, 8)}…${'0'.repeat(6)}`;
    await refuses(['pin', 'hardened.py', '--expect', ends], 'VALIDATOR_MISMATCH', 3);
    expect(await desk.json(['validator', 'pin', 'hardened.py', '--expect', sha256(PYTHON)])).toMatchObject({
      record: 1,
    });
  });

  it.each([
    ['too little', 'e6547e…6c47'],
    ['no suffix', 'e6547e69aabbcc'],
    ['capitals', 'E6547E69…956C47'],
    ['another sign between', 'e6547e69..956c47'],
    ['more than a digest has', `${'a'.repeat(60)}…bbbbb`],
    ['a word', 'hardened'],
  ])('an identity that is none is refused: %s', async (_what, identity) => {
    await refuses(['expect', identity, '--name', 'x'], 'USAGE', 2);
    await refuses(['pin', 'hardened.py', '--expect', identity], 'USAGE', 2);
  });

  it.each([
    ['always accepts', ALWAYS_YES, 'VALIDATOR_LENIENT'],
    ['always rejects', ALWAYS_NO, 'VALIDATOR_STRICT'],
  ])('one that %s is not pinned, and the controls that show it are named', async (_what, text, code) => {
    desk.write('bad.sh', text);
    const { findings } = (await refuses(['pin', 'bad.sh'], 'VALIDATOR_REFUSED', 3)) as {
      findings: Finding[];
    };
    expect(findings.length).toBeGreaterThan(0);
    expect(new Set(findings.map(({ code }) => code))).toEqual(new Set([code]));
  });

  it(
    'one for node that accepts everything lets a vector of each code through',
    { timeout: 120_000 },
    async () => {
      desk.write('liar.mjs', LIAR);
      const { findings } = (await refuses(['pin', 'liar.mjs'], 'VALIDATOR_REFUSED', 3)) as {
        findings: Finding[];
      };
      const faults = (await controlCases('node-permission')).filter(({ accept }) => !accept);
      expect(faults.length).toBeGreaterThan(25);
      expect(findings.map(({ path }) => path).sort()).toEqual(
        faults.map(({ name }) => `controls/${name}`).sort(),
      );
    },
  );

  it('another build of ours passes them, and is not called custody', { timeout: 120_000 }, async () => {
    const ours = Buffer.from(await builtInValidator());
    desk.write('other-build.mjs', Buffer.concat([ours, Buffer.from('// another build\n')]));
    expect(await desk.json(['validator', 'pin', 'other-build.mjs'])).toMatchObject({
      name: 'other-build.mjs',
    });
    // This very version's is, wherever it lies: and it is pinned already.
    desk.write('copy.mjs', ours);
    expect(await desk.json(['validator', 'pin', 'copy.mjs'])).toMatchObject({
      name: 'custody',
      record: null,
    });
  });

  it('one that lacks a single check is refused, and its control named', { timeout: 120_000 }, async () => {
    const ours = Buffer.from(await builtInValidator()).toString();
    const lacking = ours.replace('{ name: "nothing-quarantined", run: nothingQuarantined },', '');
    expect(lacking).not.toBe(ours);
    desk.write('lenient.mjs', lacking);
    const { findings } = await refuses(['pin', 'lenient.mjs'], 'VALIDATOR_REFUSED', 3);
    expect(findings).toMatchObject([
      { code: 'VALIDATOR_LENIENT', path: 'controls/sqlite-full-quarantined-T' },
    ]);
  });

  it('nothing but what this version brings is called custody', async () => {
    await refuses(['pin', 'hardened.py', '--name', 'custody'], 'VALIDATOR_REFUSED', 3);
    desk.write('liar.mjs', LIAR);
    await refuses(['pin', 'liar.mjs', '--name', 'custody'], 'VALIDATOR_REFUSED', 3);
    expect((await list()).validators).toMatchObject([{ name: 'custody', builtIn: true }]);
  });

  it('one that crashes is not pinned', async () => {
    desk.write('bad.sh', '#!/bin/sh\nexit 3\n');
    await refuses(['pin', 'bad.sh'], 'VALIDATOR_REFUSED', 3);
  });

  it.each([
    ['neither interpreter line nor validator', 'echo yes\n'],
    ['a module that says yes', 'console.log(JSON.stringify({ accepted: true, findings: [] }))\n'],
    [
      'a module that answers something else',
      'console.log(JSON.stringify({ ok: true, vectors: 1, failed: [] }));\n',
    ],
    ['empty', ''],
    ['an interpreter without a path', '#!python3\n'],
    ['a line that ends as on Windows', '#!/bin/sh\r\necho\r\n'],
  ])('a file that is %s is refused', async (_what, text) => {
    desk.write('bad', text);
    await refuses(['pin', 'bad'], 'VALIDATOR_REFUSED', 3);
  });

  it('neither is what is no file, or too large', async () => {
    symlinkSync(desk.path('hardened.py'), desk.path('link.py'));
    mkdirSync(desk.path('folder'));
    desk.write('large.py', Buffer.concat([Buffer.from(PYTHON), Buffer.alloc(16 * 2 ** 20)]));
    await refuses(['pin', 'link.py'], 'PATH_NOT_A_FILE', 2);
    await refuses(['pin', 'folder'], 'PATH_NOT_A_FILE', 2);
    await refuses(['pin', '/dev/null'], 'PATH_NOT_A_FILE', 2);
    await refuses(['pin', 'nowhere.py'], 'PATH_NOT_FOUND', 2);
    await refuses(['pin', 'large.py'], 'VALIDATOR_REFUSED', 3);
  });

  it.each([
    ['a name with a slash', ['pin', 'hardened.py', '--name', '../x']],
    ['a name with capitals', ['pin', 'hardened.py', '--name', 'Hardened']],
    ['an empty name', ['expect', 'e6547e69…956c47', '--name', '']],
    ['expect without a name', ['expect', 'e6547e69…956c47']],
    ['expect without an identity', ['expect', '--name', 'x']],
    ['a file to list', ['list', 'hardened.py']],
    ['a name to list', ['list', '--name', 'x']],
    ['a sandbox to list', ['list', '--unsandboxed']],
  ])('%s is a fault of usage', async (_what, argv) => {
    await refuses(argv, 'USAGE', 2);
  });

  it('selftest tries each with the bytes that the ledger holds, and says what shuts it in', async () => {
    await desk.json(['validator', 'pin', 'hardened.py']);
    // The file on disk does not count any more.
    desk.write('hardened.py', ALWAYS_YES);
    expect(await desk.json(['validator', 'selftest'])).toMatchObject({
      ok: true,
      validators: [
        { name: 'custody', ok: true, failed: [] },
        { name: 'hardened.py', ok: true, failed: [] },
      ],
    });
    // What is granted is used, whatever would be permitted.
    for (const argv of [[], ['--unsandboxed']]) {
      const { validators } = await desk.json<{ validators: { sandbox: string }[] }>([
        'validator',
        'selftest',
        ...argv,
      ]);
      expect(validators[1]!.sandbox).toMatch(/^(unshare|bwrap)$/);
    }
    using _ = withoutSandboxes();
    await desk.fails(['validator', 'selftest'], 'VALIDATOR_UNCONFINED', 3);
    const check = ['rehearse', writePlan(desk), '--check'];
    const refused = { refusals: [{ code: 'VALIDATOR_UNCONFINED' }] };
    expect(await desk.json(check, 3)).toMatchObject(refused);
    expect(await desk.json([...check, '--unsandboxed'])).toMatchObject({ ok: true });
    expect(await desk.json(['validator', 'selftest', '--unsandboxed'])).toMatchObject({
      validators: [{ name: 'custody' }, { name: 'hardened.py', sandbox: 'none (--unsandboxed)' }],
    });
  });

  it('of two who pin at once, neither breaks the chain of policies', async () => {
    const runs = await Promise.all([
      desk.run(['validator', 'pin', 'hardened.py', '--json']),
      desk.run(['validator', 'pin', 'another.py', '--json']),
    ]);
    const exits = runs.map(({ exit }) => exit).sort();
    expect([
      [0, 0],
      [0, 4],
    ]).toContainEqual(exits);
    expect(await desk.json(['fsck'])).toMatchObject({ ok: true, findings: [] });
    expect((await list()).validators).toHaveLength(exits[1] === 0 ? 3 : 2);
  });

  it('a first policy may require assertions about isolation', async () => {
    using other = new Desk();
    const required = ['network-isolated', 'attach-refused'].flatMap((name) => ['--require-isolation', name]);
    await other.json(['init', ...required]);
    expect(await other.json(['validator', 'list'])).toMatchObject({
      isolation: ['attach-refused', 'network-isolated'],
    });
    await other.fails(['init', 'x', '--require-isolation', 'network-isolatd'], 'USAGE', 2);
  });
});
