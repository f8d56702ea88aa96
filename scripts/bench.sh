#!/usr/bin/env bash
# npm run bench: measures Adit against the peers, in namespaces of its own; prints ratios, writes bench/results/.
#   npm run bench -- --only connect     a part: connect, start, interface, handshakes, throughput, logins, recover
#   npm run bench -- --check            a glance only; fails where a goal is missed by far (npm test runs it)
#   npm run bench -- --write            and keeps the table in docs/performance.md
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh --with-lab < /dev/null
export PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
[ "$(id -u)" = 0 ] || {
  echo "bench: run as root: the peers are system daemons" >&2
  exit 1
}
exec bash scripts/in-namespaces.sh node bench/main.ts "$@"
