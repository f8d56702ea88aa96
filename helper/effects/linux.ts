/** The effects as Linux has them, put together. Called by the helper's main with its state directory. */
import { LinuxDns } from './dns/linux.ts';
import type { Effects } from './effects.ts';
import { linuxPaths, systemFiles, type Files, type SystemPaths } from './files.ts';
import { LinuxFirewall } from './firewall/linux.ts';
import { LinuxLink } from './link/linux.ts';
import { LinuxRoutes } from './routes/linux.ts';
import { SystemRunner, type Runner } from './run.ts';

/** What stands between the effects and the system; tests put their own there. */
export interface LinuxSystem {
  readonly runner: Runner;
  readonly files: Files;
  readonly paths: SystemPaths;
}

/** `stateDir` exists, belongs to the helper alone, and outlives it. */
export const linuxSystem = (stateDir: string): LinuxSystem => ({
  runner: new SystemRunner(),
  files: systemFiles,
  paths: linuxPaths(stateDir),
});

export function linuxEffects({ runner, files, paths }: LinuxSystem): Effects {
  return {
    link: new LinuxLink(runner, files, paths),
    routes: new LinuxRoutes(runner, files, paths),
    dns: new LinuxDns(runner, files, paths),
    firewall: new LinuxFirewall(runner, files, paths),
  };
}
