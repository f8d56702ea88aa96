#!/usr/bin/env bash
# Prepares a clone for work: the pinned packages (Node 24 among them), then the native data plane.
#   bash scripts/setup.sh              what the program itself needs
#   bash scripts/setup.sh --with-lab   and the Debian packages of the tests (test/harness/packages.txt)
# Says what it does, does only what is missing, and is quick the second time. Runs under any Node >= 20 with npm.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

with_lab=no
for argument in "$@"; do
  case "$argument" in
    --with-lab) with_lab=yes ;;
    *) fail "unknown option $argument; the only one is --with-lab" ;;
  esac
done

# --- npm packages -----------------------------------------------------------------------------------------------
# npm writes node_modules/.package-lock.json when an install is complete: newer than our lockfile means nothing to do.
installed=node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ package-lock.json -nt "$installed" ]; then
  command -v npm > /dev/null || fail "npm is missing: install Node.js 20 or newer (Debian: apt-get install nodejs npm)"
  # Not `npm ci`: it refuses a lockfile without the optional binaries of every other platform, which a mirror may not
  # have. This takes exactly the versions and checksums of the lockfile as well, and does not write to it.
  say "npm install --no-save (the versions of package-lock.json, Node 24 among them)"
  npm install --no-save --loglevel=error
  touch "$installed"
fi
export PATH="$PWD/node_modules/.bin:$PATH"
case "$(node --version)" in
  v24.*) ;;
  *) fail "node_modules/.bin/node is $(node --version), not version 24: remove node_modules and run this again" ;;
esac

# --- Debian packages --------------------------------------------------------------------------------------------
packages=test/harness/packages.txt
apt_updated=no
apt_update_once() {
  [ "$apt_updated" = no ] || return 0
  apt_updated=yes
  say "apt-get update"
  apt-get update -qq
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null || true)" = installed ]
}

# Installs without recommends and without starting any service: a test machine keeps its network as it is.
install_packages() {
  say "apt-get install $*"
  local policy=/usr/sbin/policy-rc.d status=0
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" < /dev/null || status=$?
  [ "$status" = 0 ] || fail "apt-get install failed with $status; the packages are listed in $packages"
  # On a machine that boots with systemd, Debian would start its IKE daemon at the next boot and take ports 500, 4500.
  if [ -d /run/systemd/system ] && [[ " $* " == *" charon-systemd "* ]]; then
    say "systemctl disable strongswan.service (the tests start their own)"
    systemctl disable --quiet strongswan.service || true
  fi
}

# Extracts a package into .cache/packages/NAME without installing it.
download_package() {
  local name=$1 into=$PWD/.cache/packages/$1 work
  say "apt-get download $name, extracted into .cache/packages/$name"
  work=$(mktemp -d)
  # apt fetches as the user _apt, who must be able to write here.
  chmod 777 "$work"
  (cd "$work" && apt-get download -qq "$name") || fail "apt-get download $name failed"
  rm -rf "$into"
  mkdir -p "$into"
  dpkg-deb -x "$work"/*.deb "$into"
  rm -rf "$work"
}

# Debian 14 is not released: what it has may change or be away for a day. That costs the tests with it, which then fail,
# and no other.
fetch_forky() {
  say "$* and what they depend on, from Debian 14 (forky), extracted into .cache/packages/forky"
  bash scripts/fetch-forky.sh "$@" ||
    say "NOT FETCHED, so the tests with strongSwan 6 are skipped; the next set-up tries again" >&2
}

with_lab_packages() {
  [ -f "$packages" ] || fail "$packages is missing: this clone is not complete"
  local kind name missing=() absent=() forky=() without_forky=no
  while read -r kind name; do
    case "$kind" in
      '' | '#'*) ;;
      install) command -v dpkg-query > /dev/null && is_installed "$name" || missing+=("$name") ;;
      download) [ -d ".cache/packages/$name" ] || absent+=("$name") ;;
      forky)
        forky+=("$name")
        [ -d ".cache/packages/forky/usr/share/doc/$name" ] || without_forky=yes
        ;;
      *) fail "$packages: unknown word '$kind'; a line is 'install NAME', 'download NAME' or 'forky NAME'" ;;
    esac
  done < "$packages"
  [ $((${#missing[@]} + ${#absent[@]})) -gt 0 ] || [ "$without_forky" = yes ] || return 0
  command -v apt-get > /dev/null ||
    fail "the tests need a Debian 12 machine (apt-get is missing). Packages: ${missing[*]} ${absent[*]} ${forky[*]}"
  if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" != 0 ]; then
    fail "run as root, or install them first: apt-get install --no-install-recommends ${missing[*]}"
  fi
  if [ $((${#missing[@]} + ${#absent[@]})) -gt 0 ] && [ "$(id -u)" = 0 ]; then apt_update_once; fi
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
  for name in "${absent[@]}"; do download_package "$name"; done
  if [ "$without_forky" = yes ]; then fetch_forky "${forky[@]}"; fi
}

if [ "$with_lab" = yes ]; then with_lab_packages; fi

# --- the native data plane --------------------------------------------------------------------------------------
[ -f scripts/build-native.sh ] || fail "scripts/build-native.sh is missing: the native data plane cannot be built"
bash scripts/build-native.sh
# The first start of the helper compiles its sources and keeps them; every later one is quicker and smaller.
helper/aditd --version > /dev/null
say "ready"
