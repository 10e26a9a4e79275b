/** Validators that somebody else wrote. */
export const scriptBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** A real change, and exactly the state before it again, in every entry. */
export const PYTHON = `#!/usr/bin/env python3
import json, sys
with open(sys.argv[1]) as file:
    evidence = json.load(file)
if evidence != json.load(sys.stdin):
    sys.exit("the file is not what came on standard input")
findings = []
for i, entry in enumerate(evidence["entries"]):
    path = "entries/%d" % i
    if entry["after_apply_hash"] in (None, entry["before_hash"]):
        findings.append({"code": "NO_REAL_CHANGE", "path": path, "detail": "nothing was changed"})
    if entry["after_rollback_hash"] != entry["before_hash"]:
        findings.append({"code": "NOT_RESTORED", "path": path, "detail": "it is not what it was"})
if not evidence["entries"]:
    findings.append({"code": "LEG_MISSING", "path": "entries", "detail": "nothing was tried"})
print(json.dumps({"subject": evidence["rehearsal"], "accepted": not findings, "findings": findings}))
`;

/** The same with a shell and awk, without reasons. */
export const SHELL = `#!/bin/sh
exec awk -F'"' '
  /"before_hash"/ { before = $4 }
  /"after_apply_hash"/ { n++; if ($4 == "" || $4 == before) bad = 1 }
  /"after_rollback_hash"/ { if ($4 != before) bad = 1 }
  END { print "{\\"accepted\\": " (bad || !n ? "false" : "true") "}" }
' "$1"
`;

export const ALWAYS_YES = `#!/bin/sh
echo '{"accepted": true}'
`;
export const ALWAYS_NO = `#!/bin/sh
echo '{"accepted": false}'
`;
