import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { undo } from '../../system/undo.ts';
import { makeTemporaryFolder } from '../../system/temporary-folder.ts';
import { CustodyError, fromSystemError, hasCode } from '../../errors.ts';
import { parseDigest } from '../../objects/digest.ts';
import { shellWord } from '../../system/shell-word.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { renderDiff } from '../diff-text.ts';
import { probing } from '../probing.ts';
import { findingLines, plural, printable } from '../text.ts';
import { value } from '../options.ts';

export const command = defineCommand({
  about:
    'Tells the whole story in a new folder, in a few seconds: makes a production-shaped surrogate database, rehearses the\nchange of a profile on a clone of it, proves each way back, seals, commits, verifies, shows the change row by row, then flips\none byte in a copy of the packet and shows what verify says. The ledger stays, to explore.',
  examples: [['custody demo', 'succeed first, then break it']],
  options: (y) => y.option('folder', value('where (default: a new folder for temporary files)')),
  async run(args, context) {
    const folder = await makeFolder(args.folder, context);
    const story = new Story(context);
    const result = await tell(story, folder, context).catch(async (error: unknown) => {
      // Half a story is nothing to explore.
      if (args.folder !== undefined) throw error;
      throw await undo(error, () => rm(folder, { recursive: true, force: true }));
    });
    if (context.args.json) context.print(result, () => '');
    return result.ok ? 0 : 1;
  },
});

/** Prints chapters as they happen; with --json nothing but the result. */
class Story {
  readonly #context: Context;
  #chapter = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  chapter(title: string): void {
    this.say(`\n${++this.#chapter}. ${title}`);
  }

  say(text: string): void {
    if (!this.#context.args.json && !this.#context.args.quiet) this.#context.io.stdout.write(`${text}\n`);
  }
}

/** By leg. */
const WAYS_BACK: Readonly<Record<string, string>> = {
  T: 'BEGIN, apply, ROLLBACK',
  R: 'apply, COMMIT, restore the image',
  S: 'apply, COMMIT, rollback script',
};

async function makeFolder(folder: string | undefined, context: Context): Promise<string> {
  if (folder === undefined) return makeTemporaryFolder('demo');
  const path = context.path(folder);
  await mkdir(path).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw fromSystemError(error, path);
    throw new CustodyError('USAGE', `${path} is there already`, {
      cause: error,
      path,
      hint: 'Give a new folder.',
    });
  });
  return path;
}

interface DemoResult {
  ok: boolean;
  folder: string;
  snapshot: string;
  rehearsal: string;
  seal: string;
  record: number;
  verified: boolean;
  changes: number;
  tampered: { ok: boolean; findings: readonly { code: string; path: string }[] };
}

