#!/usr/bin/env bash
# npm start: prepares the clone, builds the interface and opens it in Electron (scripts/start.ts).
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/setup.sh < /dev/null
export PATH="$PWD/node_modules/.bin:$PATH"
node scripts/build-app.ts
exec node scripts/start.ts "$@"
