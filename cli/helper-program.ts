/** The helper that came with this adit. It is in nobody's PATH, and no path of the caller's leads to it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The clone's, or the package's beside its bundle. */
const PLACES = ['../helper/aditd', '../../bin/aditd'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

export const helperProgram = (): string | undefined => PLACES.find((path) => existsSync(path));
