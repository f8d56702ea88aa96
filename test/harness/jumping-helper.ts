/**
 * The helper with a clock that jumps eight hours ahead at SIGUSR2, as after a night's sleep: its launcher with clock-jump.c in
 * front. For test/interop/staying.test.ts and bench/recover.ts.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADITD } from './adit.ts';
import { run } from './process.ts';

export const NIGHT_MS = 8 * 3_600_000;

/** Builds it in `directory`; returns the path of the program. */
export async function jumpingHelper(directory: string): Promise<string> {
  const library = join(directory, 'clock-jump.so');
  const source = fileURLToPath(new URL('clock-jump.c', import.meta.url));
  await run(['g++', '-x', 'c', '-shared', '-fPIC', '-o', library, source]);
  const launcher = (await readFile(ADITD, 'utf8'))
    .replace(/^here=.*$/m, `here=${dirname(ADITD)}`)
    .replace('/usr/bin/env -i ', `/usr/bin/env -i LD_PRELOAD=${library} `);
  if (!launcher.includes(library)) throw new Error(`${ADITD} has no place for LD_PRELOAD`);
  const path = join(directory, 'aditd');
  await writeFile(path, launcher, { mode: 0o700 });
  return path;
}
