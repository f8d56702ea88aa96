#!/usr/bin/env bash
# npm run demo: from a bare clone, Adit connects to a gateway in a private network of its own and moves traffic.
#   npm run demo                            the gateway is Adit's own responder
#   npm run demo -- --gateway strongswan    the gateway is Debian's strongSwan (installs it: root needed)
#   npm run demo -- --ui                    the window, on our own responder; pictures in build/demo-ui (installs
#                                           Debian's chromium: root needed)
# Runs as root or as an ordinary user (then in a user namespace). Nothing of the machine's own network is touched;
# everything is gone when it ends.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

script=scripts/demo.ts
case " $* " in
  *" --ui "*) script=scripts/demo-ui.ts ;;
esac
case " $* " in
  *" strongswan "* | *" --ui "*) bash scripts/setup.sh --with-lab < /dev/null ;;
  *) bash scripts/setup.sh < /dev/null ;;
esac
export PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"

for program in ip:iproute2 unshare:util-linux nsenter:util-linux setpriv:util-linux; do
  command -v "${program%%:*}" > /dev/null ||
    fail "${program%%:*} is missing: apt-get install ${program##*:} (Debian) brings it"
done
[ -c /dev/net/tun ] || fail "/dev/net/tun is missing: run 'modprobe tun' as root first"

if [ "$(id -u)" != 0 ]; then
  bash scripts/in-namespaces.sh true 2> /dev/null ||
    fail "this kernel gives ordinary users no namespaces (sysctl kernel.unprivileged_userns_clone): run it as root"
  [ -r /dev/net/tun ] && [ -w /dev/net/tun ] ||
    fail "/dev/net/tun may not be opened by $(id -un): run it as root"
fi
# The window's driver speaks to Chromium over the loopback interface of the private namespace.
exec bash scripts/in-namespaces.sh node "$script" "$@"
