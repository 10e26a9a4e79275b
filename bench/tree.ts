import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CUSTODY, installed, medians, Scratch, setting, type Row } from './measure.ts';

/** A folder committed and checked: an eighth of it random bytes in large files, the rest JSON-like small files. */
export async function run(): Promise<Row[]> {
  const megabytes = setting('BENCH_TREE_MB', 200, 16);
  const rounds = setting('BENCH_ROUNDS', 3, 1);
  await using scratch = await Scratch.make();
  const tree = scratch.file('tree');
  makeTree(tree, megabytes * 1e6);
  const custody = (...words: string[]): string => scratch.run([...CUSTODY, ...words]);
  custody('seal', tree);
  const fresh = (): void => {
    scratch.shell('rm -rf ledger && mkdir ledger');
    custody('init', 'ledger');
  };
  // Git, restic and cp write to the disk as we do: what is measured ends when the bytes are safe.
  const git = `git init -q repo && cp -r tree repo/tree && cd repo && sync -f .`;
  const password = 'export RESTIC_PASSWORD=bench';
  const t = await medians(rounds, {
    commit: { before: fresh, run: () => custody('commit', tree, '--ledger', 'ledger') },
    fsck: { run: () => custody('fsck', '--ledger', 'ledger') },
    git: {
      before: () => scratch.shell(`rm -rf repo; ${git}`),
      run: () => scratch.shell('git add -A && git commit -qm bench && sync -f .', scratch.file('repo')),
    },
    gitFsck: { run: () => scratch.run(['git', 'fsck', '--full'], scratch.file('repo')) },
    cp: {
      before: () => scratch.shell('rm -rf copy'),
      run: () => scratch.shell('cp -r tree copy && sync -f copy'),
    },
    sha256sum: { run: () => scratch.run(['sha256sum', '--quiet', '-c', 'HASH_MANIFEST.txt'], tree) },
    restic: installed('restic')
      ? {
          before: () => scratch.shell(`${password}; rm -rf restic; restic init -q -r restic`),
          run: () => scratch.shell(`${password}; restic backup -q -r restic --no-cache tree`),
        }
      : undefined,
  });
  const bytes = (path: string): number => Number(scratch.shell(`du -sb ${path} | cut -f1`));
  return [
    {
      what: `commit of a tree (${megabytes} MB)`,
      ours: t.commit,
      against: 'git add && commit',
      theirs: t.git,
    },
    { what: 'commit', ours: t.commit, against: 'cp -r && sync', theirs: t.cp },
    ...(t.restic === undefined
      ? []
      : [{ what: 'commit', ours: t.commit, against: 'restic backup', theirs: t.restic }]),
    { what: 'fsck', ours: t.fsck, against: 'git fsck --full', theirs: t.gitFsck },
    { what: 'fsck', ours: t.fsck, against: 'sha256sum -c', theirs: t.sha256sum },
    {
      what: 'bytes of the ledger',
      ours: bytes('ledger/.custody'),
      against: 'git',
      theirs: bytes('repo/.git'),
      unit: 'bytes',
    },
    ...(t.restic === undefined
      ? []
      : [
          {
            what: 'bytes of the ledger',
            ours: bytes('ledger/.custody'),
            against: 'restic',
            theirs: bytes('restic'),
            unit: 'bytes',
          },
        ]),
  ];
}

function makeTree(folder: string, bytes: number): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const large = bytes / 8 / 4;
  for (let i = 0; i < 4; i++) writeFileSync(join(folder, `large-${i}.bin`), randomBytes(large));
  let written = 4 * large;
  for (let i = 0; written < bytes; i++) {
    if (i % 250 === 0) mkdirSync(join(folder, `part-${i / 250}`));
    const size = 4096 + ((i * 7919) % 61_440);
    const text = jsonLike(i, size);
    writeFileSync(join(folder, `part-${Math.floor(i / 250)}`, `evidence-${i}.json`), text);
    written += text.length;
  }
}

function jsonLike(seed: number, size: number): string {
  const lines: string[] = [];
  let length = 0;
  for (let i = 0; length < size; i++) {
    const hash = createHash('sha256').update(`${seed}/${i}`).digest('hex');
    const line = `{"row": ${i}, "status": "approved", "sha256": "${hash}", "note": "held back until the owner decides"}\n`;
    lines.push(line);
    length += line.length;
  }
  return lines.join('');
}
