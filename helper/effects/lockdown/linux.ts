/**
 * Lockdown on Linux: the table of ruleset.ts through `nft -f -`. It belongs to no process, so it outlives the helper, and the
 * text of it without gateways in the state directory is what adit-lockdown.service loads before there is a network.
 */
import { join } from 'node:path';
import { removeWhole, writeWhole } from '../../whole-file.ts';
import { SystemFailure } from '../effects.ts';
import { exists, type Files, type SystemPaths } from '../files.ts';
import { runOrFail, type Runner } from '../run.ts';
import type { LockdownEffect, LockdownSettings } from './lockdown-effect.ts';
import { lockdownTable, WITHOUT_LOCKDOWN } from './ruleset.ts';

/** What the machine's start loads; it is there while lockdown is on. */
export const startPath = (stateDir: string): string => join(stateDir, 'lockdown.nft');

/** What is in the kernel goes with it, and without nft nothing puts it there again. */
export const WITHOUT_NFT = 'Restart this computer: without nft nothing is held back then';

const FROM_STDIN = ['-f', '-'];

export class LinuxLockdown implements LockdownEffect {
  readonly #runner: Runner;
  readonly #files: Files;
  readonly #atStart: string;

  constructor(runner: Runner, files: Files, { stateDir }: SystemPaths) {
    this.#runner = runner;
    this.#files = files;
    this.#atStart = startPath(stateDir);
  }

  async apply(settings: LockdownSettings): Promise<void> {
    const what = 'Lockdown cannot be put in force';
    if (this.#runner.find('nft') === undefined) {
      throw new SystemFailure(what, 'nft is missing', 'apt-get install nftables');
    }
    await runOrFail(this.#runner, what, 'nft', FROM_STDIN, lockdownTable(settings));
  }

  atStart(settings: LockdownSettings | undefined): void {
    if (settings)
      writeWhole(this.#atStart, lockdownTable({ ...settings, gateways: [], adapters: [] }), this.#files);
    else if (exists(this.#files, this.#atStart)) removeWhole(this.#atStart, this.#files);
  }

  async undo(wasOn: boolean): Promise<void> {
    const what = 'Lockdown cannot be ended';
    if (this.#runner.find('nft') !== undefined) {
      await runOrFail(this.#runner, what, 'nft', FROM_STDIN, WITHOUT_LOCKDOWN);
    } else if (wasOn) throw new SystemFailure(what, 'nft is missing', WITHOUT_NFT);
  }
}
