import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { Desk } from './desk.ts';
import { SCHEMAS } from './schemas.ts';

describe('usage', () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk();
  });
  afterEach(() => desk[Symbol.dispose]());

  it('custody alone prints help and exits 2; --help exits 0', async () => {
    const alone = await desk.run([]);
    const help = await desk.run(['--help']);
    expect(alone).toEqual({ ...help, exit: 2 });
    expect(help.exit).toBe(0);
    for (const [name] of COMMANDS) expect(help.stdout).toContain(`custody ${name}`);
  });

  it.each([...COMMANDS.keys()])('%s --help says what it is for, its options and an example', async (name) => {
    const help = await desk.run([name, '--help']);
    expect({ exit: help.exit, stderr: help.stderr }).toEqual({ exit: 0, stderr: '' });
    for (const part of [`custody ${COMMANDS.get(name)!.usage}`, '--json', '--ledger', '--quiet', 'Examples:'])
      expect(help.stdout).toContain(part);
    // yargs shows a missing description as nothing or as undefined.
    expect(help.stdout).not.toContain('undefined');
    expect(help.stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  it('every command with a result has a schema, and so have errors, plans and profiles; there are no more', () => {
    expect([...SCHEMAS.keys()].sort()).toEqual([...COMMANDS.keys(), 'error', 'plan', 'profile'].sort());
  });

  it.each([
    ['an unknown command', ['frobnicate']],
    ['a name that objects have', ['constructor']],
    ['an unknown option', ['log', '--frobnicate']],
    ['an unknown short option', ['log', '-x']],
    ['a word too many', ['log', 'extra']],
    ['a missing argument', ['commit']],
    ['a second missing argument', ['diff', 'a']],
    ['an option without its value', ['log', '--lane']],
    ['--ledger without its value', ['log', '--ledger']],
    ['a number that is none', ['log', '--max-count', 'many']],
    ['a number below zero', ['log', '--max-count=-1']],
    ['a number with a fraction', ['log', '-n', '1.5']],
    ['a time that is none', ['commit', 'x', '--lock-timeout', 'soon']],
    ['a time below zero', ['commit', 'x', '--lock-timeout=-1']],
    ['a choice that is none', ['verify', '--require', 'everything']],
    ['an action that is none', ['validator', 'frobnicate']],
    ['a type that is none', ['log', '--type', 'frobnicate']],
    ['a lane twice', ['commit', 'x', '--lane', 'a', '--lane', 'b']],
    ['a message twice, once by its short name', ['commit', 'x', '-m', 'a', '--message', 'b']],
    ['an empty lane', ['commit', 'x', '--lane', '']],
    ['a lane of two lines', ['commit', 'x', '--lane', 'a\nb']],
    ['a long author', ['commit', 'x', '--author', 'a'.repeat(201)]],
    ['a long message', ['commit', 'x', '-m', 'a'.repeat(10_001)]],
    ['an --out that is not empty', ['rehearse', 'plan.yaml', '--out', '.']],
  ])('%s: USAGE, exit 2', async (_what, argv) => {
    await desk.init();
    desk.write(
      'plan.yaml',
      'custody: plan/2\nname: n\nengine: sqlite\nsource: {file: a, kind: fixture}\nexecutor: {file: b}\ndelta: {t: {inserted: 1}}\n',
    );
    const before = desk.state({ index: true });
    await desk.fails(argv, 'USAGE', 2);
    expect(desk.state({ index: true })).toEqual(before);
  });

  it('an option of every command may come before it', async () => {
    await desk.init();
    const usual = await desk.run(['log']);
    expect(await desk.run(['--ledger', desk.dir, 'log'])).toEqual(usual);
    expect(await desk.run([`--ledger=${desk.dir}`, 'log'])).toEqual(usual);
    expect((await desk.run(['--json', 'log'])).stdout).toBe((await desk.run(['log', '--json'])).stdout);
  });

  it('an option that takes several values may be repeated, and every value counts', async () => {
    await desk.init();
    const report = await desk.json<{ required: string[] }>(
      ['verify', '--require', 'signatures', '--require', 'reexecuted', '--require', 'semantics'],
      1,
    );
    expect(report.required).toEqual(['objects', 'chain', 'signatures', 'semantics', 'reexecuted']);
  });

  it('--json alone is a fault of usage, in JSON', async () => {
    const ran = await desk.run(['--json']);
    expect(ran.exit).toBe(2);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('what follows -- is no option', async () => {
    await desk.init();
    const ran = await desk.run(['show', '--', '--json']);
    expect({ exit: ran.exit, stdout: ran.stdout }).toEqual({ exit: 2, stdout: '' });
    expect(ran.stderr).toContain('[REVISION_MALFORMED]');
    expect((await desk.run(['show', '--', 'HEAD~7'])).stderr).toContain('[REVISION_UNKNOWN]');
    await desk.packet('-odd');
    expect((await desk.run(['verify', '--', '-odd'])).exit).toBe(0);
  });

  it('--quiet prints nothing but errors; with --json the document', async () => {
    expect(await desk.run(['init', '--quiet'])).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect(await desk.run(['log', '-q'])).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect(JSON.parse((await desk.run(['log', '-q', '--json'])).stdout)).toHaveLength(1);
    const failed = await desk.run(['log', '--quiet', '--ledger', 'nowhere']);
    expect({ exit: failed.exit, stdout: failed.stdout }).toEqual({ exit: 2, stdout: '' });
    expect(failed.stderr).toContain('[LEDGER_NOT_FOUND]');
  });

  it('--version prints the version, alone and with a command', async () => {
    for (const argv of [['--version'], ['-V'], ['log', '--version']]) {
      const ran = await desk.run(argv);
      expect(ran.exit).toBe(0);
      expect(ran.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    }
  });

  it('faults are the message and nothing else; a stack only where one asks for it', async () => {
    const plain = await desk.run(['log']);
    expect(plain.stderr.trimEnd().split('\n')).toHaveLength(2);
    expect((await desk.run(['log'], { env: { CUSTODY_TRACE: '1' } })).stderr).toContain('    at ');
  });

  it('lane and author come from the environment unless given', async () => {
    await desk.init();
    await desk.packet();
    const env = { CUSTODY_LANE: 'lane-09', CUSTODY_AUTHOR: '', USER: 'somebody' };
    expect((await desk.run(['commit', 'evidence'], { env })).exit).toBe(0);
    expect((await desk.run(['commit', 'evidence', '--lane', 'x', '--author', 'y'], { env })).exit).toBe(0);
    expect(await desk.json(['log', '-n', '2'])).toMatchObject([
      { lane: 'x', author: 'y' },
      { lane: 'lane-09', author: 'somebody' },
    ]);
  });

  it('control characters never reach the terminal', async () => {
    await desk.init();
    await desk.packet();
    await desk.json(['commit', 'evidence', '-m', 'red \u001b[31m alert\nnext \u202e']);
    const { stdout } = await desk.run(['log', '-n', '1']);
    expect(stdout.trimEnd()).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    const shown = await desk.run(['show']);
    expect(shown.stdout).not.toContain('\u001b');
  });
});
