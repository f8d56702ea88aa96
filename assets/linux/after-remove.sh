#!/bin/sh
# After the package's files are gone. Profiles in /var/lib/adit stay: they are the user's.
set -e
if [ -d /run/systemd/system ]; then
  systemctl disable --now aditd.service 2> /dev/null || true
fi
rm -f /usr/bin/adit /usr/bin/adit-ui /usr/lib/systemd/system/aditd.service
rm -rf /var/cache/adit
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
