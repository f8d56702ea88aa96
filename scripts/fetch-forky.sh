#!/usr/bin/env bash
# fetch-forky.sh NAME…: fetches packages of Debian 14 (forky, for now Debian's testing) and everything that they depend on,
# and extracts all of it into one tree, .cache/packages/forky. Installs nothing. Called by setup.sh.
#
# This machine's apt keeps its sources, lists, preferences and idea of what is installed: everything that apt reads or
# writes here is put aside, but for its configuration files, which know the way out (proxies) and how old a list may be.
set -euo pipefail
cd "$(dirname "$0")/.."

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || {
  echo "fetch-forky: $keyring is missing: apt-get install debian-archive-keyring" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt fetches as the user _apt, who must be able to come in here.
chmod 755 "$work"
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
# Nothing is installed, so apt names every dependency; names of libraries change too often in testing to be listed.
: > "$work/status"
printf 'deb [arch=amd64 target=Packages signed-by=%s] http://deb.debian.org/debian forky main\n' "$keyring" \
  > "$work/sources.list"
cat > "$work/apt.conf" << END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Default-Release;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$work/state";
Dir::State::Lists "$work/state/lists";
Dir::State::Status "$work/status";
Dir::State::Extended_States "$work/state/extended_states";
Dir::Cache "$work/cache";
Dir::Cache::Archives "$work/cache/archives";
Dir::Log "$work";
END

# Without the option apt-get takes a list that it could not fetch, or whose signature is wrong, for a warning.
apt-get -c "$work/apt.conf" -qq --error-on=any update
apt-get -c "$work/apt.conf" -qq -y --download-only install "$@" > "$work/output" || {
  cat "$work/output" >&2
  exit 1
}

# A tree that is there is whole.
new=.cache/packages/forky.new
rm -rf "$new"
mkdir -p "$new"
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$new"; done
rm -rf .cache/packages/forky
mv "$new" .cache/packages/forky