async function tell(story: Story, folder: string, context: Context): Promise<DemoResult> {
  const [
    { Ledger },
    { firstPolicy },
    { rehearsePlan },
    { verifyRevision, verifyFolder },
    { makeSurrogate, profileFolder },
    { copyProfile, openProfile },
    { snapshotDatabase },
    { diffOperands },
    { nodeLink },
  ] = await Promise.all([
    import('../../ledger/ledger.ts'),
    import('../../judging/policy.ts'),
    import('../../workflows/rehearse.ts'),
    import('../../workflows/verify.ts'),
    import('../../workflows/surrogate.ts'),
    import('../../rehearsal/plan/profile-folder.ts'),
    import('../../workflows/snapshot.ts'),
    import('../../workflows/diff.ts'),
    import('../../objects/link.ts'),
  ]);
  const who = { author: context.author, lane: 'demo', signal: context.signal };

  story.chapter('A database that looks like production');
  const profile = await openProfile(profileFolder('fix7-p0'));
  const plan = await copyProfile(profile, folder);
  const database = plan.source.file;
  await makeSurrogate(profile, database);
  const made = await Ledger.init(folder, {
    origin: `custody.demo/${basename(folder)}`,
    author: who.author,
    keys: await context.keys(),
    fill: firstPolicy,
  });
  await using ledger = made.ledger;
  const state = await snapshotDatabase(ledger, database, {
    ...who,
    message: 'the surrogate before anything',
  });
  story.say(
    `   ${plural(Object.keys(state.tables).length, 'table')}, ${plural(state.rows, 'row')}, marked ${printable(profile.surrogate?.marker ?? '')}`,
  );
  story.say(`   its whole state as one digest, the same every time: ${state.snapshot}`);

  story.chapter(`Rehearse ${printable(plan.form.name)} on an isolated clone, and each way back`);
  const packet = join(folder, 'packet');
  const r = await rehearsePlan(ledger, plan.path, {
    ...who,
    out: packet,
    probe: probing(context),
    progress: context.progress,
  }).finally(() => context.progressDone());
  const gates = plan.form.preflight.map(({ name }) => printable(name));
  story.say(`   preflight   ${gates.join('\n               ')}`);
  for (const { leg, exact } of r.legs) {
    story.say(
      `   leg ${leg}       ${WAYS_BACK[leg]?.padEnd(34)} ${exact ? 'every row is as it was' : 'NOT the before-state'}`,
    );
  }
  story.say(
    `   verdict     ${r.accepted ? 'accepted' : 'REJECTED'} by the pinned validator, in a process without files${r.validatorNetwork === 'restricted' ? ' or network' : ''}`,
  );
  for (const line of findingLines(r.findings)) story.say(`  ${line}`);

  story.chapter('What it changed, row by row');
  const { get } = ledger;
  const side = (id: string) => ({ kind: 'snapshot', link: nodeLink(parseDigest(id)), get }) as const;
  const diff = await diffOperands(side(r.before), side(r.after ?? r.before));
  story.say(indent(renderDiff(diff)));
  story.say(
    '   (masked): values from the clock, declared in the plan with a reason; everything else is compared exactly',
  );

  story.chapter('Sealed, committed, verified');
  story.say(
    `   seal        ${r.seal}\n               (one digest over every file of the packet: folder packet/)`,
  );
  const verified = await verifyRevision(ledger, `@${r.record}`, { signal: context.signal });
  const done = Object.entries(verified.levels)
    .filter(([, v]) => v === 'done')
    .map(([level]) => level);
  story.say(`   verify @${r.record}   ${verified.ok ? 'ok' : 'NOT OK'}: ${done.join(', ')}`);
  for (const line of findingLines(verified.findings)) story.say(`  ${line}`);

  story.chapter('Now somebody flips one byte in a copy of the packet');
  const copy = join(folder, 'tampered-packet');
  await cp(packet, copy, { recursive: true });
  await flipOneByte(join(copy, 'verdict.json'));
  const tampered = await verifyFolder(copy, { signal: context.signal });
  story.say(`   custody verify ${printable(shellWord(copy))}`);
  story.say(
    `   ${tampered.ok ? 'ok?!' : `NOT OK, exit status 1: ${plural(tampered.findings.length, 'finding')}`}`,
  );
  for (const line of findingLines(tampered.findings)) story.say(`  ${line}`);

  const ok = r.accepted && verified.ok && diff.changes.length > 0 && !tampered.ok;
  story.say(
    `\n${ok ? 'All of it held.' : 'SOMETHING DID NOT HOLD: see above.'} Explore with custody log, show, diff, verify, fsck:`,
  );
  story.say(`  npx custody log --ledger ${printable(shellWord(folder))}`);
  return {
    ok,
    folder,
    snapshot: state.snapshot,
    rehearsal: r.rehearsal,
    seal: r.seal,
    record: r.record,
    verified: verified.ok,
    changes: diff.changes.length,
    tampered: { ok: tampered.ok, findings: tampered.findings.map(({ code, path }) => ({ code, path })) },
  };
}

async function flipOneByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(file, bytes);
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `   ${line}`)
    .join('\n');
}
