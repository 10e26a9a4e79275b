import { decodeKind } from '../../../src/objects/kinds.ts';
import { planForm } from '../../../src/rules/plan-form.ts';
import { readWhole } from '../../../src/objects/file.ts';
import { driveSync } from '../../../src/objects/walk.ts';
import { readCanonicalJson } from '../../../src/objects/json.ts';
import { readAs } from '../../../src/rules/declare.ts';
import { PLAN_SCHEMA } from '../../../src/rules/plan-schema.ts';
import type { Built } from '../../../src/vectors/draft.ts';

interface Free {
  readonly path: RegExp;
  readonly how: RegExp;
  /** Why nobody can tell. */
  readonly reason: string;
  /** What must be so in the mutant. */
  holds?(mutant: Built): boolean;
}

/** What may be changed and is accepted all the same: each with a reason. Nothing else may. */
export const FREE: readonly Free[] = [
  {
    path: /^rehearsal\/validators\/[^/]+\/name$/,
    how: /^(longer|empty|with a space)$/,
    reason: 'a name for people; a validator is its bytes, and the policy pins those',
  },
  {
    path: /^rehearsal\/validators\/[^/]+\/file$/,
    how: /./,
    reason: 'another file is another validator, and which of them judge is what the policy says',
  },
  {
    path: /^rehearsal\/validators\/[^/]+\/runner$/,
    how: /^is (interpreter|node-permission)$/,
    reason:
      'how a validator runs is compared with its file by whoever loads it, and the policy pins the object',
  },
  {
    path: /^rehearsal\/validators$/,
    how: /^(without [01]|0 and 1 swapped)$/,
    reason: 'who must judge is what the policy says; `verify` compares',
  },
  {
    path: /^rehearsal\/isolation\/(clone-not-open-elsewhere|network-isolated|paths-confined)\/holds$/,
    how: /^flipped$/,
    reason: 'a fact about the host that no object shows; where the plan requires it, it must hold',
  },
  {
    path: /^rehearsal\/source\/files\/entries$/,
    how: /^without 1$/,
    reason: "a log beside the source is not covered by the source's digest; a rerun shows that it is gone",
  },
  {
    path: /^rehearsal\/source\/files\/entries\/source-wal\/link$/,
    how: /./,
    reason: 'nor is what stands in it; what the tree once repeated of it said nothing that its link does not',
  },
  {
    path: /^rehearsal\/legs\/[TS]\/back(\/|$)/,
    how: /./,
    reason:
      'where a bounded sequence may stay moved, the before-state itself is the better claim, and as consistent',
    holds: ({ subject, objects }) => {
      const { entry, legs } = decodeKind('rehearsal', objects.get(subject));
      return legs.some(({ leg, back }) => leg !== 'R' && back?.equals(entry) === true);
    },
  },
  {
    path: /^rehearsal\/baseline\/(done|there)\/actual$/,
    how: /^(longer|empty|with a space|one more|one less)$/,
    reason:
      'the answer before, where only the answer while applied is expected: shown, compared with nothing',
  },
  {
    path: /^rehearsal\/plan\/document\/(source|profile)\/file$/,
    how: /^(longer|empty|with a space)$/,
    reason:
      'where a file lay on the machine that ran it; its bytes are stored and pinned, and it is not production’s',
  },
  ...(
    [
      [/$/, /^without (session|macro|isolation|approval)$/],
      [/\/(name|macro)$/, /^(longer|with a space)$/],
      [/\/source$/, /^without (marker|sha256)$/],
      [/\/source\/(marker|kind)$/, /^(longer|with a space|is (surrogate|fixture|real-dump))$/],
      [/\/session(\/|$)/, /./],
      [/\/isolation$/, /^without 0$/],
      [/\/approval(\/(by|reference))?$/, /^(longer|with a space|without reference)$/],
      [/\/(clock|bounded|boundary\/allow)\/[^/]+\/reason$/, /^(longer|with a space)$/],
      [/\/postconditions\/[^/]+(\/at)?$/, /^(without at|is back)$/],
      [/\/postconditions\/[^/]+\/(sql|expect)$/, /^(longer|with a space)$/],
    ] as const
  ).map(([path, how]) => ({
    path: new RegExp(`^rehearsal/plan/document${path.source}`),
    how,
    reason:
      'another plan, which what was recorded fits as well: it has another id, and verify compares it with the written file',
  })),
  {
    path: /^rehearsal\/plan\/document\/(executor|rollback)$/,
    how: /^without sha256$/,
    reason: 'a script need not be pinned by the file: the plan object pins it',
  },
  {
    path: /^rehearsal\/plan\/(written|profile\/document)/,
    how: /./,
    reason: 'that the written file says what the document says is looked at by verify, which reads YAML',
  },
];

/** Whether the plan's files of two rehearsals say the same in other words: a default left out, a list in another order. */
export function sameFile(a: Built, b: Built): boolean {
  return saidBy(a) === saidBy(b);
}

function saidBy({ subject, objects }: Built): string {
  const { plan } = decodeKind('rehearsal', objects.get(subject));
  const { document } = decodeKind('plan', objects.get(plan.digest));
  const [bytes] = driveSync(readWhole(document), objects.get);
  const file = readAs(PLAN_SCHEMA, readCanonicalJson(bytes!), 'plan');
  const { custody, source, profile, executor, rollback } = file;
  return JSON.stringify([custody, source, profile, executor, rollback, planForm(file)]);
}
