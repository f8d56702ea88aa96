/** node:fs that fails, or dies, at a chosen step of writing: what a full disk and a kill look like from inside. */
import * as fs from 'node:fs';
import type { FileCalls } from '#helper/whole-file.ts';

const STEPS = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'closeSync',
  'renameSync',
  'unlinkSync',
] as const satisfies readonly (keyof FileCalls)[];

interface Recorded {
  readonly calls: FileCalls;
  /** The steps that were begun, in order. */
  readonly log: string[];
  readonly taken: () => number;
}

/** The `step`th call (from 0) throws `code`; all others work. */
export function failingAt(step: number, code: string): Recorded {
  return recording((at) => at === step, code);
}

/** The `step`th call and everything after it throws: nothing more reaches the disk. */
export function killedAt(step: number): FileCalls {
  return recording((at) => at >= step, 'KILLED').calls;
}

function recording(fails: (at: number) => boolean, code: string): Recorded {
  const log: string[] = [];
  const calls = Object.fromEntries(
    STEPS.map((name) => [
      name,
      (...given: unknown[]): unknown => {
        const at = log.push(name) - 1;
        if (fails(at)) throw Object.assign(new Error(`${code}: ${name}`), { code });
        return (fs[name] as (...all: unknown[]) => unknown)(...given);
      },
    ]),
  ) as unknown as FileCalls;
  return { calls, log, taken: () => log.length };
}
