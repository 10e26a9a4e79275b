import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { isThere } from '../../system/is-there.ts';
import type { SourceSpec } from '../../engines/engine.ts';
import { locateSource, openLocated } from '../../engines/source-path.ts';
import { CustodyError, fromSystemError } from '../../errors.ts';
import { digestOf } from '../../objects/digest.ts';
import { readCanonicalJson } from '../../objects/json.ts';
import type { PlanDocument } from '../../rules/plan-schema.ts';
import { posixJoin } from '../../rules/posix-path.ts';
import type { Plan } from '../../rehearsal/plan/plan.ts';
import type { Profile } from '../../rehearsal/plan/profile.ts';
import type { Probe } from '../../rules/profile-schema.ts';
import { guardFiles } from '../../rehearsal/plan/guarded-plan.ts';
import { copyTo } from '../../rehearsal/plan/profile-folder.ts';
import { makeSurrogate } from '../surrogate.ts';
import { mergePatch } from './merge-patch.ts';

/** What a plan uses, laid into a folder, as probes change it. */
export interface Bench {
  readonly folder: string;
  /** Where the plan lies in there: deep enough that `../` leads nowhere else. */
  readonly home: string;
  /** The plan as a value. */
  readonly document: PlanDocument;
}

/**
 * Lays a control plan with everything that it names into a folder. Its profile is the one that is probed but for the
 * probes, or each rehearsal in there would probe again. A source that is not there is made where the profile describes a
 * surrogate: after the guard has let the plan pass.
 * @throws CustodyError PROFILE_INVALID where the plan is not under this profile; TARGET_PRODUCTION, …
 */
export async function layOut(profile: Profile, plan: Plan, folder: string): Promise<Bench> {
  if (plan.profile?.sha256 !== profile.digest)
    throw new CustodyError('PROFILE_INVALID', 'the control plan does not pin this profile', {
      path: `${plan.path}:${plan.lineOf('/profile')}`,
      hint: `Name the profile in the plan, with its digest: sha256: '${profile.digest}'.`,
    });
  const { source } = await guardFiles(plan);
  const { home, document } = inside(plan);
  const at = (path: string): string => join(folder, home, path);
  const { executor, rollback } = plan;
  for (const script of [
    executor,
    ...executor.includes,
    ...(rollback ? [rollback, ...rollback.includes] : []),
  ])
    await copyTo(script.file, at(nameInside(script.path)));
  const database = at(document.source.file);
  // Only where there is no source yet: whoever runs a packet again has one, and runs no script of the packet's profile.
  if (profile.surrogate && !isThere(plan.source.file)) {
    await mkdir(dirname(database), { recursive: true });
    await makeSurrogate(profile, database);
  } else await copySource({ file: plan.source.file, real: source }, database);
  const bare = Buffer.from(JSON.stringify(mergePatch(readCanonicalJson(profile.json), { probes: null })));
  const rules = nameInside(plan.profile.path);
  await mkdir(dirname(at(rules)), { recursive: true });
  await writeFile(at(rules), bare);
  return { folder, home, document: { ...document, profile: { file: rules, sha256: digestOf(bare) } } };
}

/** A plan whose paths all stay in one folder, and where it must lie there: as deep as `../` climbs. */
function inside(plan: Plan): { home: string; document: PlanDocument } {
  const { source, profile, executor, rollback } = plan;
  const includes = [...executor.includes, ...(rollback?.includes ?? [])];
  const absolute = includes.find(({ path }) => isAbsolute(path));
  if (absolute)
    throw new CustodyError(
      'PLAN_INVALID',
      `${absolute.path} cannot be brought to the probes of the profile`,
      {
        path: plan.path,
        hint: 'Include it by a relative path.',
      },
    );
  const files = [
    source,
    executor,
    ...includes,
    ...(profile ? [profile] : []),
    ...(rollback ? [rollback] : []),
  ];
  const climbs = files.map(
    ({ path }) =>
      posixJoin('', path)
        .split('/')
        .filter((part) => part === '..').length,
  );
  const document = readCanonicalJson(plan.json) as PlanDocument;
  const moved = <F extends { file: string }>(file: F): F => ({ ...file, file: nameInside(file.file) });
  return {
    home: 'plan/'.repeat(Math.max(...climbs) + 1),
    document: {
      ...document,
      source: moved(document.source),
      executor: moved(document.executor),
      ...(document.rollback && { rollback: moved(document.rollback) }),
    },
  };
}

/** Relative paths stay as they are, for scripts include each other by them. */
function nameInside(path: string): string {
  return isAbsolute(path) ? `absolute${posixJoin('', path)}` : path;
}

async function copySource(from: SourceSpec, to: string): Promise<void> {
  await using handle = await openLocated(await locateSource(from));
  try {
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, handle.createReadStream({ autoClose: false }));
  } catch (error) {
    throw fromSystemError(error, from.file);
  }
}

/** A copy of a bench for one probe, with its change. A replaced executor is pinned, and approved where one must be. */
export async function bringUp(
  bench: Bench,
  probe: Pick<Probe, 'plan' | 'executor'>,
  folder: string,
): Promise<void> {
  await cp(bench.folder, folder, { recursive: true });
  const home = join(folder, bench.home);
  let { document } = bench;
  if (probe.executor !== undefined) {
    const { file } = document.executor;
    await writeFile(join(home, file), probe.executor);
    const sha256 = digestOf(Buffer.from(probe.executor));
    document = { ...document, executor: { file, sha256 } };
    if (document.approval) document = { ...document, approval: { ...document.approval, executor: sha256 } };
  }
  const changed = mergePatch(document, withTokens(probe.plan ?? {}));
  await writeFile(join(home, 'plan.yaml'), `${JSON.stringify(changed, null, 2)}\n`);
}

/** `${SUBJECT+VERDICT}` becomes the token that a profile may not hold. */
function withTokens(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(/\$\{([^{}+]+)\+([^{}+]+)\}/gu, (_, subject: string, verdict: string) =>
      `${subject}_${verdict}`.replaceAll(' ', '_'),
    );
  if (Array.isArray(value)) return value.map(withTokens);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTokens(item)]));
}
