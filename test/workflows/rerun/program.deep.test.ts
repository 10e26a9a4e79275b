import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { Digest } from '../../../src/objects/digest.ts';
import { readBytes } from '../../../src/objects/file.ts';
import { decodeKind, type ObjectOf } from '../../../src/objects/kinds.ts';
import { nodeLink } from '../../../src/objects/link.ts';
import { putObject } from '../../../src/objects/sink.ts';
import { walkTree } from '../../../src/objects/tree.ts';
import { driveAsync } from '../../../src/objects/walk.ts';
import { VERSION } from '../../../src/system/own-package.ts';
import { Made } from './made.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

it(
  'a run links the program that ran, and a rerun says where another one runs',
  { timeout: 120_000 },
  async () => {
    await using made = await Made.begin();
    const { ledger } = made;
    const { run, packet, record } = await made.rehearse(made.plan('plan', { rollback: false }), 'packet');
    const { program } = await runOf(ledger, run);
    expect(program.version).toBe(VERSION);
    expect(program.packages).toContainEqual(['yaml', expect.stringMatching(/^[0-9.]+$/)]);
    const files = new Map<string, Buffer>();
    for await (const { path, entry } of driveAsync(walkTree(program.files), ledger.get))
      if (entry.mode === 'file') files.set(path, Buffer.from(await readBytes(entry.link, ledger.get)));
    expect(files.get('bin/custody.ts')).toEqual(readFileSync(`${ROOT}bin/custody.ts`));
    const sources = readdirSync(`${ROOT}src`, { recursive: true, withFileTypes: true });
    expect(files.size).toBe(sources.filter((entry) => entry.isFile()).length + 2);

    expect((await made.rerun(`@${record}`)).program).toEqual([]);
    const validators = [made.validator];
    expect((await made.rerun('packet', { validators })).program).toBeNull();

    // The same rehearsal, said to be an older program's.
    await using session = await ledger.session();
    const packages = program.packages.map(([name, version]): [string, string] => [
      name,
      name === 'yaml' ? '2.0.0' : version,
    ]);
    const older = putObject(session.writer, {
      ...(await runOf(ledger, run)),
      program: { ...program, version: '0.0.9', packages },
      versions: [['node', 'v24.0.0']],
    });
    const said = { author: 'a', lane: 'l', message: '' };
    const { index } = await session.append({
      type: 'rehearsal',
      packet: nodeLink(packet),
      run: older,
      ...said,
    });
    const again = await made.rerun(`@${index}`);
    expect(again).toMatchObject({ same: true, findings: [] });
    expect(again.program!.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['run/program/version', 'run/program/packages/yaml', 'run/versions/node']),
    );
  },
);

async function runOf({ get }: Ledger, id: Digest): Promise<ObjectOf<'run'>> {
  return decodeKind('run', await get(id), id);
}
