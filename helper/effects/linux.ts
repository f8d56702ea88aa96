/** The effects as Linux has them, put together. Called by the helper's main with its state directory. */
import { LinuxDns } from './dns/linux.ts';
import type { Effects } from './effects.ts';
import { linuxPaths, systemFiles, type Files, type SystemPaths } from './files.ts';
import { LinuxFirewall } from './firewall/linux.ts';
import { LinuxLink } from './link/linux.ts';
import { LinuxLockdown } from './lockdown/linux.ts';
import type { LockdownEffect } from './lockdown/lockdown-effect.ts';
import { LinuxRoutes } from './routes/linux.ts';
import type { Netlink } from './routes/way-lookup.ts';
import { SystemRunner, type Runner } from './run.ts';
import { linuxWatchSources } from '#helper/native/watch.ts';

/** What stands between the effects and the system; tests put their own there. */
export interface LinuxSystem {
  readonly runner: Runner;
  readonly files: Files;
  readonly paths: SystemPaths;
  readonly netlink: Netlink;
}

/** `stateDir` exists, belongs to the helper alone, and outlives it. */
export const linuxSystem = (stateDir: string): LinuxSystem => ({
  runner: new SystemRunner(),
  files: systemFiles,
  paths: linuxPaths(stateDir),
  // The addon is loaded when it is first needed: there are repairs that do without.
  netlink: { openNetlink: (...request) => linuxWatchSources().openNetlink(...request) },
});

export function linuxEffects({ runner, files, paths, netlink }: LinuxSystem): Effects {
  return {
    link: new LinuxLink(runner, files, paths),
    routes: new LinuxRoutes(runner, files, paths, netlink),
    dns: new LinuxDns(runner, files, paths),
    firewall: new LinuxFirewall(runner, files, paths),
  };
}

/** Apart from the effects of a tunnel: it is the machine's. */
export const linuxLockdown = ({ runner, files, paths }: LinuxSystem): LockdownEffect =>
  new LinuxLockdown(runner, files, paths);
