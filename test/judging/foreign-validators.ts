/** Validators that somebody else wrote. */
export const scriptBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** A real change, and exactly the state before it again, in every leg. It reads DAG-CBOR itself. */
export const PYTHON = `#!/usr/bin/env python3
import hashlib, json, struct, sys

def receive():
    length, kind = struct.unpack(">Ic", sys.stdin.buffer.read(5))
    return kind, sys.stdin.buffer.read(length)

def send(kind, body):
    sys.stdout.buffer.write(struct.pack(">Ic", len(body), kind) + body)
    sys.stdout.buffer.flush()

def ask(digest):
    send(b"Q", digest)
    kind, body = receive()
    if kind != b"O" or hashlib.sha256(body).digest() != digest:
        sys.exit("it is not there")
    return read(body, 0)[0]

def read(data, at):
    major, n = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return {20: False, 21: True, 22: None}[n], at
    if n > 23:
        size = 1 << (n - 24)
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major < 2:
        return (n if major == 0 else -1 - n), at
    if major < 4:
        part = data[at:at + n]
        return (part if major == 2 else part.decode()), at + n
    if major == 6:  # a link: its last 32 bytes are the digest
        link, at = read(data, at)
        return link[-32:], at
    items = []
    for _ in range(n if major == 4 else 2 * n):
        one, at = read(data, at)
        items.append(one)
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at

kind, hello = receive()
protocol, subject = hello.decode().split(" ")
if kind != b"H" or protocol != "ask/1":
    sys.exit("another protocol")
rehearsal = ask(bytes.fromhex(subject))
findings = []
for leg in rehearsal["legs"]:
    path = "legs/" + leg["leg"]
    if leg["after"] in (None, rehearsal["entry"]):
        findings.append({"code": "NO_REAL_CHANGE", "path": path, "detail": "nothing was changed"})
    if leg["back"] != rehearsal["entry"]:
        findings.append({"code": "NOT_RESTORED", "path": path, "detail": "it is not what it was"})
if not rehearsal["legs"]:
    findings.append({"code": "LEG_MISSING", "path": "legs", "detail": "nothing was tried"})
send(b"V", json.dumps({"subject": subject, "accepted": not findings, "findings": findings}).encode())
`;

export const ANOTHER = `${PYTHON}# another one\n`;

/** For a shell: says a verdict of at most 65,535 bytes. */
export const VERDICT = `verdict() {
  printf "\\\\000\\\\000\\\\$(printf %03o $((\${#1} / 256)))\\\\$(printf %03o $((\${#1} % 256)))V%s" "$1"
}`;

/** A shell script that says this, whatever it is asked about. */
export const says = (verdict: string): string => `#!/bin/sh\n${VERDICT}\nverdict '${verdict}'\n`;

export const ALWAYS_YES = says('{"accepted": true}');
export const ALWAYS_NO = says('{"accepted": false}');
