/**
 * The application in a real Electron, through Playwright's driver. Never run on the machine it was written on, which has
 * no binary: checked against the types, and started against a stand-in that fails (hosts.test.ts).
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication } from 'playwright-core';
import { APP, type AppOptions, type Escapes, type Host, NO_BUS, SAVED } from './host.ts';

const START_MS = 20_000;
const NOT_TOLD = {
  tray: 'Electron does not tell what its tray shows',
  notifications: 'Electron does not tell what it notified',
  permissions: 'Electron has no way to ask its permission handlers',
  senders: 'Electron’s frames cannot be forged',
  repair: 'Electron does not start in mount namespaces of a test',
  questions: 'the process that Playwright drives ends with the application',
} as const;

export async function startElectron(binary: string, options: AppOptions): Promise<Host> {
  const directory = await mkdtemp(join(tmpdir(), 'adit-electron-'));
  if (options.settings)
    await writeFile(join(directory, SAVED), JSON.stringify({ settings: options.settings }));
  const args = [
    join(options.app ?? APP, 'main.js'),
    `--socket=${options.socket}`,
    `--user-data-dir=${directory}`,
    `--lang=${options.locale ?? 'en-GB'}`,
    ...(options.hidden === true ? ['--hidden'] : []),
    // Chromium's sandbox does not start as root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
  const env = {
    ...Object.fromEntries(
      Object.entries(process.env).filter((one): one is [string, string] => one[1] !== undefined),
    ),
    DBUS_SESSION_BUS_ADDRESS: options.sessionBus ?? NO_BUS,
    XDG_CONFIG_HOME: join(directory, 'appData'),
  };
  let running: ElectronApplication | undefined;
  try {
    await answersToVersion(binary, env);
    running = await _electron.launch({
      executablePath: binary,
      args,
      env,
      timeout: START_MS,
      colorScheme: options.colorScheme ?? 'light',
      locale: options.locale ?? 'en-GB',
    });
    const page = await running.firstWindow({ timeout: START_MS });
    page.setDefaultTimeout(8_000);
    await page.locator('#root > *').first().waitFor({ timeout: 8_000 });
    return await hostOf(running, directory);
  } catch (error) {
    await running?.close().catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Playwright waits for a debugger that a binary which cannot run never opens: asked first, its own words are told. */
async function answersToVersion(binary: string, env: Record<string, string>): Promise<void> {
  const child = spawn(binary, ['--version'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  const end = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `exit code ${code ?? signal}`));
  });
  clearTimeout(timer);
  if (end !== '') throw new Error(`${binary} does not start: ${end}\n${said}`);
}

async function hostOf(running: ElectronApplication, directory: string): Promise<Host> {
  const page = await running.firstWindow();
  const navigations = 'aditNavigations';
  // After the guards, whose word is seen.
  await running.evaluate(({ BrowserWindow }, place) => {
    const seen: Escapes['navigations'][number][] = [];
    (globalThis as Record<string, unknown>)[place] = seen;
    BrowserWindow.getAllWindows()[0]?.webContents.on('will-navigate', (event) => {
      seen.push({ url: event.url, stopped: event.defaultPrevented });
    });
  }, navigations);
  const untold = (part: keyof typeof NOT_TOLD): Promise<never> => Promise.reject(new Error(NOT_TOLD[part]));
  return {
    name: 'Electron',
    page,
    lacks: NOT_TOLD,
    window: {
      isVisible: () =>
        running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible() ?? false),
      isMinimized: () =>
        running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isMinimized() ?? false),
      show: () =>
        running.evaluate(({ BrowserWindow }) => {
          const [window] = BrowserWindow.getAllWindows();
          if (window?.isMinimized()) window.restore();
          window?.show();
        }),
      hide: () => running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide()),
      focus: () => running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.focus()),
      close: () => running.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close()),
      send: (events) =>
        running.evaluate(({ BrowserWindow }, given) => {
          for (const event of given) BrowserWindow.getAllWindows()[0]?.webContents.send('adit:event', event);
        }, events),
    },
    tray: {
      icon: () => untold('tray'),
      tooltip: () => untold('tray'),
      menu: () => untold('tray'),
      click: () => untold('tray'),
      choose: () => untold('tray'),
      darken: () => untold('tray'),
    },
    clipboard: () => running.evaluate(({ clipboard }) => clipboard.readText()),
    notifications: () => untold('notifications'),
    toasts: () => untold('notifications'),
    clickToast: () => untold('notifications'),
    answerSave: (path) =>
      running.evaluate(({ dialog }, to) => {
        dialog.showSaveDialog = () => Promise.resolve({ canceled: to === null, filePath: to ?? '' });
      }, path ?? null),
    answerQuestion: () => untold('questions'),
    questions: () => untold('questions'),
    startAgain: () => running.evaluate(({ app }) => void app.emit('second-instance')),
    configFolder: join(directory, 'appData'),
    quit: () => untold('questions'),
    hasQuit: () => untold('questions'),
    escapes: () =>
      running.evaluate(({ BrowserWindow }, place) => {
        const seen = (globalThis as Record<string, unknown>)[place] as Escapes['navigations'];
        const windows = BrowserWindow.getAllWindows().length > 1 ? ('allow' as const) : ('deny' as const);
        return { navigations: seen, windows: [windows] };
      }, navigations),
    statuses: (urls) =>
      running.evaluate(async ({ net }, asked) => {
        const answers = await Promise.all(asked.map((url) => net.fetch(url)));
        return answers.map(({ status }) => status);
      }, urls),
    permissions: () => untold('permissions'),
    hears: () => untold('senders'),
    async close() {
      await running.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
