import { finding, type Finding } from '../../finding.ts';
import { TRIGGER_CODES } from '../../objects/kinds.ts';
import type { Evidence } from '../evidence.ts';

/** No leg is there twice: so there are three at most, and what follows is bounded. */
export function legsOnce({ rehearsal }: Evidence): Finding[] {
  const ran = rehearsal.legs.map(({ leg }) => leg);
  return new Set(ran).size === ran.length ? [] : [finding('LEG_ORDER', 'legs', 'a leg is there twice')];
}

/** Every way back was tried, in this order: the rollback script's exactly where the plan has one. None twice: see above. */
export function legsComplete({ rehearsal, plan }: Evidence): Finding[] {
  const due = plan.rollback === null ? ['T', 'R'] : ['T', 'R', 'S'];
  const ran = rehearsal.legs.map(({ leg }) => leg);
  const missing = due.filter((leg) => !ran.some((other) => other === leg));
  const lists: [string, string[]][] = [
    ['plan/legs', [...plan.legs]],
    ...(missing.length > 0 ? [] : [['legs', [...new Set(ran)]] as [string, string[]]]),
  ];
  return [
    ...missing.map((leg) => finding('LEG_MISSING', `legs/${leg}`, 'this way back was not tried')),
    ...lists
      .filter(([, legs]) => legs.join() !== due.join())
      .map(([path, legs]) => finding('LEG_ORDER', path, `${legs.join()} instead of ${due.join()}`)),
  ];
}

/** Each leg ended as its kind must, and left no transaction open. One that a trigger stopped is named for that. */
export function transactionsEnded({ rehearsal }: Evidence): Finding[] {
  return rehearsal.legs.flatMap(({ leg, ended, open, trigger }) => {
    const wanted = leg === 'T' ? 'rolled-back' : 'committed';
    return [
      ...(open ? [finding('TRANSACTION_OPEN', `legs/${leg}`, 'a transaction was left open')] : []),
      ...(ended === wanted || (ended === 'aborted' && trigger !== null)
        ? []
        : [finding('TRANSACTION_LOST', `legs/${leg}/ended`, `${ended}, not ${wanted}`)]),
    ];
  });
}

/** No trigger fired, before the legs or in one of them. */
export function nothingTriggered({ rehearsal }: Evidence): Finding[] {
  return [
    { path: 'trigger', trigger: rehearsal.trigger },
    ...rehearsal.legs.map(({ leg, trigger }) => ({ path: `legs/${leg}/trigger`, trigger })),
  ].flatMap(({ path, trigger }) =>
    trigger === null ? [] : [finding(TRIGGER_CODES[trigger], path, `the trigger ${trigger} fired`)],
  );
}

/** No clone had to be put away because nobody knows its state. */
export function nothingQuarantined({ rehearsal }: Evidence): Finding[] {
  return rehearsal.legs
    .filter(({ quarantined }) => quarantined)
    .map(({ leg }) => finding('CLONE_QUARANTINED', `legs/${leg}`, 'the state of its clone is unknown'));
}
