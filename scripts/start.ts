/**
 * The last step of npm start: finds Electron's binary, which is no npm package, and opens the built application in it. It
 * is taken from ELECTRON_OVERRIDE_DIST_PATH, else from node_modules/electron/dist, else downloaded there by Electron's own
 * installer. What is missing is said in sentences, with what to run; then nothing is started. scripts/start.sh calls it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Surroundings {
  /** The clone. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly args: readonly string[];
  readonly uid: number | undefined;
  /** Runs Electron's installer; answers with what it said. */
  readonly install: () => string;
  readonly say: (line: string) => void;
}

const HELPER_SOCKET = '/run/adit/aditd.sock';

/** Electron's binary, or undefined after it was said what is missing. */
export function readyToStart(surroundings: Surroundings): string | undefined {
  const { environment, args, uid, say } = surroundings;
  const binary = binaryIn(surroundings);
  const hasScreen = Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);
  if (!hasScreen)
    say(
      'there is no desktop here (DISPLAY and WAYLAND_DISPLAY are empty): run npm start in a desktop session',
    );
  const mayBeRoot = uid !== 0 || args.includes('--no-sandbox');
  if (!mayBeRoot) say('Electron does not start as root: run npm start as the user of the desktop');
  if (binary === undefined || !hasScreen || !mayBeRoot) {
    say('without Electron: npm run demo -- --ui shows a first use in headless Chromium');
    return undefined;
  }
  if (!args.some((one) => one.startsWith('--socket')) && !existsSync(HELPER_SOCKET))
    say(
      `Adit’s background service does not run; start it in another terminal: sudo ${join(surroundings.root, 'helper/aditd')} --foreground`,
    );
  return binary;
}

function binaryIn({ root, environment, install, say }: Surroundings): string | undefined {
  const override = environment['ELECTRON_OVERRIDE_DIST_PATH'];
  const dist = join(root, 'node_modules/electron/dist');
  const binary = join(override || dist, 'electron');
  if (isExecutable(binary)) return binary;
  if (override) {
    say(`ELECTRON_OVERRIDE_DIST_PATH names ${override}, which has no program electron in it`);
    return undefined;
  }
  say('Electron’s binary is not here; its installer downloads it once (about 120 MB)');
  const said = install();
  if (isExecutable(binary)) return binary;
  const log = join(root, 'build/electron-install.log');
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(log, said);
  const version = versionOf(root);
  say(`Electron ${version} could not be downloaded; what its installer said is in ${log}`);
  say(`  with a connection to github.com: npm start`);
  say(
    `  with electron-v${version}-linux-x64.zip unpacked in a folder: ELECTRON_OVERRIDE_DIST_PATH=/that/folder npm start`,
  );
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/electron/package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

function main(): void {
  const root = join(import.meta.dirname, '..');
  const args = process.argv.slice(2);
  const binary = readyToStart({
    root,
    environment: process.env,
    args,
    uid: process.getuid?.(),
    install() {
      const script = join(root, 'node_modules/electron/install.js');
      const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
      return `${stdout}${stderr}`;
    },
    say: (line) => void process.stderr.write(`start: ${line}\n`),
  });
  if (binary === undefined) {
    process.exitCode = 1;
    return;
  }
  const child = spawn(binary, [root, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code) => (process.exitCode = code ?? 1));
}

if (import.meta.main) main();
