import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PYTHON } from '../verify/foreign-validators.ts';
import { codes, Desk, type Finding } from './desk.ts';
import { writePlan } from './plans.ts';

interface Rehearsed {
  readonly record: number;
  readonly run: string;
  readonly accepted: boolean;
  readonly verdicts: readonly { accepted: boolean }[];
  readonly findings: readonly Finding[];
}
interface Report {
  readonly ok: boolean;
  readonly validators: readonly { trustedBy: string; sandbox: string | null }[];
  readonly findings: readonly Finding[];
}

/** Somebody else's validator, in Python, judges beside ours: in order, since what is made is used by the next. */
describe('a foreign validator judges rehearsals', () => {
  const desk = new Desk();
  let pinned: { validator: string };
  let first: Rehearsed;
  beforeAll(async () => {
    await desk.init();
    desk.write('hardened.py', PYTHON);
    pinned = await desk.json(['validator', 'pin', 'hardened.py', '--name', 'hardened']);
    first = await desk.json(['rehearse', writePlan(desk), '--out', 'packet']);
  }, 240_000);
  afterAll(() => desk[Symbol.dispose]());

  it('both accept; the packet holds its bytes, and the run what shut it in', async () => {
    expect(first).toMatchObject({ accepted: true, verdicts: [{ accepted: true }, { accepted: true }] });
    expect(desk.read('packet/validators/hardened')).toBe(PYTHON);
    const run = await desk.json<{ isolation: [string, string][] }>(['show', first.run]);
    const sandboxes = run.isolation.filter(([name]) => name.startsWith('validator-sandbox'));
    expect(sandboxes.map(([name]) => name)).toEqual([
      'validator-sandbox custody',
      'validator-sandbox hardened',
    ]);
    expect(sandboxes[1]![1]).toMatch(/^(unshare|bwrap)$/);
  });

  it('verify runs it only for an auditor who names it', async () => {
    const alone = await desk.json<Report>(['verify', `@${first.record}`], 1);
    expect(codes(alone.findings)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict-2/validator']]);
    const named = ['verify', `@${first.record}`, '--validator', pinned.validator];
    expect(await desk.json<Report>(named)).toMatchObject({
      ok: true,
      validators: [{ trustedBy: 'first policy' }, { trustedBy: 'auditor' }],
    });
    const { validators } = await desk.json<Report>([...named, '--unsandboxed']);
    expect(validators[1]!.sandbox).toBe('none (--unsandboxed)');
  });

  it('the file on disk does not count: the bytes that were pinned judge', async () => {
    desk.write('hardened.py', '#!/bin/sh\nexit 1\n');
    const named = ['verify', `@${first.record}`, '--validator', pinned.validator];
    expect(await desk.json<Report>(named)).toMatchObject({ ok: true });
  });

  it('one that rejects makes the rehearsal a rejected one, and --unsandboxed is recorded', async () => {
    const strict = PYTHON.replace(
      'findings = []\n',
      'findings = []\nif len(evidence["entries"]) > 2 or evidence["entries"][0]["leg"] != "T" or "rehearsal" not in evidence or len(evidence["entries"][0]) != 5 or evidence["entries"][0]["before_hash"][0:4] not in ("%s",):\n    findings.append({"code": "HOUSE_RULE", "path": "entries", "detail": "not here"})\n',
    );
    expect(strict).not.toBe(PYTHON);
    desk.write('never.py', strict);
    await desk.fails(['validator', 'pin', 'never.py', '--name', 'strict'], 'VALIDATOR_REFUSED', 3);
  });
});
