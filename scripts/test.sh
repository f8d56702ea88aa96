#!/usr/bin/env bash
# npm test: from a bare clone, installs what is missing and runs everything. Prints a table and `N passed, N failed`.
#   npm test -- --only unit          one suite; repeat for more
#   npm test -- --only interop -t psk   what follows a suite's name goes to vitest
# Suites: typecheck lint format unit fuzz system interop soak bench e2e demo. With CI=true a suite that did not run is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

all="typecheck lint format unit fuzz system interop soak bench e2e demo"
suites=""
rest=()
while [ $# -gt 0 ]; do
  case "$1" in
    --only)
      [[ " $all " == *" ${2:-} "* ]] || {
        echo "test: --only wants one of: $all" >&2
        exit 2
      }
      suites="$suites $2"
      shift 2
      ;;
    *)
      rest+=("$1")
      shift
      ;;
  esac
done
suites=${suites:-$all}

case " $suites " in
  *" system "* | *" interop "* | *" soak "* | *" bench "* | *" e2e "*) bash scripts/setup.sh --with-lab < /dev/null ;;
  *) bash scripts/setup.sh < /dev/null ;;
esac
export PATH="$PWD/node_modules/.bin:$PATH"

# Namespaces need root and /dev/net/tun; without them the suites that use them are skipped, in so many words.
why_no_lab() {
  if [ "$(id -u)" != 0 ]; then
    echo "needs root"
  elif [ ! -c /dev/net/tun ]; then
    echo "/dev/net/tun is missing (modprobe tun)"
  elif ! bash scripts/in-namespaces.sh true 2> /dev/null; then
    echo "the kernel refuses namespaces"
  fi
}

results=$(mktemp -d)
chmod 711 "$results"
trap 'rm -rf "$results"' EXIT
# What a suite puts aside goes away with it, even when it is killed.
mkdir "$results/tmp"
export TMPDIR=$results/tmp

# A check that passes or fails as a whole.
check() {
  local suite=$1 status=0
  shift
  printf '\n== %s\n' "$suite"
  SECONDS=0
  "$@" < /dev/null || status=$?
  printf '{"kind":"check","status":%d,"seconds":%d}\n' "$status" "$SECONDS" > "$results/$suite.json"
}

# A vitest project; its JSON report is counted by test-report.ts. Interop and system get mounts, network and process
# ids of their own: nothing they start or mount outlives them.
project() {
  local suite=$1 status=0
  shift
  local command=(vitest run --project "$suite" --reporter default --reporter json
    --outputFile.json "$results/$suite.vitest.json" --passWithNoTests=false "${rest[@]}")
  printf '\n== %s\n' "$suite"
  SECONDS=0
  "$@" "${command[@]}" < /dev/null || status=$?
  printf '{"kind":"vitest","status":%d,"seconds":%d}\n' "$status" "$SECONDS" > "$results/$suite.json"
}

in_namespaces() {
  bash scripts/in-namespaces.sh \
    sh -c 'mkdir -p /run/netns && mount -t tmpfs adit-netns /run/netns && exec "$@"' sh "$@"
}

no_lab=$(why_no_lab)
for suite in $suites; do
  case "$suite" in
    typecheck) check typecheck npm run --silent typecheck ;;
    lint) check lint npm run --silent lint ;;
    format) check format npm run --silent format:check ;;
    unit | fuzz) project "$suite" env ;;
    # It makes namespaces of its own.
    demo) check demo npm run --silent demo ;;
    system | interop | soak | bench | e2e)
      if [ -n "$no_lab" ]; then
        printf '{"kind":"skipped","reason":"%s"}\n' "$no_lab" > "$results/$suite.json"
      elif [ "$suite" = bench ]; then
        check bench in_namespaces node bench/main.ts --check
      else
        project "$suite" in_namespaces
      fi
      ;;
  esac
done

node scripts/test-report.ts "$results" $suites
