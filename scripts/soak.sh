#!/usr/bin/env bash
# npm run soak: the helper against a real strongSwan for an hour, under traffic and through faults, in namespaces of its own.
#   npm run soak -- --minutes 20     for so long
#   npm run soak -- --short          every switch and fault once, in about a minute
#   npm run soak -- --seed 7         another schedule
#   npm run soak -- --only rekey     nothing but switches and faults with this in their name
#   npm run soak -- --keep DIR       leaves the logs of both ends and captures of all three hosts there
# Prints a table; exits 1 where a TCP connection or a packet at a switch was lost, a replay was dropped, memory grew or
# coming back took too long.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh --with-lab < /dev/null
export PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
[ "$(id -u)" = 0 ] || {
  echo "soak: run as root: strongSwan is a system daemon" >&2
  exit 1
}
exec bash scripts/in-namespaces.sh node scripts/soak.ts "$@"
