import type { Digest } from '../../src/objects/digest.ts';

/**
 * A validator for node, as a program that may use `hello`, the first message, `ask` with a digest in hex, `say` with a verdict,
 * and `send` with whatever it likes.
 */
export function nodeProgram(body: string): Uint8Array {
  return new Uint8Array(
    Buffer.from(`import { readSync, writeSync } from 'node:fs';
const again = (work) => { for (;;) try { return work(); } catch (e) { if (e.code !== 'EAGAIN') throw e; } };
const read = (n) => {
  const bytes = Buffer.alloc(n);
  for (let at = 0; at < n; ) {
    const got = again(() => readSync(0, bytes, { offset: at }));
    if (got === 0) process.exit(9);
    at += got;
  }
  return bytes;
};
const write = (bytes) => { for (let at = 0; at < bytes.length; ) at += again(() => writeSync(1, bytes, at)); };
const next = () => {
  const header = read(5);
  return { type: header.toString('latin1', 4), body: read(header.readUInt32BE()) };
};
const send = (type, body) => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(body.length);
  header.write(type, 4);
  write(Buffer.concat([header, body]));
};
const ask = (hex) => { send('Q', Buffer.from(hex, 'hex')); return next(); };
const say = (value) => send('V', Buffer.from(JSON.stringify(value)));
const hello = next();
const subject = hello.body.toString().split(' ')[1];
const yes = { subject, accepted: true, findings: [] };
const no = (code, detail = '') => say({ subject, accepted: false, findings: [{ code, path: 'x', detail }] });
${body}`),
  );
}

/** A validator for node that accepts what is so of each leg: three ids in hex, of states. It looks at nothing else. */
export function legsOnly(accepted: string): Uint8Array {
  return nodeProgram(`const rehearsal = ask(subject).body.toString('hex');
const links = (name) => {
  const key = (0x60 + name.length).toString(16) + Buffer.from(name).toString('hex') + 'd82a5825';
  return rehearsal.split(key).slice(1).map((rest) => rest.slice(0, 74));
};
const [entry] = links('entry');
const backs = links('back');
const accepted = links('after').every((after, i) => { const back = backs[i]; return ${accepted}; });
const findings = accepted ? [] : [{ code: 'NO_REAL_CHANGE', path: 'legs', detail: '' }];
say({ subject, accepted, findings });
`);
}

/** For `get`: nothing is there. */
export function nothing(id: Digest): never {
  throw new Error(`nobody asks for ${id}`);
}
