/** Lockdown for people: `adit lockdown`, and above the tunnels of `adit status`. */
import type { LockdownStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Style } from './style.ts';

export function lockdownLines({ on, lan, byAdmin, fault }: LockdownStatus, style: Style): string[] {
  if (!on) return ['Lockdown is off.'];
  const but = lan ? 'through a tunnel, or to the local network' : 'through a tunnel';
  return [
    `${style.bold('Lockdown is on')}: nothing leaves this computer but ${but}.`,
    ...(byAdmin ? ['An administrator switched it on, and only an administrator changes it.'] : []),
    ...(fault === null
      ? []
      : [`${style.bad('problem')}  not all of it is in force: ${printable(fault, 1024)}`]),
  ];
}
