/**
 * The licences of what is in a package: a plug-in that notes which packages' code the builds of build-app.ts take in, and
 * the list of them with the texts that came along. Electron, the helper's Node and what the data plane was linked with are
 * beside the bundles and in the list.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import type { Licence } from '#electron/bridge-contract.ts';

const IN_PACKAGE = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const TEXT_FILE = /^(licen[cs]e|copying)(\.(md|txt))?$/i;

/** Folders of packages that the bundles have code of. */
export class TakenIn {
  readonly #folders = new Set<string>();

  plugin(): Plugin {
    return {
      name: 'adit-licences',
      generateBundle: (_, bundle) => {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type === 'chunk') for (const id of chunk.moduleIds) this.#note(id);
        }
      },
    };
  }

  #note(id: string): void {
    const folder = IN_PACKAGE.exec(id)?.[1];
    if (folder !== undefined) this.#folders.add(folder);
  }

  /** By name. Throws Error where a package names no licence: then nobody may ship it. */
  licences(beside: readonly string[], more: readonly Licence[]): Licence[] {
    return [...[...this.#folders, ...beside].map(licenceOf), ...more].toSorted((one, other) =>
      one.name < other.name ? -1 : 1,
    );
  }
}

/** Of the library that scripts/build-native.sh linked into the addon in `folder`, where it had one. */
export function linkedIn(folder: string): Licence[] {
  const file = join(folder, 'intel-ipsec-mb.txt');
  if (!existsSync(file)) return [];
  const [title = '', ...text] = readFileSync(file, 'utf8').split('\n');
  const [name = '', version = ''] = title.split(' ');
  return [{ name, version, licence: 'BSD-3-Clause', text: text.join('\n').trim() }];
}

function licenceOf(folder: string): Licence {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  if (typeof license !== 'string') throw new Error(`${folder}/package.json names no licence`);
  return { name, version, licence: license, text: textOf(folder) };
}

/** The package's file of its licence, else what its readme says under that heading, else nothing. */
function textOf(folder: string): string {
  const files = readdirSync(folder);
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const file = files.find((entry) => TEXT_FILE.test(entry));
  if (file !== undefined) return read(file).trim();
  const readme = files.find((entry) => /^readme(\.md)?$/i.test(entry));
  if (readme === undefined) return '';
  return /^#+ *licen[cs]e\s*$([^#]+)/im.exec(read(readme))?.[1]?.trim() ?? '';
}
