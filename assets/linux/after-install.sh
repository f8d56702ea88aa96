#!/bin/sh
# After the package's files are there: the group that may drive the helper, the commands, the services.
set -e
getent group adit > /dev/null || groupadd --system adit
ln -sf /opt/Adit/resources/bin/adit /usr/bin/adit
ln -sf /opt/Adit/adit-ui /usr/bin/adit-ui
# dpkg names the version that was there before, also where it was removed since then, and its units with it. A version that
# had no lockdown left no unit of it.
units=/usr/lib/systemd/system
upgraded=${2:-}
[ -e $units/aditd.service ] || upgraded=
had_lockdown=
[ ! -e $units/adit-lockdown.service ] || had_lockdown=yes
for unit in aditd.service adit-lockdown.service; do
  install -D -m 0644 /opt/Adit/resources/$unit $units/$unit
done
# Chromium's sandbox helper, where the kernel gives ordinary users no namespaces.
chmod 4755 /opt/Adit/chrome-sandbox 2> /dev/null || true
# The helper is compiled once, and keeps no memory for it then. What would hinder it is for the service to say. What the
# version before had compiled is of no use.
rm -rf /var/cache/adit
install -d -m 0700 /var/cache/adit
CACHE_DIRECTORY=/var/cache/adit /opt/Adit/resources/bin/aditd --version > /dev/null || true
# For the next start of the machine: what is in force now is the helper's. Also where this is an image that is being made, and
# systemd does not run; but not where an upgrade finds it: then it is as the administrator wants it.
is_running=
[ ! -d /run/systemd/system ] || is_running=yes
[ -z "$is_running" ] || systemctl daemon-reload
if [ -z "$had_lockdown" ] && command -v systemctl > /dev/null; then
  systemctl enable adit-lockdown.service
fi
if [ -n "$is_running" ]; then
  # After an upgrade it is for the administrator whether it starts and runs.
  if [ -z "$upgraded" ]; then
    systemctl enable --now aditd.service
  else
    systemctl try-restart aditd.service
  fi
fi
