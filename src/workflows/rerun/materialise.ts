import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromSystemError } from '../../errors.ts';
import { posixJoin } from '../../rules/posix-path.ts';
import { parsePlan, type Plan, type PlanFile, type PlanScript } from '../../rehearsal/plan/plan.ts';
import { noRehearsalPacket } from './from-folder.ts';
import type { Opened, RerunSubject, SubjectPart } from './subject.ts';

/** What an engine may keep beside the source itself: `source-wal`, … */
const SOURCE_FILE = /^source(-[a-z]+)?$/;

/**
 * Writes what a plan uses into a scratch folder and reads the plan there. Files lie where the plan names them, as seen
 * from the plan, so that what refers to them by relative paths finds them; those that the plan names outside of its
 * folder lie under `elsewhere`.
 * @param dir an empty folder of our own.
 * @throws CustodyError PACKET_BROKEN where the parts are not those of this plan; what {@link parsePlan} throws.
 */
export async function materialise(subject: RerunSubject, dir: string): Promise<Plan> {
  const place = new Scratch(dir);
  await place.write('plan.yaml', whole(subject.written));
  const plan = await parsePlan(subject.written, join(dir, 'plan.yaml'));
  const source = place.locate(plan.source);
  if (!subject.source.has('source')) throw noRehearsalPacket('it holds no source');
  for (const [name, opened] of subject.source) {
    if (!SOURCE_FILE.test(name)) throw noRehearsalPacket(`a source has no file ${name}`);
    await place.write(`${source}${name.slice('source'.length)}`, opened);
  }
  return {
    ...plan,
    source: place.moved(plan.source, source),
    executor: await place.script(plan.executor, subject.executor),
    rollback: plan.rollback && (await place.script(plan.rollback, subject.rollback ?? [])),
    profile: plan.profile && (await place.file(plan.profile, subject.profile)),
  };
}

class Scratch {
  readonly #dir: string;
  readonly #written = new Set<string>();
  #elsewhere = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Where a file of the plan comes to lie, from the scratch folder. */
  locate({ path }: PlanFile): string {
    const joined = posixJoin('', path);
    const inside = !joined.startsWith('/') && !joined.startsWith('..') && joined !== '';
    return inside ? joined : `elsewhere/${this.#elsewhere++}`;
  }

  moved<F extends PlanFile>(file: F, to: string): F {
    return { ...file, file: join(this.#dir, to) };
  }

  async file<F extends PlanFile>(file: F, bytes: Uint8Array | undefined): Promise<F> {
    if (!bytes) throw noRehearsalPacket(`it does not hold ${file.path}`);
    const to = this.locate(file);
    await this.write(to, whole(bytes));
    return this.moved(file, to);
  }

  async script(script: PlanScript, parts: readonly SubjectPart[]): Promise<PlanScript> {
    const files = [script, ...script.includes];
    if (parts.length !== files.length || parts.some(({ path }, i) => path !== files[i]!.path))
      throw noRehearsalPacket('its scripts are not those that the plan names');
    const places: string[] = [];
    for (const [i, part] of parts.entries()) {
      const to = this.locate(files[i]!);
      await this.write(to, part.open);
      places.push(to);
    }
    return {
      ...this.moved(script, places[0]!),
      includes: script.includes.map((include, i) => this.moved(include, places[i + 1]!)),
    };
  }

  /** Scripts may share a file: it is written once. */
  async write(to: string, opened: Opened): Promise<void> {
    if (this.#written.has(to)) return;
    this.#written.add(to);
    const path = join(this.#dir, to);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await using file = await open(path, 'wx', 0o600);
      for await (const piece of opened()) await file.appendFile(piece);
    } catch (error) {
      throw fromSystemError(error, path);
    }
  }
}

function whole(bytes: Uint8Array): Opened {
  return async function* () {
    yield await Promise.resolve(bytes);
  };
}
