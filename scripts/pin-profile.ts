/**
 * Writes the digests of a profile anew, after somebody has reviewed what changed: `node scripts/pin-profile.ts
 * profiles/fix7-p0`. Surrogate script → database → profile → plan with its scripts and their approval.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { temporaryFolder } from '../src/system/temporary-folder.ts';
import { digestOf } from '../src/objects/digest.ts';
import { parsePlan } from '../src/rehearsal/plan/plan.ts';
import type { ProfileDocument } from '../src/rules/profile-schema.ts';
import { readScript } from '../src/rehearsal/plan/read-script.ts';
import { buildDatabase } from '../src/engines/surrogate.ts';
import { splice } from './yaml-splice.ts';

async function pinProfile(path: string): Promise<void> {
  let text = await readFile(path, 'utf8');
  const { surrogate, probes } = parse(text) as ProfileDocument;
  const beside = (file: string): string => resolve(dirname(path), file);
  if (surrogate) {
    const sql = await readFile(beside(surrogate.sql.file));
    const database = await databaseDigest(sql.toString('utf8'));
    text = splice(text, ['surrogate', 'sql', 'sha256'], digestOf(sql));
    text = splice(text, ['surrogate', 'sha256'], database);
    await writeFile(path, text);
  }
  const pinned = parse(text) as ProfileDocument;
  if (probes) await pinPlan(beside(probes.plan), digestOf(Buffer.from(text)), pinned);
}

async function pinPlan(path: string, profile: string, pinned: ProfileDocument): Promise<void> {
  let text = splice(await readFile(path, 'utf8'), ['profile', 'sha256'], profile);
  if (pinned.surrogate) text = splice(text, ['source', 'sha256'], pinned.surrogate.sha256);
  const plan = await parsePlan(Buffer.from(text), path);
  for (const name of ['executor', 'rollback'] as const) {
    const script = plan[name];
    if (!script) continue;
    text = splice(text, [name, 'sha256'], digestOf(await readFile(script.file)));
    const expanded = await readScript({ ...script, sha256: undefined });
    if (plan.form.approval) text = splice(text, ['approval', name], expanded.digest);
  }
  await writeFile(path, text);
}

async function databaseDigest(sql: string): Promise<string> {
  await using folder = await temporaryFolder('pin');
  return await buildDatabase(sql, join(folder.path, 'surrogate.sqlite'), () => undefined);
}

for (const folder of process.argv.slice(2)) await pinProfile(resolve(folder, 'profile.yaml'));
