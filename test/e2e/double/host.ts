/**
 * The process that stands for Electron: starts headless Chromium, makes the double, and imports the production bundle
 * of main, whose `import 'electron'` gets the double. Started by driver.ts with one JSON argument; answers its messages.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { createElectron } from './electron.ts';

export interface HostOptions {
  readonly main: string;
  readonly chromium: string;
  readonly directory: string;
  readonly switches: Readonly<Record<string, string>>;
  readonly colorScheme: 'light' | 'dark';
  readonly locale: string;
}

const options = JSON.parse(process.argv[2] ?? '') as HostOptions;

const context = await chromium.launchPersistentContext(`${options.directory}/chromium`, {
  executablePath: options.chromium,
  headless: true,
  // The session bus is the application's: Chromium would wait for a desktop that does not answer.
  env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' },
  colorScheme: options.colorScheme,
  locale: options.locale,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--remote-debugging-port=0'],
});
const double = createElectron({
  context,
  schemes: new Map(),
  handlers: new Map(),
  log: [],
  userData: options.directory,
  isPackaged: true,
  appPath: options.main,
  switches: options.switches,
  locale: options.locale,
});

// Where an installed Electron keeps what came beside its archive.
Object.assign(process, { resourcesPath: `${options.directory}/resources` });

const PLACE = 'aditElectronDouble';
(globalThis as Record<string, unknown>)[PLACE] = double.module;
const source = `export const { ${Object.keys(double.module).join(', ')} } = globalThis.${PLACE};`;
const url = `data:text/javascript,${encodeURIComponent(source)}`;
registerHooks({
  resolve: (specifier, from, next) =>
    specifier === 'electron' ? { url, shortCircuit: true } : next(specifier, from),
});

/** A function of the test's, as text, on the double: what Playwright's `electronApplication.evaluate` does. */
process.on('message', (message: { id: number; source: string; argument: unknown }) => {
  const { id, source: text, argument } = message;
  // oxlint-disable-next-line typescript/no-implied-eval -- a test's function arrives as text, as Playwright sends it
  const run = new Function(`return (${text})`)() as (given: typeof double, argument: unknown) => unknown;
  Promise.resolve()
    .then(() => run(double, argument))
    .then(
      (value) => process.send?.({ id, ok: true, value }),
      (error: unknown) => process.send?.({ id, ok: false, value: String(error) }),
    );
});
process.on('disconnect', () => void context.close().finally(() => process.exit(0)));

await import(pathToFileURL(options.main).href);
// Only now, as Electron does it: a bundle that awaits `whenReady` at its top level would wait for ever, and should.
double.become.ready();
process.send?.({ id: 0, ok: true, value: null });
