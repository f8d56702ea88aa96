/**
 * A system with Adit's service on it, for the repair: in mount namespaces of its own the application finds an
 * aditd.service, a systemctl that notes what it is told, and a pkexec that does what the test says an administrator did.
 * Nothing of the machine is changed. The double's host starts in it (hosts/double.ts); needs root and overlayfs.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What becomes of the question for a password: granted, or how it ends. `broken`: granted, and the service fails. */
export type Consent = 'granted' | 'broken' | 'dismissed' | 'refused' | 'nobody-asks';

const PKEXEC = `#!/bin/sh
case $(cat "$ADIT_STAGE/consent") in
  dismissed) exit 126 ;;
  refused) exit 127 ;;
  nobody-asks) echo 'Error executing command as another user: No authentication agent found.' >&2; exit 127 ;;
esac
[ "$1" = --disable-internal-agent ] && shift
exec "$@"
`;
const SYSTEMCTL = `#!/bin/sh
echo "$*" >> "$ADIT_STAGE/told"
[ "$(cat "$ADIT_STAGE/consent")" = granted ] && exit 0
echo 'Job for aditd.service failed.' >&2
exit 1
`;
/** Then the program that is its arguments. */
const MOUNTS = `
set -e
mkdir "$ADIT_STAGE/over"
mount -t tmpfs stage "$ADIT_STAGE/over"
mkdir "$ADIT_STAGE/over/up" "$ADIT_STAGE/over/work"
install -m 755 "$ADIT_STAGE/pkexec" "$ADIT_STAGE/systemctl" "$ADIT_STAGE/over/up"
mount -t overlay stage -o "lowerdir=/usr/bin,upperdir=$ADIT_STAGE/over/up,workdir=$ADIT_STAGE/over/work" /usr/bin
mount -t tmpfs stage /usr/lib/systemd/system
: > /usr/lib/systemd/system/aditd.service
exec "$@"
`;

export class ServiceWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'adit-stage-'));

  constructor() {
    writeFileSync(join(this.directory, 'pkexec'), PKEXEC);
    writeFileSync(join(this.directory, 'systemctl'), SYSTEMCTL);
    writeFileSync(join(this.directory, 'told'), '');
    this.consent('granted');
  }

  consent(consent: Consent): void {
    writeFileSync(join(this.directory, 'consent'), consent);
  }

  /** What systemctl was told, a line a call. */
  told(): string[] {
    return readFileSync(join(this.directory, 'told'), 'utf8').split('\n').slice(0, -1);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** For `fork`: the process begins on the stage. */
export const onStage = (directory: string) => ({
  execPath: '/usr/bin/unshare',
  execArgv: ['--mount', '--', '/bin/sh', '-c', MOUNTS, 'stage', process.execPath],
  env: { ADIT_STAGE: directory },
});
