/**
 * A validator for tests of what is around judging: it accepts every rehearsal whose last leg changed something and took it
 * back, and so rejects planted faults. It reads links out of the rehearsal's bytes (the first frame) and knows nothing else.
 */
export const STUB = `
const pieces = [];
for await (const piece of process.stdin) pieces.push(piece);
const input = Buffer.concat(pieces);
const subject = input.toString('latin1', 0, 64);
const rehearsal = input.subarray(70, 70 + input.readUInt32BE(65));
const linkAt = (name) => {
  const key = Buffer.concat([Buffer.from([0x60 + name.length]), Buffer.from(name), Buffer.from('d82a5825', 'hex')]);
  const at = rehearsal.lastIndexOf(key);
  return at < 0 ? '' : rehearsal.toString('hex', at + key.length, at + key.length + 37);
};
const after = linkAt('after');
const accepted = after !== '' && after !== linkAt('entry') && after !== linkAt('back');
const findings = accepted ? [] : [{ code: 'NO_REAL_CHANGE', path: 'legs/T/after', detail: 'nothing was changed' }];
process.stdout.write(JSON.stringify({ subject, accepted, findings }));
`;
