import type { Ledger } from '../ledger/ledger.ts';
import type { Revision } from '../ledger/revision.ts';
import { readClaim, verifyReruns, type RerunsOptions } from '../verify/reruns.ts';
import { findReadablePacket, rehearsalIn, rerunIn } from '../packets/find-packet.ts';
import { rehearsalRecord } from './rehearsal-record.ts';
import type { VerifiedLog } from './verify-log.ts';
import type { ReportBuilder } from './verify-report.ts';

/** Who ran the rehearsal of this packet again, of those whom the auditor trusts. */
export async function verifyReexecuted(
  report: ReportBuilder,
  ledger: Ledger,
  resolved: Revision,
  { entries, records }: VerifiedLog,
  options: Partial<RerunsOptions>,
): Promise<void> {
  const found = await findReadablePacket(ledger, resolved);
  if (!found) return describeRerun(report, ledger, resolved, records);
  const subject = rehearsalIn(found.packet)?.rehearsal;
  if (!subject) return;
  const { reruns, findings, notes } = await verifyReruns(ledger, entries.reruns, subject, {
    ...options,
    rerunners: options.rerunners ?? [],
  });
  report.reruns = reruns;
  report.notes = [...report.notes, ...notes];
  if (findings.length > 0 || reruns.some(({ counted }) => counted)) report.level('reexecuted', findings);
}

/** A record of a rerun may be in order and say that the rehearsal came out otherwise: whoever verifies it must see that. */
async function describeRerun(
  report: ReportBuilder,
  ledger: Ledger,
  resolved: Revision,
  records: VerifiedLog['records'],
): Promise<void> {
  const link = rerunIn(resolved);
  const claim = link && (await readClaim(ledger, link));
  if (!claim) return;
  const { subject, same, differences } = claim.rerun;
  const signers = claim.signers.length > 0 ? claim.signers : ['nobody'];
  const record = await rehearsalRecord(ledger, [...records].reverse(), subject.digest);
  if (resolved.type === 'record')
    report.reruns = signers.map((signer) => ({
      record: resolved.record.index,
      signer,
      same,
      counted: false,
    }));
  const came = same ? 'gave the same' : `DIFFERED: ${differences[0] ?? 'it does not say where'}`;
  const [at, judge] =
    record === undefined
      ? ['which no record here holds', 'nothing here judges that']
      : [`@${record}`, `not judged here, but by custody verify @${record} --rerunner KEY`];
  report.claim = `${signers.join(', ')} claims that rehearsal ${subject.digest} (${at}), run again, ${came} (${judge})`;
}
