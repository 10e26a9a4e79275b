import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Desk } from './desk.ts';
import { ENDED, temporaryOf } from '../support/killed.ts';
import { writePlan } from './plans.ts';

describe('bad input leaves the ledger as it was', () => {
  let desk: Desk;
  let before: Record<string, string>;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
    before = desk.state({ index: true });
  });
  afterEach(() => {
    expect(desk.state({ index: true })).toEqual(before);
    desk[Symbol.dispose]();
  });
  /** From here on this is how the ledger was. */
  const settle = (): void => {
    before = desk.state({ index: true });
  };

  describe('the ledger', () => {
    it('a folder that is not one, for every command', async () => {
      using other = new Desk();
      other.write('plan.yaml', 'x');
      for (const argv of [
        ['log'],
        ['show'],
        ['cat', 'HEAD'],
        ['verify', 'HEAD'],
        ['fsck'],
        ['commit', '.'],
        ['snapshot', 'x'],
        ['rehearse', 'plan.yaml'],
        ['validator', 'list'],
        ['diff', 'HEAD', 'HEAD', '--ledger', '.'],
      ])
        await other.fails(argv, 'LEDGER_NOT_FOUND', 2);
      await desk.fails(['log', '--ledger', 'nowhere'], 'LEDGER_NOT_FOUND', 2);
    });

    it.each([
      ['newer', '3\nbells: true', 'LEDGER_FORMAT_NEWER'],
      ['older', '1', 'LEDGER_FORMAT_OLDER'],
    ] as const)('a %s format', async (_, format, code) => {
      const config = desk.read('.custody/config.yaml');
      desk.write('.custody/config.yaml', config.replace('format: 2', `format: ${format}`));
      settle();
      for (const argv of [['log'], ['verify'], ['fsck'], ['commit', 'x']]) await desk.fails(argv, code, 2);
    });

    it.each([
      ['not YAML', 'format: [1'],
      ['not a map', '- 1'],
      ['empty', ''],
      ['no format', 'origin: x'],
      ['a format that is no number', 'format: one\norigin: x\nverifierKey: y\npolicy: z'],
      ['a key too many', `format: 2\norigin: a\nverifierKey: b\npolicy: ${'0'.repeat(64)}\nextra: 1`],
      ['a key missing', `format: 2\norigin: a\npolicy: ${'0'.repeat(64)}`],
      ['a policy that is no digest', 'format: 2\norigin: a\nverifierKey: b\npolicy: c'],
    ])('a configuration that is broken: %s', async (_what, text) => {
      desk.write('.custody/config.yaml', text);
      settle();
      await desk.fails(['log'], 'LEDGER_CONFIG_INVALID', 2);
    });

    it('no head: every command says so, and fsck finds it', async () => {
      rmSync(desk.path('.custody/heads/main'));
      settle();
      await desk.fails(['log'], 'HEAD_CORRUPT', 1);
      expect(await desk.json(['fsck'], 1)).toMatchObject({
        ok: false,
        findings: [{ code: 'HEAD_MISSING', path: 'heads/main' }],
      });
    });

    it('what a killed writer left: no damage, and fsck names it', async () => {
      const path = `packs/${temporaryOf(ENDED)}`;
      desk.write(`.custody/${path}`, 'half');
      settle();
      expect(await desk.json(['fsck'])).toMatchObject({ ok: true, leftovers: [path], findings: [] });
      expect(
        (await desk.run(['fsck'])).stdout.split('\n').filter((line) => line.includes(path)),
      ).toHaveLength(1);
    });

    it('a head that is damaged', async () => {
      const head = Buffer.from('not a head at all, not even nearly, but long enough to be read');
      writeFileSync(desk.path('.custody/heads/main'), head);
      settle();
      await desk.packet();
      await desk.fails(['log'], 'HEAD_CORRUPT', 1);
      expect(await desk.json(['fsck'], 1)).toMatchObject({ findings: [{ code: 'HEAD_DAMAGED' }] });
    });

    it('init where a ledger or something else is; a name that no log can have', async () => {
      await desk.fails(['init'], 'LEDGER_EXISTS', 2);
      desk.write('other/.custody/mine', 'x');
      await desk.fails(['init', 'other'], 'LEDGER_EXISTS', 2);
      desk.write('file', 'x');
      await desk.fails(['init', 'file'], 'PATH_NOT_A_FOLDER', 2);
      await desk.fails(['init', 'new', '--origin', 'two words'], 'ORIGIN_MALFORMED', 2);
      await desk.fails(['init', 'new', '--origin', ''], 'ORIGIN_MALFORMED', 2);
    });
  });

  describe('revisions', () => {
    it.each(['HEAD~1', 'HEAD~99', '@1', '@99', '00000000', '0'.repeat(64), 'HEAD~1:a.txt'])(
      'unknown: %s',
      async (revision) => {
        for (const command of ['show', 'cat', 'verify'])
          if (command !== 'verify' || !revision.includes(':'))
            await desk.fails([command, revision], 'REVISION_UNKNOWN', 2);
        await desk.fails(['diff', revision, 'HEAD'], 'REVISION_UNKNOWN', 2);
      },
    );

    it.each([
      'head',
      'HEAD~',
      'HEAD~-1',
      'HEAD^',
      '@',
      '@x',
      '@-1',
      'abc',
      'abcdef0',
      'ABCDEF012',
      'g'.repeat(64),
      '0'.repeat(65),
    ])('malformed: %s', async (revision) => {
      for (const command of ['show', 'cat', 'verify'])
        await desk.fails([command, revision], 'REVISION_MALFORMED', 2);
    });

    it('ambiguous: two objects with the same first 8 digits (found by a birthday search)', async () => {
      // SHA-256 of both begins with 0c3ef50c.
      await desk.packet('evidence', { a: 'ambiguous 16990', b: 'ambiguous 91813' });
      await desk.json(['commit', 'evidence']);
      settle();
      const refused = await desk.fails(['cat', '0c3ef50c'], 'REVISION_AMBIGUOUS', 2);
      const [, first, second] = /more digits: ([0-9a-f]{12}), ([0-9a-f]{12})\./.exec(refused.hint) ?? [];
      const contents = [];
      for (const prefix of [first!, second!]) contents.push((await desk.run(['cat', prefix])).stdout);
      expect(contents.sort()).toEqual(['ambiguous 16990', 'ambiguous 91813']);
    });

    it('a path that the packet does not have, that is a folder, or where there is no packet', async () => {
      await desk.packet();
      await desk.json(['commit', 'evidence']);
      settle();
      await desk.fails(['cat', 'HEAD:nowhere'], 'PATH_NOT_FOUND', 2);
      await desk.fails(['cat', 'HEAD:b'], 'PATH_NOT_A_FILE', 2);
      await desk.fails(['cat', 'HEAD:a.txt/x'], 'PATH_NOT_FOUND', 2);
      await desk.fails(['cat', '@0:a.txt'], 'PATH_NOT_FOUND', 2);
      await desk.fails(['show', 'HEAD:'], 'PATH_NOT_FOUND', 2);
    });

    it('a digest that is none', async () => {
      await desk.packet();
      await desk.fails(['verify', 'evidence', '--expect', 'abc'], 'DIGEST_MALFORMED', 2);
      await desk.fails(['commit', 'evidence', '--expect', 'ABC'], 'DIGEST_MALFORMED', 2);
      await desk.fails(['verify', 'HEAD', '--policy', 'abc'], 'DIGEST_MALFORMED', 2);
    });
  });

  it('files that are missing, or of the wrong kind', async () => {
    desk.write('file', 'x');
    for (const argv of [
      ['seal', '.'],
      ['seal', '.custody'],
      ['seal', '.custody/packs'],
      ['restore-script', 'HEAD', 'HEAD', '--out', '.custody/back.sql'],
    ])
      await desk.fails(argv, 'USAGE', 2);
    for (const argv of [
      ['seal', 'nowhere'],
      ['commit', 'nowhere'],
      ['snapshot', 'nowhere'],
      ['snapshot', 'nowhere', '--dry-run'],
    ])
      await desk.fails(argv, 'PATH_NOT_FOUND', 2);
    for (const argv of [
      ['seal', 'file'],
      ['commit', 'file'],
      ['verify', 'file'],
    ])
      await desk.fails(argv, 'PATH_NOT_A_FOLDER', 2);
    mkdirSync(desk.path('folder'));
    await desk.fails(['snapshot', 'folder'], 'PATH_NOT_A_FILE', 2);
  });

  describe('databases', () => {
    it.each([
      ['text', 'not a database\n'],
      ['nothing', ''],
      ['a gzip of something else', Buffer.from('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', 'base64')],
    ])('one that is not one: %s', async (_what, content) => {
      desk.write('x.db', content);
      await desk.fails(['snapshot', 'x.db'], 'DATABASE_NOT_RECOGNISED', 2);
    });

    it('one that is damaged', async () => {
      desk.write('x.db', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4096, 0xff)]));
      const { exit, stderr } = await desk.run(['snapshot', 'x.db']);
      expect(exit).toBe(2);
      expect(stderr).toMatch(/\[DATABASE_(CORRUPT|NOT_RECOGNISED)\]/);
      // LevelDB rewrites its own files when it is opened: the cache may differ, the ledger may not.
      expect(Object.entries(desk.state())).toEqual(
        Object.entries(before).filter(([name]) => !/^index(\/|$)/.test(name)),
      );
      settle();
    });
  });

  describe('plans', () => {
    const fails = async (text: string, code: Parameters<Desk['fails']>[1]): Promise<string | undefined> => {
      desk.write('bad.yaml', text);
      return (await desk.fails(['rehearse', 'bad.yaml'], code, 2)).path;
    };

    it('one that is missing, or a folder', async () => {
      expect((await desk.fails(['rehearse', 'nowhere.yaml'], 'PLAN_UNREADABLE', 2)).path).toContain(
        'nowhere.yaml',
      );
      mkdirSync(desk.path('plans'));
      await desk.fails(['rehearse', 'plans'], 'PLAN_UNREADABLE', 2);
    });

    it('an unknown key, with its line, at the top and deeper', async () => {
      const plan = desk.read(writePlan(desk));
      expect(await fails(`${plan}\nlegz: [T]\n`, 'PLAN_KEY_UNKNOWN')).toMatch(/bad\.yaml:10$/);
      expect(
        await fails(
          plan.replace('executor: { file: change.sql }', 'executor:\n  file: change.sql\n  sha265: x'),
          'PLAN_KEY_UNKNOWN',
        ),
      ).toMatch(/bad\.yaml:7$/);
    });

    it('what is not YAML, or no plan, with the line', async () => {
      const plan = desk.read(writePlan(desk));
      expect(await fails('custody: plan/2\nname: [x\n', 'PLAN_SYNTAX')).toMatch(/bad\.yaml:[23]$/);
      expect(await fails(`${plan}name: twice\n`, 'PLAN_SYNTAX')).toMatch(/bad\.yaml:9$/);
      expect(await fails(plan.replace('engine: sqlite', 'engine: oracle'), 'PLAN_INVALID')).toMatch(
        /bad\.yaml:3$/,
      );
      expect(await fails(plan.replace('{ inserted: 1 }', '{ deleted: 1 }'), 'PLAN_INVALID')).toMatch(
        /bad\.yaml:7$/,
      );
      await fails('', 'PLAN_INVALID');
      desk.write('bad.yaml', Uint8Array.of(0xff, 0xfe));
      await desk.fails(['rehearse', 'bad.yaml'], 'PLAN_SYNTAX', 2);
    });

    it('one that names files that are not there, or a source that is no database', async () => {
      const plan = desk.read(writePlan(desk));
      desk.write('plan.yaml', plan.replace('file: change.sql', 'file: nowhere.sql'));
      await desk.fails(['rehearse', 'plan.yaml'], 'PATH_NOT_FOUND', 2);
      desk.write('plan.yaml', plan.replace('file: app.sqlite', 'file: nowhere.sqlite'));
      await desk.fails(['rehearse', 'plan.yaml'], 'PATH_NOT_FOUND', 2);
      desk.write('plan.yaml', plan.replace('file: app.sqlite', 'file: change.sql'));
      await desk.fails(['rehearse', 'plan.yaml'], 'DATABASE_NOT_RECOGNISED', 2);
      desk.write(
        'plan.yaml',
        plan.replace('file: app.sqlite,', `file: app.sqlite, sha256: '${'0'.repeat(64)}',`),
      );
      await desk.fails(['rehearse', 'plan.yaml'], 'SOURCE_CHANGED', 3);
    });
  });

  it('PostgreSQL without its programs: what to do is said', async () => {
    mkdirSync(desk.path('empty'));
    desk.write('dump.sql', '--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE public.t (id integer);\n');
    const pgbin = process.env['PGBIN'];
    process.env['PGBIN'] = desk.path('empty');
    try {
      await desk.fails(['snapshot', 'dump.sql', '--dry-run'], 'POSTGRES_NOT_FOUND', 4);
      const plan = desk
        .read(writePlan(desk))
        .replace('engine: sqlite', 'engine: postgres')
        .replace('app.sqlite', 'dump.sql');
      desk.write('plan.yaml', plan);
      await desk.fails(['rehearse', 'plan.yaml'], 'POSTGRES_NOT_FOUND', 4);
    } finally {
      if (pgbin === undefined) delete process.env['PGBIN'];
      else process.env['PGBIN'] = pgbin;
    }
  });

  it('an interruption before the work: exit 4', async () => {
    writePlan(desk);
    await desk.fails(['rehearse', 'plan.yaml'], 'INTERRUPTED', 4, { signal: AbortSignal.abort('SIGINT') });
    await desk.fails(['fsck'], 'INTERRUPTED', 4, { signal: AbortSignal.abort('SIGINT') });
  });
});
