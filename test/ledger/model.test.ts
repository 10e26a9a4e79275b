import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { resolveRevision } from '../../src/ledger/revision.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { gathered } from '../store/harness.ts';
import { commitText } from './commit-text.ts';
import { LedgerPlace, QUICK } from './support.ts';

interface Model {
  /** What each record after the first holds. */
  texts: string[];
}
interface Real {
  place: LedgerPlace;
  ledger: Ledger;
  /** Opened at the start and never again: it must see what others write. */
  reader: Ledger;
}
type Step = fc.AsyncCommand<Model, Real>;

class Commit implements Step {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  check = (): boolean => true;
  async run(model: Model, { ledger }: Real): Promise<void> {
    const { index } = await commitText(ledger, this.text);
    model.texts.push(this.text);
    expect(index).toBe(model.texts.length);
  }
  toString = (): string => `commit ${JSON.stringify(this.text)}`;
}

/** Two writers begin with the same head; the second appends to what the first left. */
class CommitBoth implements Step {
  check = (): boolean => true;
  async run(model: Model, { ledger, place }: Real): Promise<void> {
    await using other = await place.open();
    const [a, b] = await Promise.all([commitText(ledger, 'left'), commitText(other, 'right')]);
    model.texts.push(...(a.index < b.index ? ['left', 'right'] : ['right', 'left']));
  }
  toString = (): string => 'commit both';
}

class Abandon implements Step {
  check = (): boolean => true;
  async run(_model: Model, { ledger }: Real): Promise<void> {
    await using session = await ledger.session();
    session.writer.put('raw', digestOf(Buffer.from('abandoned')), new Uint8Array(Buffer.from('abandoned')));
  }
  toString = (): string => 'abandon';
}

class Reopen implements Step {
  check = (): boolean => true;
  async run(_model: Model, real: Real): Promise<void> {
    await real.ledger[Symbol.asyncDispose]();
    real.ledger = await real.place.open();
  }
  toString = (): string => 'reopen';
}

class DeleteIndex implements Step {
  check = (): boolean => true;
  async run(_model: Model, { place }: Real): Promise<void> {
    rmSync(join(place.dir, '.custody/index'), { recursive: true, force: true });
  }
  toString = (): string => 'delete index';
}

class Read implements Step {
  check = (): boolean => true;
  async run({ texts }: Model, { reader }: Real): Promise<void> {
    const head = await reader.head();
    expect(head.size).toBe(texts.length + 1);
    const records = (await gathered(reader.records(head))).reverse().slice(1);
    for (const [i, { record }] of records.entries()) {
      const revision = await resolveRevision(reader, record.entry.digest);
      if (revision.type !== 'record') throw new Error('an entry names its record');
      expect(revision.entry.message).toBe(texts[i]);
      const text = Buffer.from(texts[i]!);
      expect(Buffer.from(await reader.store.get(digestOf(text))).equals(text)).toBe(true);
    }
  }
  toString = (): string => 'read';
}

class Check implements Step {
  check = (): boolean => true;
  async run({ texts }: Model, { ledger }: Real): Promise<void> {
    expect(await fsckLedger(ledger)).toMatchObject({ ok: true, records: texts.length + 1, findings: [] });
  }
  toString = (): string => 'fsck';
}

it(
  'a ledger is a list of what was committed, whatever happens in between',
  { timeout: 120_000 },
  async () => {
    const steps = [
      fc.constantFrom('', 'same', 'x'.repeat(5000)).map((text) => new Commit(text)),
      fc.string({ maxLength: 30 }).map((text) => new Commit(text)),
      fc.constant(new CommitBoth()),
      fc.constant(new Abandon()),
      fc.constant(new Reopen()),
      fc.constant(new DeleteIndex()),
      fc.constant(new Read()),
      fc.constant(new Check()),
    ];
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 25 }), async (commands) => {
        using place = new LedgerPlace(QUICK);
        const real = { place, ledger: await place.init(), reader: await place.open() };
        await fc.asyncModelRun(
          () => ({ model: { texts: [] }, real }),
          [...commands, new Read(), new Check()],
        );
      }),
      { numRuns: 25 },
    );
  },
);
