/** That lockdown is wished for, on the disk, with the rules that the machine starts with. lockdown.ts asks for it. */
import { join } from 'node:path';
import { z } from 'zod';
import { exists, type Files, readText } from '../effects/files.ts';
import type { LockdownEffect, LockdownSettings } from '../effects/lockdown/lockdown-effect.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import { removeWhole, writeWhole } from '../whole-file.ts';

const wishSchema = z.strictObject({ lan: z.boolean(), byAdmin: z.boolean() });
export type Wish = z.infer<typeof wishSchema>;

/** There while lockdown is on. */
export const wishPath = (stateDir: string): string => join(stateDir, 'lockdown.json');

interface KeptWishDeps {
  readonly stateDir: string;
  readonly effect: Pick<LockdownEffect, 'atStart'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly files: Files;
}

export class KeptWish {
  readonly #path: string;
  readonly #effect: KeptWishDeps['effect'];
  readonly #log: KeptWishDeps['log'];
  readonly #files: Files;

  constructor({ stateDir, effect, log, files }: KeptWishDeps) {
    this.#path = wishPath(stateDir);
    this.#effect = effect;
    this.#log = log;
    this.#files = files;
  }

  get isThere(): boolean {
    return exists(this.#files, this.#path);
  }

  /** A file that cannot be read holds everybody back, and is changed by an administrator alone: its being there is the wish. */
  read(): Wish | undefined {
    try {
      const text = readText(this.#files, this.#path);
      return text === undefined ? undefined : wishSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn(`${this.#path} cannot be read, so lockdown is on: ${messageOf(error)}`);
      return { lan: false, byAdmin: true };
    }
  }

  /** The machine's start first: a power cut in between leaves too much held back, and not too little. Throws the system's error. */
  keep(wish: Wish, settings: LockdownSettings): void {
    this.#effect.atStart(settings);
    writeWhole(this.#path, JSON.stringify(wish), this.#files);
  }

  /** The wish first, for the same reason. Both are tried. Throws the system's error. */
  forget(): void {
    try {
      if (this.isThere) removeWhole(this.#path, this.#files);
    } finally {
      this.#effect.atStart(undefined);
    }
  }
}
