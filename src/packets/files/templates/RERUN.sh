#!/bin/sh
# Rehearses again from this packet alone and compares the seal. Exit status 0: the same seal; 1: another one, or a finding; 2: not run.
# Needs custody (CUSTODY=/path/to/custody names another one), sh and coreutils. Options go to custody. Nothing here is changed.
set -u
CUSTODY=${CUSTODY:-custody}
case $0 in
  */*) cd -- "${0%/*}/" || exit 1 ;;
esac
[ -f packet_tree.sha256 ] || { echo "run this as sh PACKET/${0##*/}" >&2; exit 1; }
could_not() {
  printf 'NOT RERUN: %s\n' "$1" >&2
  exit 2
}
sealed='' name=''
read -r sealed name < packet_tree.sha256
[ "$name" = HASH_MANIFEST.txt ] && [ "${#sealed}" -eq 64 ] || could_not 'packet_tree.sha256 is not a seal'
sum=$(sha256sum < HASH_MANIFEST.txt) || could_not 'no sha256sum'
[ "${sum%% *}" = "$sealed" ] || could_not 'HASH_MANIFEST.txt is not the one that was sealed'
work=$(mktemp -d) || could_not 'no temporary folder'
trap 'rm -rf -- "$work"' EXIT
trap 'exit 2' HUP INT TERM
"$CUSTODY" rerun . --out "$work/packet" "$@"
status=$?
[ "$status" -le 1 ] && [ -f "$work/packet/HASH_MANIFEST.txt" ] || could_not "custody rerun ended with $status"
while IFS= read -r line; do
  ( cd -- "$work/packet" && sha256sum -- "${line#*  }" ) || could_not 'a file of the new packet cannot be read'
done < "$work/packet/HASH_MANIFEST.txt" > "$work/manifest"
sum=$(sha256sum < "$work/manifest") || could_not 'no sha256sum'
again=${sum%% *}
printf 'sealed  %s\nagain   %s\n' "$sealed" "$again"
if [ "$again" != "$sealed" ]; then
  echo 'DIFFERENT SEAL'
  exit 1
fi
if [ "$status" -ne 0 ]; then
  echo 'SAME SEAL, but custody found what it says above'
  exit 1
fi
echo 'SAME SEAL'
