import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeKind } from '../../src/objects/kinds.ts';
import { controlOf } from '../../src/vectors/vectors.ts';
import { PYTHON } from '../judging/foreign-validators.ts';
import { withoutSandboxes } from '../judging/no-sandbox.ts';
import { codes, Desk } from './desk.ts';
import { writePlan } from './plans.ts';
import type { RehearseResult } from '../../src/workflows/rehearse.ts';
import type { VerifyReport } from '../../src/workflows/verify-report.ts';

vi.mock(import('../../src/judging/sandbox.ts'), async (load) =>
  (await import('../judging/no-sandbox.ts')).sandboxes(load),
);

/** Somebody else's validator, in Python, judges beside ours: in order, since what is made is used by the next. */
describe('a foreign validator judges rehearsals', () => {
  const desk = new Desk();
  let pinned: { validator: string };
  let first: RehearseResult;
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
    // As in the team's own packet: its selftest passes, and a fabricated entry in which nothing changed fails closed.
    const rejected = ['no-mutation', 'no-rollback'].map((name) => ({ name, rejected: true }));
    const { validators } = JSON.parse(desk.read('packet/hardened-validator-result.json')) as {
      validators: object[];
    };
    expect(validators).toMatchObject([
      { name: 'custody', faults: rejected, selftest: { passed: 40, of: 40 } },
      { name: 'hardened', faults: rejected, selftest: { passed: 5, of: 5 } },
    ]);
    expect(desk.read('packet/README.md')).toContain('Its selftest: 5 of 5 judged as they must be');
    const run = await desk.json<{ isolation: [string, string][] }>(['show', first.run]);
    const sandboxes = run.isolation.filter(([name]) => name.startsWith('validator-sandbox'));
    expect(sandboxes.map(([name]) => name)).toEqual([
      'validator-sandbox custody',
      'validator-sandbox hardened',
    ]);
    expect(sandboxes[1]![1]).toMatch(/^(unshare|bwrap)$/);
  });

  it('verify runs it only for an auditor who names it', async () => {
    const alone = await desk.json<VerifyReport>(['verify', `@${first.record}`], 1);
    expect(codes(alone.findings)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict-2/validator']]);
    const named = ['verify', `@${first.record}`, '--validator', pinned.validator];
    expect(await desk.json<VerifyReport>(named)).toMatchObject({
      ok: true,
      validators: [
        { name: 'custody', trustedBy: 'first policy' },
        { name: 'hardened', trustedBy: 'auditor' },
      ],
    });
    const sandboxOf = async (): Promise<string | null> =>
      (await desk.json<VerifyReport>([...named, '--unsandboxed'])).validators[1]!.sandbox;
    expect(await sandboxOf()).toMatch(/^(unshare|bwrap)$/);
    using _ = withoutSandboxes();
    expect(await sandboxOf()).toBe('none (--unsandboxed)');
    await desk.fails(named, 'VALIDATOR_UNCONFINED', 3);
  });

  it('the file on disk does not count: the bytes that were pinned judge', async () => {
    desk.write('hardened.py', '#!/bin/sh\nexit 1\n');
    const named = ['verify', `@${first.record}`, '--validator', pinned.validator];
    expect(await desk.json<VerifyReport>(named)).toMatchObject({ ok: true });
  });

  it('one that rejects makes the rehearsal a rejected one; --unsandboxed is recorded', async () => {
    // A rule that the planted controls keep.
    const control = controlOf('sqlite');
    const known = decodeKind('rehearsal', control.objects.get(control.subject)).entry.digest;
    desk.write(
      'strict.py',
      PYTHON.replace(
        'findings = []\n',
        `findings = []
if rehearsal["entry"].hex() != "${known}":
    findings.append({"code": "HOUSE_RULE", "path": "entries", "detail": "not here"})
`,
      ),
    );
    await desk.json(['validator', 'pin', 'strict.py', '--name', 'strict']);
    using _ = withoutSandboxes();
    const rejected = await desk.json<RehearseResult>(['rehearse', 'plan.yaml', '--unsandboxed'], 1);
    expect(rejected.verdicts.map(({ accepted }) => accepted)).toEqual([true, true, false]);
    expect(rejected.findings).toEqual([
      { code: 'VALIDATOR_REJECTED', path: 'entries', detail: 'HOUSE_RULE: not here' },
    ]);
    expect(rejected.verdicts.map(({ name, findings }) => [name, findings.length])).toEqual([
      ['custody', 0],
      ['hardened', 0],
      ['strict', 1],
    ]);
    expect(await desk.json(['log', '-n', '1'])).toMatchObject([{ type: 'rehearsal', accepted: false }]);
    const run = await desk.json<{ isolation: [string, string][] }>(['show', rejected.run]);
    // Whoever runs it again learns of all that need trust at once.
    const untrusted = await desk.fails(['rerun', `@${rejected.record}`], 'VALIDATOR_NOT_PINNED', 3);
    expect(codes(untrusted.findings!)).toEqual([
      ['VALIDATOR_NOT_PINNED', 'validators/hardened'],
      ['VALIDATOR_NOT_PINNED', 'validators/strict'],
    ]);
    for (const name of ['hardened', 'strict'])
      expect(run.isolation).toContainEqual([`validator-sandbox ${name}`, 'none (--unsandboxed)']);
  });
});
