import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { serverAccount } from '../../../src/engines/postgres/cluster/account.ts';
import { postgresEngine } from '../../../src/engines/postgres/index.ts';
import { copyData } from '../../../src/engines/postgres/cluster/quarantine.ts';
import { digestOf } from '../../../src/objects/digest.ts';
import { readContent, storeContent } from '../../../src/objects/file.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { listFolder } from '../../../src/objects/tree.ts';
import { driveSync } from '../../../src/objects/walk.ts';
import { ROLLBACK_FIXTURE } from './rollback-fixture.ts';
import {
  boundary,
  INSTALLATIONS,
  OPTIONS,
  filesFolder,
  usePostgres,
  useTemporaryFolder,
  utf8,
} from './support.ts';
import { refuses } from '../../support/refusals.ts';

const CHILD = fileURLToPath(new URL('quarantine-child.ts', import.meta.url));
const ONE_ROW = boundary({ insert: ['shop.log'] });

describe.each(INSTALLATIONS.slice(0, 1))(
  'what is kept, on the $name installation',
  ({ folder: binaries }) => {
    usePostgres(binaries);
    const files = filesFolder();
    const clusters = filesFolder();
    useTemporaryFolder(clusters.path);
    const dump = files.file('dump.sql', ROLLBACK_FIXTURE);
    const kept = (): string => join(files.path, 'kept', String(Math.random()).slice(2));

    describe('the source', () => {
      // More than 1 MiB, so that it is stored in pieces.
      const long = utf8(ROLLBACK_FIXTURE.replace('\nSET ', `\n-- ${'long '.repeat(300_000)}\nSET `));

      it('is stored as it was read, and refused when it changed', async () => {
        const sink = new MemoryObjects();
        const file = files.file('source.sql', long);
        await using workspace = await postgresEngine.prepare({ file }, OPTIONS);
        const entries = [...driveSync(listFolder(await workspace.storeSource(sink)), sink.get)];
        const image = await workspace.storeImage(sink);
        expect(entries).toEqual([{ name: 'source', mode: 'file', link: image }]);
        const stored = Buffer.concat([...driveSync(readContent(image), sink.get)]);
        expect(stored.equals(long)).toBe(true);
        expect(digestOf(stored)).toBe(workspace.imageDigest);
        expect(image).toEqual(storeContent(sink, long));

        files.file('source.sql', `${ROLLBACK_FIXTURE}\n`);
        await refuses(workspace.storeSource(sink), 'SOURCE_CHANGED');
        await refuses(workspace.storeImage(sink), 'SOURCE_CHANGED');
        rmSync(file);
        await refuses(workspace.storeSource(sink), 'PATH_NOT_FOUND');
      });
    });

    describe('a clone in quarantine', () => {
      it('is out of use, and its data is in the folder once the workspace is gone', async () => {
        const folder = kept();
        const sink = new MemoryObjects();
        const workspace = await postgresEngine.prepare({ file: dump }, OPTIONS);
        const clone = await workspace.restore('T');
        const other = await workspace.restore('R');
        {
          await using session = await clone.open();
          await session.begin();
          await session.apply(utf8("INSERT INTO shop.log VALUES ('kept')"), ONE_ROW);
          await session.commit();
        }
        const open = await clone.open();
        await open.begin();
        const path = await clone.quarantine(folder, 'the rollback was lost');

        expect(dirname(path)).toBe(folder);
        expect(basename(path)).toMatch(/^postgres-T-[0-9a-f]{16}$/);
        expect([folder, path].map((at) => statSync(at).mode & 0o777)).toEqual([0o700, 0o700]);
        const note = readFileSync(join(path, 'QUARANTINE.txt'), 'utf8');
        expect(note).toContain('the rollback was lost');
        expect(note).toContain('custody_t');
        expect(await open.inTransaction()).toBe(false);
        await open[Symbol.asyncDispose]();
        for (const use of [
          () => clone.capture(sink),
          () => clone.query('SELECT 1'),
          () => clone.check(utf8('SELECT 1'), ONE_ROW),
          () => clone.checkQuery('SELECT 1'),
          () => clone.open(),
          () => clone.reset(),
          () => clone.identical(),
          () => clone.quarantine(folder, 'again'),
        ])
          await refuses(use(), 'ENGINE_FAILED');
        await clone[Symbol.asyncDispose]();
        await refuses(workspace.restore('T'), 'USAGE'); // never reused

        // The others go on.
        expect(await other.query('SELECT count(*) FROM shop.log')).toBe('0');
        await other[Symbol.asyncDispose]();
        const raw = Object.fromEntries((await workspace.isolation()).raw);
        expect(readdirSync(path)).toEqual(['QUARANTINE.txt']);
        await workspace[Symbol.asyncDispose]();

        expect(readdirSync(path).sort()).toEqual(['QUARANTINE.txt', 'data']);
        expect(existsSync(raw['cluster-folder'] ?? '/')).toBe(false);
        expect(existsSync(join(path, 'data', 'postmaster.pid'))).toBe(false);
        expect(rowsIn(join(path, 'data'), 'custody_t')).toContain('kept');
      });

      it('two share the data, which another file system gets by a copy', async () => {
        const folder = kept();
        const workspace = await postgresEngine.prepare({ file: dump }, OPTIONS);
        const first = await (await workspace.restore('T')).quarantine(folder, 'one');
        const second = await (await workspace.restore('R')).quarantine(folder, 'two');
        await workspace[Symbol.asyncDispose]();
        expect(readdirSync(first).sort()).toEqual(['QUARANTINE.txt', 'data']);
        expect(readdirSync(second)).toEqual(['QUARANTINE.txt']);
        expect(readFileSync(join(second, 'QUARANTINE.txt'), 'utf8')).toContain(join(first, 'data'));

        const [from, to] = [join(first, 'data'), join(first, 'copied')];
        const { uid, gid, mode } = statSync(from);
        copyData(from, to);
        expect(existsSync(from)).toBe(false);
        expect(statSync(to)).toMatchObject({ uid, gid, mode });
        expect(statSync(join(to, 'PG_VERSION'))).toMatchObject({ uid, gid });
        expect(rowsIn(to, 'custody_t')).toContain('0 rows');
      });

      it('keeps its data where it was when it cannot be moved', async () => {
        const workspace = await postgresEngine.prepare({ file: dump }, OPTIONS);
        const path = await (await workspace.restore('T')).quarantine(kept(), 'no way');
        const folder = Object.fromEntries((await workspace.isolation()).raw)['cluster-folder'] ?? '';
        rmSync(path, { recursive: true });
        await refuses(async () => workspace[Symbol.asyncDispose](), 'PATH_NOT_FOUND');
        expect(rowsIn(join(folder, 'data'), 'custody_t')).toContain('0 rows');
        // A later start leaves it, too.
        await using next = await postgresEngine.prepare({ file: dump }, OPTIONS);
        expect(existsSync(join(folder, 'data', 'PG_VERSION'))).toBe(true);
        expect(next.versions).toHaveLength(1);
      });

      it('a folder that cannot be made is an error, and the clone stays out of use', async () => {
        await using workspace = await postgresEngine.prepare({ file: dump }, OPTIONS);
        const clone = await workspace.restore('T');
        await refuses(clone.quarantine(join(dump, 'below'), 'x'), 'PATH_NOT_A_FOLDER');
        await refuses(clone.query('SELECT 1'), 'ENGINE_FAILED');
      });

      it('a server that does not answer is kept all the same', async () => {
        const controller = new AbortController();
        const workspace = await postgresEngine.prepare(
          { file: dump },
          { ...OPTIONS, signal: controller.signal },
        );
        const clone = await workspace.restore('T');
        controller.abort();
        const path = await clone.quarantine(kept(), 'the server is gone');
        await workspace[Symbol.asyncDispose]();
        expect(existsSync(join(path, 'data', 'PG_VERSION'))).toBe(true);
      });

      it.each([
        ['SIGTERM', 'wait'],
        [undefined, 'exit'],
      ] as const)('is moved when its process ends by %s (%s)', async (signal, then) => {
        const child = spawn(process.execPath, [CHILD, dump, kept(), then], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const raw = await firstLine(child.stdout);
        const over = once(child, 'exit');
        if (signal) child.kill(signal);
        await over;
        expect(existsSync(raw['cluster-folder'] ?? '/')).toBe(false);
        expect(rowsIn(join(raw['path'] ?? '', 'data'), 'custody_t')).toContain('0 rows');
      });

      it('survives SIGKILL of its process: the next start leaves it where the note says', async () => {
        const child = spawn(process.execPath, [CHILD, dump, kept(), 'wait'], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const raw = await firstLine(child.stdout);
        const over = once(child, 'exit');
        child.kill('SIGKILL');
        await over;
        await using next = await postgresEngine.prepare({ file: dump }, OPTIONS);
        expect(next.versions).toHaveLength(1);
        const data = join(raw['cluster-folder'] ?? '', 'data');
        expect(existsSync(join(data, 'PG_VERSION'))).toBe(true);
        expect(readFileSync(join(raw['path'] ?? '', 'QUARANTINE.txt'), 'utf8')).toContain(data);
      });
    });

    /** Rows of shop.log, read by a server in single-user mode from a copy that its account can reach. */
    function rowsIn(data: string, database: string): string {
      const copy = join(clusters.path, `copy-${String(Math.random()).slice(2)}`);
      cpSync(data, copy, { recursive: true });
      const account = serverAccount();
      if (account) spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, copy]);
      chmodSync(copy, 0o700);
      const { stdout } = spawnSync(join(binaries, 'postgres'), ['--single', '-D', copy, database], {
        input: "SELECT count(*) || ' rows', string_agg(what, ',') FROM shop.log\n",
        encoding: 'utf8',
        cwd: clusters.path,
        env: { LC_ALL: 'C' },
        ...account,
      });
      return stdout;
    }
  },
);

async function firstLine(stream: NodeJS.ReadableStream): Promise<Record<string, string>> {
  const [line] = (await once(stream.setEncoding('utf8'), 'data')) as [string];
  return JSON.parse(line) as Record<string, string>;
}
