/** Loads build/native/adit.node, which scripts/build-native.sh makes. The wrappers beside this file give it its types. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Where scripts/build-native.sh puts the addon. */
export const ADDON_PATH = fileURLToPath(new URL('../../build/native/adit.node', import.meta.url));

/** Throws Error with the remedy where it is not built or was built for another runtime. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each wrapper names its own part of the addon
export function loadAddon<Addon>(path: string): Addon {
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new Error(`the native data plane ${path} does not load: ${detail}; run: npm run build:native`, {
      cause: error,
    });
  }
}
