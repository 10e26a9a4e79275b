import type { Engine } from '../../engines/engine.ts';
import { CustodyError } from '../../errors.ts';
import type { Plan } from './plan.ts';

/** PLAN_INVALID, with its line, for each session setting of the plan that its engine does not let a plan make. */
export function sessionFaults(plan: Plan, engine: Engine): CustodyError[] {
  return plan.form.session.flatMap(([name, value]) => {
    const fault = engine.settingFault(name, value);
    if (!fault) return [];
    const path = `${plan.path}:${plan.lineOf(`/session/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)}`;
    return [new CustodyError('PLAN_INVALID', fault.message, { cause: fault, path, hint: fault.hint })];
  });
}
