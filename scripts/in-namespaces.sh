#!/usr/bin/env bash
# in-namespaces.sh PROGRAM…: runs it with mounts, network (lo is up) and process ids of its own, which go when it ends; an
# ordinary user gets a user namespace around them. Its input is empty.
# SIGINT, SIGTERM and SIGHUP end all of it: the first process of a namespace ignores them, and so does unshare.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"  # ip
private=(--mount --net --pid --fork --kill-child --mount-proc --propagation private)
[ "$(id -u)" = 0 ] || private=(--user --map-root-user "${private[@]}")
unshare "${private[@]}" sh -c 'ip link set lo up && exec "$@"' sh "$@" < /dev/null &
child=$!
end() {
  kill -KILL "$child" 2> /dev/null || true
  trap - "$1"
  kill -s "$1" $$
}
for signal in INT TERM HUP; do
  trap "end $signal" "$signal"
done
wait "$child"
