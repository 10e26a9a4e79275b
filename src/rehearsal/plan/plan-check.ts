import { COUNTER_RULES } from '../../engines/counters.ts';
import { ASSERTIONS } from '../../rules/assertions.ts';
import { parseExpectation } from '../../rules/expectation.ts';
import { pointerTo } from '../../rules/json-pointer.ts';
import type { PlanForm } from '../../rules/plan-form.ts';
import type { PlanDocument } from '../../rules/plan-schema.ts';

/** Is given a JSON pointer into the plan and what is wrong there. */
export type Fault = (pointer: string, message: string) => void;

/** What a plan must be beyond its JSON Schema: its parts agree with each other. */
export function checkPlan(document: PlanDocument, form: PlanForm, fault: Fault): void {
  checkBoundary(form, fault);
  checkQueries(document, fault);
  checkNamedOnce(document, fault);
  checkLegs(document, form, fault);
  checkIsolation(document, fault);
}

function checkBoundary({ boundary, delta }: PlanForm, fault: Fault): void {
  const allowed = (action: 'update' | 'delete', table: string): boolean =>
    boundary.allow.some((a) => a.action === action && a.table === table);
  if (delta.length === 0) fault('/delta', 'nothing is expected to change');
  for (const { table, inserted, updated, deleted } of delta) {
    const at = pointerTo('/delta', table);
    if (inserted + updated + deleted === 0) fault(at, `the delta of ${table} is empty; leave the table out`);
    if (updated > 0 && !allowed('update', table))
      fault(at, `nothing allows to update ${table}; see boundary.allow`);
    if (deleted > 0 && !allowed('delete', table))
      fault(at, `nothing allows to delete from ${table}; see boundary.allow`);
    if (!boundary.tables.includes(table))
      fault('/boundary', `${table} is in the delta but not within the boundary`);
  }
  for (const { table, action } of boundary.allow)
    if (!boundary.tables.includes(table))
      fault('/boundary/allow', `${action} of ${table} is allowed, but ${table} is not within the boundary`);
}

function checkQueries(document: PlanDocument, fault: Fault): void {
  const readable = (pointer: string, expect: string | number | undefined): void => {
    if (expect !== undefined && !parseExpectation(String(expect)))
      fault(`${pointer}/expect`, `cannot read the expectation ${JSON.stringify(String(expect))}`);
  };
  document.preflight?.forEach(({ expect }, i) => readable(`/preflight/${i}`, expect));
  document.postconditions?.forEach(({ expect, unchanged }, i) => {
    const at = `/postconditions/${i}`;
    readable(at, expect);
    if ((expect === undefined) === (unchanged === undefined))
      fault(at, 'either expect or unchanged, not both');
  });
}

function checkNamedOnce(document: PlanDocument, fault: Fault): void {
  const once = (field: string, names: readonly string[] = []): void => {
    const seen = new Set<string>();
    names.forEach((name, i) => {
      if (seen.has(name)) fault(`/${field}/${i}`, `${name.replace('\0', '.')} is named twice`);
      seen.add(name);
    });
  };
  const nameOf = ({ name }: { name: string }): string => name;
  once('actions', document.actions);
  once('isolation', document.isolation);
  once('boundary/tables', document.boundary?.tables);
  once('preflight', document.preflight?.map(nameOf));
  once('postconditions', document.postconditions?.map(nameOf));
  once('bounded', document.bounded?.map(nameOf));
  once(
    'clock',
    document.clock?.map(({ table, column }) => `${table}\0${column}`),
  );
  once(
    'boundary/allow',
    document.boundary?.allow?.map(({ table, action }) => `${table}\0${action}`),
  );
}

function checkLegs(
  { engine, rollback, approval }: PlanDocument,
  { legs, bounded }: PlanForm,
  fault: Fault,
): void {
  const due = rollback ? 'T,R,S' : 'T,R';
  if (legs.join() !== due)
    fault(
      '/legs',
      `the legs of a rehearsal ${rollback ? 'with' : 'without'} a rollback script are ${due}, in this order`,
    );
  const { undone } = COUNTER_RULES[engine];
  if (undone !== undefined && !rollback && bounded.length > 0) fault('/bounded', undone);
  if (approval && (approval.rollback === undefined) !== (rollback === undefined))
    fault('/approval', 'an approval covers the executor and, where there is one, the rollback script');
}

/** What no engine asserts is never proven. */
function checkIsolation({ engine, isolation }: PlanDocument, fault: Fault): void {
  const known = ASSERTIONS[engine].map(([name]) => name);
  isolation?.forEach((name, i) => {
    if (!known.includes(name))
      fault(
        `/isolation/${i}`,
        `${engine} asserts no ${JSON.stringify(name)}; it asserts ${known.join(', ')}`,
      );
  });
}
