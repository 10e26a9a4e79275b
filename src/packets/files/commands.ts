/**
 * commands.sh: everything again, from the unpacked packet alone. POSIX sh, coreutils and custody; a step that cannot run
 * counts as failed. What it is given goes to custody: `--validator ID` for one that is not of this version.
 */
export function commandsScript(): string {
  return [
    '#!/bin/sh',
    '# Runs this packet again: seal, validator, rehearsal, probes. Nothing in this folder is changed.',
    '# Needs custody (CUSTODY=/path/to/custody names another one), sh and coreutils. Options go to custody.',
    'set -u',
    'CUSTODY=${CUSTODY:-custody}',
    ...GO_HERE,
    'failed=0',
    'step() {',
    '  name=$1',
    '  shift',
    '  printf \'== %s\\n\' "$name"',
    '  "$@"',
    '  status=$?',
    '  if [ "$status" -eq 0 ]; then',
    '    printf \'PASS  %s\\n\' "$name"',
    '  else',
    '    printf \'FAIL  %s (exit status %s)\\n\' "$name" "$status"',
    '    failed=1',
    '  fi',
    '}',
    "step 'manifest' sha256sum --check --strict --quiet HASH_MANIFEST.txt",
    "step 'seal' sha256sum --check --strict --quiet packet_tree.sha256",
    'step \'packet\' "$CUSTODY" verify .',
    'step \'validator self-test\' "$CUSTODY" validator selftest . "$@"',
    'step \'rehearsal, verdicts and probes again: the same, and accepted\' "$CUSTODY" rerun . --accepted "$@"',
    'if [ "$failed" -eq 0 ]; then',
    "  echo 'OVERALL PASS'",
    '  exit 0',
    'fi',
    "echo 'OVERALL FAIL'",
    'exit 1',
    '',
  ].join('\n');
}

/** The packet's folder is where the script lies, found without any program. */
export const GO_HERE = [
  'case $0 in',
  '  */*) cd -- "${0%/*}/" || exit 1 ;;',
  'esac',
  '[ -f packet_tree.sha256 ] || { echo "run this as sh PACKET/${0##*/}" >&2; exit 1; }',
] as const;
