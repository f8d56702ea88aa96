#!/bin/sh
# After the package's files are gone. Profiles and their secrets in /var/lib/adit stay, unless the package is purged.
set -e
# dpkg runs this in an upgrade, too: what is here belongs to the next version then.
case "${1:-remove}" in
  remove | purge) ;;
  *) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl disable --now aditd.service 2> /dev/null || true
fi
rm -f /usr/bin/adit /usr/bin/adit-ui /usr/lib/systemd/system/aditd.service
rm -rf /var/cache/adit
# dpkg says "remove" first, so that the helper has ended and undone what it did.
if [ "$1" = purge ]; then rm -rf /var/lib/adit; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
