import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { capture, children, insertOnly, make, prepare, useTemp } from './helpers.ts';
import { lacking } from '../../support/lacking.ts';
import { refuses } from '../../support/refusals.ts';

const temp = useTemp();
const ENDLESS = Buffer.from(
  'WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x) SELECT count(*) FROM x',
);
const source = (): string => {
  const path = temp.file('source.db');
  return existsSync(path) ? path : make(path, 'CREATE TABLE t(a)');
};
const workspaces = (): string[] =>
  readdirSync(temp.path).filter((name) => name.startsWith('custody-sqlite-'));
const lack = lacking('Linux');
const lackSetpriv = lacking('setpriv');

describe.skipIf(lack)(`no process and no folder is left${lack}`, () => {
  const nothing = (): void => {
    expect(workspaces()).toEqual([]);
    expect(children()).toEqual([]);
  };

  it('after success', async () => {
    await capture(source());
    nothing();
  });

  it('after a refusal, even where nobody disposes of the session', async () => {
    {
      await using workspace = await prepare(source());
      const clone = await workspace.restore('T');
      const session = await clone.open();
      await session.begin();
      await refuses(session.apply(Buffer.from('DROP TABLE t'), insertOnly('t')), 'BOUNDARY_VIOLATED');
      expect(children().length).toBe(1);
    }
    nothing();
  });

  it('after a source that is refused', async () => {
    await refuses(prepare(temp.file('nowhere.db')), 'PATH_NOT_FOUND');
    nothing();
  });

  it('after an interruption in the middle of a script', async () => {
    const controller = new AbortController();
    {
      await using workspace = await prepare(source(), { signal: controller.signal });
      await using clone = await workspace.restore('T');
      await using session = await clone.open();
      await session.begin();
      const running = session.apply(ENDLESS, insertOnly('t'));
      controller.abort();
      await refuses(running, 'INTERRUPTED');
      await refuses(session.capture(new MemoryObjects()), 'INTERRUPTED');
    }
    nothing();
    await refuses(prepare(source(), { signal: controller.signal }), 'INTERRUPTED');
    nothing();
  });

  it('after somebody kills the child', async () => {
    {
      await using workspace = await prepare(source());
      await using clone = await workspace.restore('T');
      await using session = await clone.open();
      await session.begin();
      const running = session.apply(ENDLESS, insertOnly('t'));
      process.kill(children()[0]!, 'SIGKILL');
      await refuses(running, 'ENGINE_FAILED');
      await refuses(session.inTransaction(), 'ENGINE_FAILED');
    }
    nothing();
  });

  it.skipIf(lackSetpriv)(`a killed parent takes its child along${lackSetpriv}`, async () => {
    const engine = resolve(import.meta.dirname, '../../../src/engines/sqlite/index.ts');
    const program = `
      import { sqliteEngine } from ${JSON.stringify(engine)};
      const workspace = await sqliteEngine.prepare({ file: ${JSON.stringify(source())} }, { session: [], timeLimit: 600000 });
      const session = await (await workspace.restore('T')).open();
      await session.begin();
      const running = session.apply(Buffer.from(${JSON.stringify(ENDLESS.toString())}), { insert: [], update: [], delete: [], counters: false });
      console.log('running');
      await running;`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    const [grandchild] = children(parent.pid);
    expect(grandchild).toBeDefined();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const alive = (): boolean => {
      try {
        process.kill(grandchild!, 0);
        return !zombie(grandchild!);
      } catch {
        return false;
      }
    };
    for (let i = 0; i < 100 && alive(); i++) await new Promise((done) => setTimeout(done, 20));
    expect(alive()).toBe(false);
  });
});

/** Nobody may be there to collect it (in a container without an init); it does not run. */
function zombie(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !existsSync(`/proc/${pid}/exe`);
}
