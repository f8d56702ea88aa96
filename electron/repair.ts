/**
 * Starts the helper with an administrator's consent. The command is one constant: nothing of the page, the settings or
 * the environment has a part in it. bridge.ts calls this when the page that explains the missing helper asks.
 */
import { existsSync } from 'node:fs';
import sudo from '@vscode/sudo-prompt';

const SYSTEMCTL = '/usr/bin/systemctl';
/** Where the packages put the unit; without it there is nothing to start. */
const UNIT = '/usr/lib/systemd/system/aditd.service';
const COMMAND = `${SYSTEMCTL} restart aditd.service`;

export const canRepair = (): boolean => existsSync(SYSTEMCTL) && existsSync(UNIT);

/** Throws with the reason where it was refused or failed. */
export function repair(): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!canRepair()) {
      reject(new Error('The helper is not installed as a service on this system.'));
      return;
    }
    sudo.exec(COMMAND, { name: 'Adit' }, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
