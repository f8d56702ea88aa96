/**
 * Starts the helper with an administrator's consent. The command is one constant: nothing of the page, the settings or
 * the environment has a part in it. bridge.ts calls this when the page that explains the missing helper asks.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sudo from '@vscode/sudo-prompt';
import type { RepairOutcome } from './bridge-contract.ts';

const SYSTEMCTL = '/usr/bin/systemctl';
/** Where the packages put the unit; without it there is nothing to start. */
const UNIT = '/usr/lib/systemd/system/aditd.service';
const COMMAND = `${SYSTEMCTL} restart aditd.service`;

export const canRepair = (): boolean => existsSync(SYSTEMCTL) && existsSync(UNIT);

/** What a person types where there is no service to repair: the helper of the package, or of the clone. */
export function commandByHand(where: {
  readonly isPackaged: boolean;
  readonly appPath: string;
  readonly resourcesPath: string;
}): string {
  const { isPackaged, appPath, resourcesPath } = where;
  const helper = isPackaged ? join(resourcesPath, 'bin/aditd') : join(appPath, 'helper/aditd');
  return `sudo "${helper}" --foreground`;
}

/** As sudo-prompt runs it: the exit code is pkexec's own, or the command's once that was allowed. */
export type Elevate = (
  command: string,
  options: { readonly name: string },
  done: (error?: Error & { readonly code?: number | string }) => void,
) => void;

/** What sudo-prompt says where the command never ran. */
const NOBODY_ASKS = /No polkit authentication agent|Unable to find pkexec/;
const NOT_GRANTED = /did not grant permission/;
/** pkexec(1): the person closed its dialog. */
const DISMISSED = 126;

/** Never rejects. */
export function repair(elevate: Elevate = sudo.exec, isPossible = canRepair): Promise<RepairOutcome> {
  return new Promise((resolve) => {
    if (!isPossible()) {
      resolve({ outcome: 'impossible', detail: `${UNIT} is not there` });
      return;
    }
    elevate(COMMAND, { name: 'Adit' }, (error) => resolve(error ? failureOf(error) : { outcome: 'started' }));
  });
}

function failureOf({ message, code }: Parameters<Parameters<Elevate>[2]>[0] & Error): RepairOutcome {
  if (NOBODY_ASKS.test(message)) return { outcome: 'impossible', detail: message };
  if (!NOT_GRANTED.test(message)) return { outcome: 'failed', detail: message };
  return { outcome: code === DISMISSED ? 'cancelled' : 'refused', detail: message };
}
