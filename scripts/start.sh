#!/usr/bin/env bash
# npm start: builds the interface and opens it in Electron. Electron's binary is no npm package: it is taken from
# ELECTRON_OVERRIDE_DIST_PATH, else from node_modules/electron/dist, else downloaded there by Electron's own installer.
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/setup.sh < /dev/null
export PATH="$PWD/node_modules/.bin:$PATH"
node scripts/build-app.ts

dist=${ELECTRON_OVERRIDE_DIST_PATH:-node_modules/electron/dist}
if [ ! -x "$dist/electron" ]; then
  echo "start: Electron's binary is not here; its installer downloads it once (about 120 MB)"
  node node_modules/electron/install.js || {
    echo "start: that failed. Set ELECTRON_OVERRIDE_DIST_PATH to a folder with Electron 45's binary." >&2
    exit 1
  }
fi
exec "$dist/electron" "$PWD" "$@"
