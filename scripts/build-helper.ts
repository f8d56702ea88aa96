/**
 * npm run build:helper: the helper and the command line as they are shipped, a file each in build/helper, without types, without
 * what nothing uses, and so with less memory than from the sources. electron-builder.yml puts them beside the native data
 * plane and Node's binary; assets/linux/aditd starts them there.
 */
import { join } from 'node:path';
import { build, type InlineConfig } from 'vite';

process.env['NODE_ENV'] = 'production';

const root = join(import.meta.dirname, '..');

/** The addon is found from the bundle as from the sources: two folders up, then build/native. */
const bundle = (entry: string, file: string): InlineConfig => ({
  root,
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    chunkSizeWarningLimit: 4000,
    ssr: join(root, entry),
    outDir: join(root, 'build', 'helper'),
    emptyOutDir: false,
    target: 'node24',
    minify: false,
    rolldownOptions: {
      external: [/^node:/],
      output: { format: 'es', entryFileNames: file, codeSplitting: false },
    },
  },
});

await build(bundle('helper/main.ts', 'aditd.js'));
await build(bundle('cli/main.ts', 'adit.js'));
