import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { make, useTemp } from './helpers.ts';
import { lacking, pidNamespace } from '../../support/lacking.ts';

/** The assertions `clone-not-open-elsewhere` and `clone-not-seen-open`. */
const temp = useTemp();

/** In a pid namespace with its own /proc every process can be looked into, whatever the system around it hides. */
const namespace = pidNamespace() ?? [];
const lack = lacking('Linux', 'a pid namespace');
const lackAccount = lacking('root', 'setpriv');

/** Runs a program in such a namespace; what it logs, one JSON value a line. */
function inNamespace(program: string): unknown[] {
  const src = resolve(import.meta.dirname, '../../../src');
  const imports = `
    import { spawn } from 'node:child_process';
    import { once } from 'node:events';
    import fs from 'node:fs';
    import { sqliteEngine } from ${JSON.stringify(join(src, 'engines/sqlite/index.ts'))};
    import { lookForHolders } from ${JSON.stringify(join(src, 'engines/sqlite/open-files.ts'))};
    const log = (value) => console.log(JSON.stringify(value));
    const holder = async (path) => {
      const child = spawn('sh', ['-c', 'exec 3<"$1"; echo ready; exec sleep 60', 'sh', path], { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(child.stdout, 'data');
      return { end: async () => { child.kill('SIGKILL'); await once(child, 'close'); } };
    };`;
  const run = [process.execPath, '--input-type=module', '-e', imports + program];
  const { stdout, stderr } = spawnSync('unshare', [...namespace, ...run], {
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe.skipIf(lack)(`another process that has the clone open${lack}`, () => {
  it('is none of ours; and one is seen before a session, after it, once and for all', () => {
    const source = make(temp.file('open.db'), 'CREATE TABLE t(a)');
    const program = `
      const holds = async (workspace) => {
        const { assertions, notShown } = await workspace.isolation();
        log(['clone-not-open-elsewhere', 'clone-not-seen-open'].map((name) => assertions.find(({ assertion }) => assertion === name).holds));
        log(notShown.map(({ why }) => why.replace(/process [0-9]+ .(sh|sleep)./g, 'somebody')));
      };
      const session = async (clone, meanwhile) => {
        await using opened = await clone.open();
        await opened.begin();
        await meanwhile?.();
      };
      const file = async (workspace) => {
        const folder = (await workspace.isolation()).raw.find(([name]) => name === 'workspace')[1];
        const [clone] = fs.readdirSync(folder).filter((name) => name.startsWith('T-'));
        return folder + '/' + clone + '/clone.db';
      };
      const prepare = () => sqliteEngine.prepare({ file: ${JSON.stringify(source)} }, { session: [], timeLimit: 30000 });
      {
        await using workspace = await prepare();
        await holds(workspace);
        await using clone = await workspace.restore('T');
        await session(clone);
        await session(clone);
        await holds(workspace);
        let other;
        await session(clone, async () => (other = await holder(await file(workspace))));
        await holds(workspace);
        await other.end();
        await session(clone);
        await holds(workspace);
      }
      {
        await using workspace = await prepare();
        await using clone = await workspace.restore('T');
        const other = await holder(await file(workspace));
        await session(clone, () => other.end());
        await holds(workspace);
      }`;
    // Nothing was looked at yet · two sessions, nobody · after a session · for good · before a session
    const seen = [[false, false], ['somebody had it open']];
    expect(inNamespace(program)).toEqual(
      [[[false, false], ['nobody looked']], [[true, true], []], seen, seen, seen].flat(),
    );
  });

  it('is seen by device and inode, whatever it calls the file', () => {
    const path = temp.file('named');
    writeFileSync(path, 'x');
    linkSync(path, `${path}-too`);
    const program = `
      const path = ${JSON.stringify(path)};
      const file = fs.statSync(path, { bigint: true });
      const look = async (...allowed) => {
        const { holders, hidden } = await lookForHolders(file, new Set(), allowed);
        log([holders.length, hidden]);
      };
      await look();
      const fd = fs.openSync(path, 'r');
      await look();
      await look(process.pid);
      fs.closeSync(fd);
      const other = await holder(path + '-too');
      fs.rmSync(path + '-too');
      await look();
      await other.end();
      await look();`;
    expect(inNamespace(program)).toEqual([0, 1, 0, 1, 0].map((holders) => [holders, []]));
  });

  it('cannot be told with a /proc of another namespace', () => {
    const without = namespace.filter((flag) => flag !== '--mount-proc');
    const module = resolve(import.meta.dirname, '../../../src/engines/sqlite/open-files.ts');
    const program = `import { lookForHolders } from ${JSON.stringify(module)};
      console.log(JSON.stringify(await lookForHolders({ dev: 0n, ino: 0n })));`;
    const run = [process.execPath, '--input-type=module', '-e', program];
    const seen = spawnSync('unshare', [...without, ...run], { encoding: 'utf8' });
    expect(JSON.parse(seen.stdout)).toEqual({
      holders: [],
      hidden: ['/proc is that of another pid namespace'],
    });
  });

  it.skipIf(lackAccount)(
    `and hides it is named where it is of our account, and only there${lackAccount}`,
    async () => {
      const folder = temp.file('nobody');
      mkdirSync(folder, { mode: 0o700 });
      const path = join(folder, 'file');
      writeFileSync(path, 'x');
      for (const one of [folder, path]) chownSync(one, 65_534, 65_534);
      chmodSync(temp.path, 0o711);
      const module = resolve(import.meta.dirname, '../../../src/engines/sqlite/open-files.ts');
      const program = `import { statSync } from 'node:fs';
        import { lookForHolders } from ${JSON.stringify(module)};
        console.log(JSON.stringify(await lookForHolders(statSync(${JSON.stringify(path)}, { bigint: true }))));`;
      const look = (): unknown => {
        const { stdout } = spawnSync(
          'setpriv',
          [
            ...['--reuid', '65534', '--regid', '65534', '--clear-groups'],
            ...[process.execPath, '--input-type=module', '-e', program],
          ],
          { encoding: 'utf8', cwd: '/' },
        );
        return JSON.parse(stdout);
      };
      // Root's processes cannot be looked into, and are not nobody's.
      expect(look()).toEqual({ holders: [], hidden: [] });
      // Started by nobody, as a set-user-ID program would be: it may come into the folder, and may not be looked into.
      const other = spawn('setpriv', ['--ruid', '65534', 'sleep', '60'], { stdio: 'ignore' });
      const started = (): boolean => readFileSync(`/proc/${other.pid}/cmdline`, 'utf8').startsWith('sleep');
      for (let i = 0; i < 200 && !started(); i++) await new Promise((done) => setTimeout(done, 20));
      expect(look()).toEqual({
        holders: [],
        hidden: [`process ${other.pid} (sleep) hides its open files (EACCES)`],
      });
      other.kill('SIGKILL');
      await once(other, 'exit');
      expect(look()).toEqual({ holders: [], hidden: [] });
    },
  );
});
