#!/bin/sh
# Runs this packet again: seal, validator, rehearsal, probes. Nothing in this folder is changed.
# Needs custody (CUSTODY=/path/to/custody names another one), sh and coreutils. Options go to custody.
set -u
CUSTODY=${CUSTODY:-custody}
case $0 in
  */*) cd -- "${0%/*}/" || exit 1 ;;
esac
[ -f packet_tree.sha256 ] || { echo "run this as sh PACKET/${0##*/}" >&2; exit 1; }
failed=0
printf 'Rehearsal %s: %s\n' {{rehearsal.id}} {{plan.name}}
step() {
  name=$1
  shift
  printf '== %s\n' "$name"
  "$@"
  status=$?
  if [ "$status" -eq 0 ]; then
    printf 'PASS  %s\n' "$name"
  else
    printf 'FAIL  %s (exit status %s)\n' "$name" "$status"
    failed=1
  fi
}
step 'manifest' sha256sum --check --strict --quiet HASH_MANIFEST.txt
step 'seal' sha256sum --check --strict --quiet packet_tree.sha256
step 'packet' "$CUSTODY" verify .
step 'validator self-test' "$CUSTODY" validator selftest . "$@"
step 'rehearsal, verdicts and probes again: the same, and accepted' "$CUSTODY" rerun . --accepted "$@"
if [ "$failed" -eq 0 ]; then
  echo 'OVERALL PASS'
  exit 0
fi
echo 'OVERALL FAIL'
exit 1
