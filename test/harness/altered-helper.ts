/**
 * The helper with something put in its way or its hand: helper/aditd with more in its environment and before its program. For
 * test/interop/staying.test.ts, test/interop/many-connections.test.ts, test/system/loaded-modules.test.ts and bench/recover.ts.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADITD } from './adit.ts';
import { run, until } from './process.ts';

export const NIGHT_MS = 8 * 3_600_000;
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A launcher in `directory`. `options` are Node's. */
async function altered(directory: string, environment: string, options = ''): Promise<string> {
  const launcher = (await readFile(ADITD, 'utf8'))
    .replace(/^here=.*$/m, `here=${dirname(ADITD)}`)
    .replace('/usr/bin/env -i ', `/usr/bin/env -i ${environment} `)
    .replace('"$here/main.ts"', `${options} "$here/main.ts"`);
  if (!launcher.includes(environment) || !launcher.includes(options)) {
    throw new Error(`${ADITD} is written otherwise than altered-helper.ts knows it`);
  }
  const path = join(directory, 'aditd');
  await writeFile(path, launcher, { mode: 0o700 });
  return path;
}

/** Its clock jumps eight hours ahead at SIGUSR2, as after a night's sleep (clock-jump.c). Returns the program. */
export async function jumpingHelper(directory: string): Promise<string> {
  const library = join(directory, 'clock-jump.so');
  await run(['g++', '-x', 'c', '-shared', '-fPIC', '-o', library, here('clock-jump.c')]);
  return await altered(directory, `LD_PRELOAD=${library}`);
}

export interface MemoryTellingHelper {
  readonly program: string;
  /** Megabytes of the heap and of what hangs on it, after a collection. */
  readonly heap: (pid: number) => Promise<number>;
}

/** It tells what it holds (test/soak/memory-report.ts). */
export async function memoryTellingHelper(directory: string): Promise<MemoryTellingHelper> {
  const file = join(directory, 'memory.json');
  const report = here('../soak/memory-report.ts');
  const program = await altered(directory, `ADIT_MEMORY=${file}`, `--import ${report}`);
  const heap = async (pid: number): Promise<number> => {
    await rm(file, { force: true });
    process.kill(pid, 'SIGWINCH');
    const told = await until(
      'the helper tells its memory',
      async () => JSON.parse(await readFile(file, 'utf8')) as { heapUsed: number; external: number },
    );
    return (told.heapUsed + told.external) / 1e6;
  };
  return { program, heap };
}

export interface ModuleTellingHelper {
  readonly program: string;
  /** The URLs of the modules that it has loaded so far, builtin ones included. */
  readonly loaded: () => Promise<readonly string[]>;
}

/** It tells what it loads, and cannot load modules whose URL ends in `unloadable` (test/harness/loaded-modules.ts). */
export async function moduleTellingHelper(directory: string, unloadable = ''): Promise<ModuleTellingHelper> {
  const file = join(directory, 'loaded.txt');
  const environment = `ADIT_LOADED=${file} ADIT_UNLOADABLE=${unloadable}`;
  const program = await altered(directory, environment, `--import ${here('loaded-modules.ts')}`);
  return { program, loaded: async () => (await readFile(file, 'utf8')).trim().split('\n') };
}
