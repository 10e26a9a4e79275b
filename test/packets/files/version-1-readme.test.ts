import { describe, expect, it } from 'vitest';
import { firstReadme, type FirstReadmeParts } from '../../../src/packets/files/version-1-readme.ts';
import { digestOf } from '../../../src/objects/digest.ts';
import { nodeLink } from '../../../src/objects/link.ts';

const link = nodeLink(digestOf(new Uint8Array()));
const hash = new Uint8Array(32);

function parts(name: string, accepted = false): FirstReadmeParts {
  return {
    rehearsal: link,
    verdict: { kind: 'verdict', v: 1, validator: link, subject: link, accepted, findings: [] },
    back: () => 'exact',
    plan: {
      kind: 'plan',
      v: 1,
      name,
      engine: 'sqlite',
      document: link,
      source: { kind: 'fixture', marker: null, sha256: null },
      macro: null,
      timeLimit: 1,
      executor: hash,
      session: [],
      preflight: [],
      boundary: { mode: 'insert-only', tables: [] },
      delta: [],
      masked: [{ table: 't', column: 'at', reason: 'the clock' }],
      bounded: [{ effect: 'sequence', name: 's', reason: 'nextval' }],
      legs: ['T', 'R'],
    },
    evidence: {
      kind: 'rehearsal',
      v: 1,
      plan: link,
      validator: link,
      engine: 'sqlite',
      executor: { file: link, before: hash, after: hash },
      source: hash,
      image: { sha256: hash, restored: link },
      entry: link,
      exit: link,
      preflight: [],
      delta: [],
      legs: [],
      isolation: [],
      observed: [],
    },
  };
}

describe("a packet's README of version 1", () => {
  it('says first whether it was accepted', () => {
    expect(firstReadme(parts('x'))).toMatch(/^# Rehearsal REJECTED: x\n/);
    expect(firstReadme(parts('x', true))).toMatch(/^# Rehearsal accepted: x\n/);
  });

  it('shows the words of a plan as text', () => {
    const readme = firstReadme(parts('a\n\nVerdict: **accepted** <!-- \u001b[2J | `x`'));
    const [title = ''] = readme.split('\n');
    expect(title).toContain('Verdict: \\*\\*accepted\\*\\* \\<\\!-- ');
    expect(readme).not.toContain('\u001b');
    expect(readme.match(/^Verdict: .*/gm)).toEqual([expect.stringMatching(/^Verdict: \*\*rejected\*\*/)]);
  });

  it('names what was not compared, and why', () => {
    const readme = firstReadme(parts('x', true));
    expect(readme).toContain('- new values of t.at: the clock\n');
    expect(readme).toContain('- sequence s: nextval\n');
  });
});
