/**
 * npm run build:helper: the helper and the command line as they are shipped, a file each in build/helper, without types, without
 * what nothing uses, and so with less memory than from the sources. electron-builder.yml puts them beside the native data
 * plane and Node's binary; assets/linux/aditd starts them there.
 */
import { join } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';

process.env['NODE_ENV'] = 'production';

const root = join(import.meta.dirname, '..');

/**
 * V8 keeps the whole text of a program, in two octets a character as soon as one of them is beyond Latin-1. There is none
 * where escapes mean another thing (String.raw, names).
 */
const inAscii: Plugin = {
  name: 'in-ascii',
  generateBundle: (_options, files) => {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      file.code = file.code.replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    }
  },
};

/**
 * The addon is found from the bundle as from the sources: two folders up, then build/native. In one file: what is loaded on
 * demand is in it, too, as another version may lie on the disk by then.
 */
const bundle = (entry: string, file: string): InlineConfig => ({
  root,
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  plugins: [inAscii],
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
      output: {
        format: 'es',
        entryFileNames: file,
        codeSplitting: false,
        comments: { legal: true, annotation: false, jsdoc: false },
      },
    },
  },
});

/** The helper and the command line; build-app.ts looks into them for the licences of what they take in. */
export const helperBundles = [
  bundle('helper/main.ts', 'aditd.js'),
  bundle('cli/main.ts', 'adit.js'),
] as const;

if (import.meta.main) for (const one of helperBundles) await build(one);
