/**
 * What this application is made of: versions from the running process, licences from the file that scripts/build-app.ts
 * writes beside the bundle. Read when somebody asks. bridge.ts calls it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PROTOCOL } from '#core/ipc/protocol.ts';
import type { About } from './bridge-contract.ts';

export const LICENCES_FILE = 'licences.json';

const licencesSchema = z.array(
  z.object({ name: z.string(), version: z.string(), licence: z.string(), text: z.string() }),
);

/** `folder`: where the bundle is. Throws Error where its list of licences is missing or damaged. */
export async function aboutThis(folder: string, version: string): Promise<About> {
  const { electron, chrome, node } = process.versions;
  const runtime = [
    ['Electron', electron],
    ['Chromium', chrome],
    ['Node', node],
  ] as const;
  return {
    versions: [
      ['Adit', version],
      ['Protocol', `${PROTOCOL.major}.${PROTOCOL.minor}`],
      // Outside of Electron there are neither Electron nor its Chromium.
      ...runtime.flatMap(([name, known]) => (known === undefined ? [] : [[name, known] as const])),
      ['System', `${process.platform} ${process.arch}`],
    ],
    licences: licencesSchema.parse(JSON.parse(await readFile(join(folder, LICENCES_FILE), 'utf8'))),
  };
}
