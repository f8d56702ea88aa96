#!/bin/sh
# After the package's files are gone. Profiles and their secrets in /var/lib/adit stay, unless the package is purged, and so
# does the wish for lockdown: who installs Adit again has it on.
set -e
# dpkg runs this in an upgrade, too: what is here belongs to the next version then.
case "${1:-remove}" in
  remove | purge) ;;
  *) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl disable --now aditd.service 2> /dev/null || true
  systemctl disable --now adit-lockdown.service 2> /dev/null || true
fi
# Nobody is there any more who could end lockdown. The helper has ended before: it would put its rules back.
if nft list table inet adit_lockdown > /dev/null 2>&1; then
  nft delete table inet adit_lockdown || echo "adit: lockdown stays until this computer starts again" >&2
fi
rm -f /usr/bin/adit /usr/bin/adit-ui
rm -f /usr/lib/systemd/system/aditd.service /usr/lib/systemd/system/adit-lockdown.service
rm -rf /var/cache/adit
# dpkg says "remove" first, so that the helper has ended and undone what it did.
if [ "$1" = purge ]; then rm -rf /var/lib/adit; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
