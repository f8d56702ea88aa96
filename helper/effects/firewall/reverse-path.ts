/**
 * `rp_filter=1` drops a packet whose answer would leave through another adapter. With a tunnel that takes everything
 * this hits each packet of the gateway, unless the filter looks with the mark that the firewall has put on it:
 * `src_valid_mark`. Set only where a strict filter is in force, remembered on disk before, put back when no tunnel
 * is left. Called by linux.ts beside it and by the doctor.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { removeWhole, writeWhole } from '../../whole-file.ts';
import { errorCode, readText, type Files, type SystemPaths } from '../files.ts';

const KEY = 'net.ipv4.conf.all.src_valid_mark';
const savedSchema = z.strictObject({ [KEY]: z.literal('0') });

export class ReversePath {
  readonly #files: Files;
  readonly #conf: string;
  readonly #saved: string;

  constructor(files: Files, paths: SystemPaths) {
    this.#files = files;
    this.#conf = join(paths.procSys, 'net/ipv4/conf');
    this.#saved = join(paths.stateDir, 'sysctl.json');
  }

  /** Adapters whose effective filter, the larger of its own and `all`, is strict; `default` stands for later ones. */
  strictAdapters(): string[] {
    const all = this.#value('all', 'rp_filter');
    return this.#files
      .readdirSync(this.#conf)
      .filter((name) => name !== 'all' && Math.max(all, this.#value(name, 'rp_filter')) === 1);
  }

  /** Throws the system's error where the sysctl cannot be written. */
  allowMark(): void {
    if (this.strictAdapters().length === 0 || this.#value('all', 'src_valid_mark') === 1) return;
    writeWhole(this.#saved, JSON.stringify({ [KEY]: '0' }), this.#files);
    this.#write('1');
  }

  restore(): void {
    const text = readText(this.#files, this.#saved);
    if (text === undefined) return;
    if (savedSchema.safeParse(parsed(text)).success) this.#write('0');
    removeWhole(this.#saved, this.#files);
  }

  #value(adapter: string, name: string): number {
    return Number(readText(this.#files, join(this.#conf, adapter, name)) ?? 0);
  }

  #write(value: string): void {
    const file = this.#files.openSync(join(this.#conf, 'all/src_valid_mark'), 'w');
    try {
      this.#files.writeSync(file, value);
    } finally {
      this.#files.closeSync(file);
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const sysctlError = (error: unknown): string => `${KEY} cannot be set (${errorCode(error)})`;
