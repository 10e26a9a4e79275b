import { compareBytes } from '../objects/codec.ts';
import { digestOf, digestToBytes, type Digest } from '../objects/digest.ts';
import { storeContent } from '../objects/file.ts';
import { boundKey, encodeKey } from '../objects/rows/key.ts';
import { canonicalJson } from '../objects/json.ts';
import { decodeKind, type AnyObject, type ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { walkMap, type Row } from '../objects/map-walk.ts';
import { MemoryObjects } from '../objects/memory-objects.ts';
import { MapBuilder } from '../objects/merkle-map.ts';
import type { ScriptPart } from '../rules/includes.ts';
import { judgedPlan, planDocument, type JudgedPlan } from '../rules/judged.ts';
import type { PlanDocument, ScriptDocument } from '../rules/plan-schema.ts';
import { readTable } from '../objects/snapshots/diff.ts';
import { putObject } from '../objects/sink.ts';
import { driveSync, resultOf } from '../objects/walk.ts';
import { documentOf, planObject, type Mutable } from './documents.ts';
import { namedScript, putScript } from './scripts.ts';
import { bytesOf } from './states.ts';

export type Rehearsal = Mutable<ObjectOf<'rehearsal'>>;
export type Leg = Rehearsal['legs'][number];
export type Entry = [key: Uint8Array, row: Row];

/** A rehearsal with what it cites, ready to be judged. */
export interface Built {
  readonly subject: Digest;
  readonly objects: MemoryObjects;
}

/**
 * A rehearsal that is being falsified: everything can be changed, and is then encoded and linked anew, so that no broken
 * digest gives the change away.
 */
export class Draft {
  readonly objects = new MemoryObjects();
  /** With what its document says: where that changes, the document follows. */
  readonly plan: Mutable<JudgedPlan>;
  readonly validators: Mutable<ObjectOf<'validator'>>[];
  readonly probes: Mutable<ObjectOf<'probes'>> | undefined;
  readonly rehearsal: Rehearsal;
  /** What only the plan's document says: names of files, digests of parts. The rest follows the plan when it is built. */
  readonly document: Mutable<PlanDocument>;
  /** The rehearsal's link to its probes is another one and stays. */
  keepProbes = false;
  /** Another document in its place. */
  otherDocument: Link | undefined;

  constructor(control: Built) {
    for (const [digest, { codec, bytes }] of control.objects.entries())
      this.objects.put(codec, digest, bytes);
    const get = control.objects.get;
    this.rehearsal = decodeKind('rehearsal', get(control.subject)) as Rehearsal;
    const plan = decodeKind('plan', get(this.rehearsal.plan.digest));
    this.plan = judgedPlan(plan, get);
    this.validators = this.rehearsal.validators.map(({ digest }) => decodeKind('validator', get(digest)));
    const { probes } = this.rehearsal;
    this.probes = probes ? (decodeKind('probes', get(probes.digest)) as Draft['probes']) : undefined;
    this.document = planDocument(plan, get) as Draft['document'];
  }

  /** Only what the rehearsal still reaches counts, so what a change leaves behind does no harm. */
  build(): Built {
    const { rehearsal, plan } = this;
    plan.document = this.otherDocument ?? this.json(documentOf(plan, this.document));
    rehearsal.plan = this.put(planObject(plan));
    rehearsal.validators = this.validators.map((validator) => this.put(validator));
    if (rehearsal.probes && this.probes && !this.keepProbes) rehearsal.probes = this.put(this.probes);
    return { subject: this.put(rehearsal).digest, objects: this.objects };
  }

  put(object: AnyObject): Link {
    return putObject(this.objects, object);
  }

  leg(name: string): Leg {
    return this.rehearsal.legs.find(({ leg }) => leg === name)!;
  }

  /** The before-state everywhere: entry, exit, image, starts, and the ways back that led to it. */
  setBefore(state: Link): void {
    const { rehearsal } = this;
    const old = rehearsal.entry;
    rehearsal.entry = rehearsal.exit = rehearsal.image.restored = state;
    for (const leg of rehearsal.legs) {
      leg.start = state;
      if (leg.back?.equals(old)) leg.back = state;
    }
  }

  setAfter(state: Link): void {
    for (const leg of this.rehearsal.legs) leg.after = state;
  }

  get after(): Link {
    return this.rehearsal.legs[0]!.after!;
  }

  editSnapshot(state: Link, edit: (snapshot: Mutable<ObjectOf<'snapshot'>>) => void): Link {
    const snapshot = decodeKind('snapshot', this.objects.get(state.digest)) as Mutable<ObjectOf<'snapshot'>>;
    edit(snapshot);
    return this.put(snapshot);
  }

  entriesOf(map: Link): Entry[] {
    return [...driveSync(walkMap(map), this.objects.get)].map(({ key, row }) => [key, row]);
  }

  /** The map of these entries, sorted. */
  map(entries: readonly Entry[]): Link {
    const builder = new MapBuilder(this.objects);
    for (const [key, row] of [...entries].sort(([a], [b]) => compareBytes(a, b)))
      builder.addBounded(key, row);
    return builder.finish().root;
  }

  /** @param part a class of facts, or the tables. */
  editPart(state: Link, part: string, edit: (entries: Entry[]) => readonly Entry[]): Link {
    return this.editSnapshot(state, (snapshot) => {
      const map = part === 'tables' ? snapshot.tables : snapshot.facts[part]!;
      const edited = this.map(edit(this.entriesOf(map)));
      if (part === 'tables') snapshot.tables = edited;
      else snapshot.facts = { ...snapshot.facts, [part]: edited };
    });
  }

  table(state: Link, name: string): ObjectOf<'table'> {
    const { tables } = decodeKind('snapshot', this.objects.get(state.digest));
    const key = boundKey(encodeKey([name]));
    const entry = this.entriesOf(tables).find(([k]) => compareBytes(k, key) === 0)!;
    return resultOf(readTable(entry[1]), this.objects.get);
  }

  editTable(state: Link, name: string, edit: (table: Mutable<ObjectOf<'table'>>) => void): Link {
    const table = { ...this.table(state, name) } as Mutable<ObjectOf<'table'>>;
    edit(table);
    const key = boundKey(encodeKey([name]));
    return this.editPart(state, 'tables', (entries) =>
      entries.map(([k, row]) => (compareBytes(k, key) === 0 ? [k, this.put(table as AnyObject)] : [k, row])),
    );
  }

  /** The rows of a table; its count follows. */
  editRows(state: Link, name: string, edit: (entries: Entry[]) => readonly Entry[]): Link {
    return this.editTable(state, name, (table) => {
      const entries = edit(this.entriesOf(table.root));
      table.root = this.map(entries);
      table.rows = entries.length;
    });
  }

  /** Another script, wherever it is named. */
  setScript(which: 'executor' | 'rollback', files: readonly [ScriptPart, ...ScriptPart[]]): void {
    const { rehearsal, plan, document } = this;
    const script = putScript(this.objects, files);
    rehearsal[which] = script as Mutable<typeof script>;
    plan[which] = script.before;
    if (plan.approval) plan.approval[which] = script.before;
    document[which] = namedScript(script) as Mutable<ScriptDocument>;
  }

  /** A text as stored content. */
  content(text: string): Link {
    return this.contentOf(bytesOf(text));
  }

  json(value: unknown): Link {
    return this.contentOf(canonicalJson(value));
  }

  contentOf(bytes: Uint8Array): Link {
    return storeContent(this.objects, bytes);
  }
}

/** 32 bytes that are the digest of something, but of nothing here. */
export function otherHash(text = 'something else'): Uint8Array {
  return digestToBytes(digestOf(bytesOf(text)));
}
