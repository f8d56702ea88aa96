/**
 * What a package installs beside Electron, laid out in a folder as electron-builder.yml says (`extraResources`), for the
 * tests and the benchmark: electron-builder itself cannot run here.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AditOptions } from './adit.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bundles the helper, puts everything into `resources` and compiles it as after-install.sh does. Returns the programs that
 * are there then.
 */
export async function layOutPackage(
  resources: string,
): Promise<Required<NonNullable<AditOptions['programs']>>> {
  execFileSync(process.execPath, ['scripts/build-helper.ts'], { cwd: root });
  for (const { from, to, filter } of await extraResources()) {
    await mkdir(join(resources, to, '..'), { recursive: true });
    if (filter.length === 0) await cp(join(root, from), join(resources, to), { dereference: true });
    for (const name of filter) await cp(join(root, from, name), join(resources, to, name));
  }
  const aditd = join(resources, 'bin/aditd');
  const cache = join(resources, 'cache');
  execFileSync(aditd, ['--version'], { env: { CACHE_DIRECTORY: cache } });
  return { aditd, adit: join(resources, 'bin/adit'), cache };
}

interface Resource {
  readonly from: string;
  readonly to: string;
  /** Names in a folder; empty takes the file that `from` is. */
  readonly filter: readonly string[];
}

async function extraResources(): Promise<Resource[]> {
  const text = await readFile(join(root, 'electron-builder.yml'), 'utf8');
  const section = /^extraResources:\n((?: {2}.*\n)+)/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/- from: (\S+)\n {4}to: (\S+)(?:\n {4}filter: \[(.*)\])?/g)].map(
    ([, from = '', to = '', filter]) => ({ from, to, filter: filter?.split(', ') ?? [] }),
  );
}
