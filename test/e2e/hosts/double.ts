/**
 * The application over the double: build/app in a process that stands for Electron, over headless Chromium. Ends at once
 * with what was said where that process ends or the page fails before it shows anything.
 */
import { fork } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { until } from '#test/harness/process.ts';
import type { Double } from '../double/electron.ts';
import type { HostOptions } from '../double/host.ts';
import { onStage } from '../service-world.ts';
import { APP, type AppOptions, type Escapes, type Host, NO_BUS, SAVED } from './host.ts';

const CHROMIUM = '/usr/bin/chromium';

/** As `Menu.buildFromTemplate` gets it. */
interface MenuItem {
  readonly label?: string;
  readonly click?: () => void;
  readonly submenu?: unknown;
}

type Answer = { readonly id: number; readonly ok: boolean; readonly value: unknown };

/** Runs `ask` in the process of the double; it is sent as text and sees nothing of here but `argument`. */
type Ask = <R, A = undefined>(ask: (double: Double, argument: A) => R, argument?: A) => Promise<Awaited<R>>;

export async function startDouble(options: AppOptions): Promise<Host> {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: bash scripts/setup.sh --with-lab`);
  const directory = await mkdtemp(join(tmpdir(), 'adit-app-'));
  const given: HostOptions = {
    main: join(options.app ?? APP, 'main.js'),
    chromium: CHROMIUM,
    directory,
    switches: { socket: options.socket, ...(options.hidden === true ? { hidden: '' } : {}) },
    colorScheme: options.colorScheme ?? 'light',
    locale: options.locale ?? 'en-GB',
  };
  if (options.settings) {
    const userData = join(directory, 'userData');
    await mkdir(userData);
    await writeFile(join(userData, SAVED), JSON.stringify({ settings: options.settings }));
  }
  const stage = options.stage === undefined ? undefined : onStage(options.stage);
  const host = fork(join(import.meta.dirname, '../double/host.ts'), [JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // What a desktop of this machine may have is not the test's.
    ...stage,
    env: {
      ...process.env,
      ...stage?.env,
      DBUS_SESSION_BUS_ADDRESS: options.sessionBus ?? NO_BUS,
      XDG_RUNTIME_DIR: directory,
    },
  });
  let output = '';
  for (const stream of [host.stdout, host.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ended = new Promise<void>((resolve) => host.once('exit', () => resolve()));
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  // `close`, not `exit`: all that it said has come.
  host.once('close', (code) => {
    const end = new Error(`the double ended with ${code}:\n${output}`);
    for (const { reject } of waiting.values()) reject(end);
    gone.reject(end);
  });
  host.on('message', ({ id, ok, value }: Answer) => {
    if (ok) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new Error(String(value)));
  });
  const answerTo = (id: number): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    return answer.promise;
  };
  let last = 0;
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close().catch(() => undefined);
    if (host.connected) host.disconnect();
    const timer = setTimeout(() => host.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answerTo(0);
    const port = await until(
      'Chromium tells its port',
      async () => (await readFile(join(directory, 'chromium/DevToolsActivePort'), 'utf8')).split('\n')[0],
    );
    const connecting = chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    connecting.catch(() => undefined);
    browser = await Promise.race([connecting, gone.promise]);
    const page = browser.contexts()[0]?.pages()[0];
    if (!page) throw new Error('Chromium has no page');
    const ask: Ask = async (run, argument) => {
      const answer = answerTo(++last);
      host.send({ id: last, source: String(run), argument });
      return (await answer) as never;
    };
    page.setDefaultTimeout(8_000);
    // This second connection brings its own idea of the colours.
    await page.emulateMedia({ colorScheme: given.colorScheme });
    await Promise.race([shown(page), gone.promise]);
    return hostOf(page, ask, close, join(directory, 'appData'));
  } catch (error) {
    await close();
    throw error instanceof Error ? new Error(`${error.message}\n${output}`, { cause: error }) : error;
  }
}

/** Something is drawn. A page that fails before has a second to recover. */
async function shown(page: Page): Promise<void> {
  const root = page.locator('#root > *').first();
  if ((await page.pageErrors()).length === 0) {
    const failure = new Promise<void>((resolve) => page.once('pageerror', () => resolve()));
    const first = root.waitFor({ timeout: 8_000 });
    await Promise.race([first, failure]);
    first.catch(() => undefined);
  }
  await root.waitFor({ timeout: 1_000 });
}

function hostOf(page: Page, ask: Ask, close: () => Promise<void>, configFolder: string): Host {
  return {
    name: 'the double',
    page,
    lacks: {},
    window: {
      isVisible: () => ask(({ windows }) => windows[0]?.isVisible() ?? false),
      isMinimized: () => ask(({ windows }) => windows[0]?.isMinimized() ?? false),
      show: () => ask(({ windows }) => windows[0]?.show()),
      hide: () => ask(({ windows }) => windows[0]?.hide()),
      focus: () => ask(({ windows }) => windows[0]?.focus()),
      close: () => ask(({ windows }) => windows[0]?.close()),
      send: (events) =>
        ask(({ windows }, given) => {
          for (const event of given) windows[0]?.webContents.send('adit:event', event);
        }, events),
    },
    tray: {
      icon: () => ask(({ trays }) => trays[0]?.image.path ?? ''),
      tooltip: () => ask(({ trays }) => trays[0]?.tooltip ?? ''),
      menu: () => ask(({ trays }) => JSON.stringify(trays[0]?.menu)),
      click: () => ask(({ trays }) => void trays[0]?.emit('click')),
      choose: (label) =>
        ask(({ trays }, wanted) => {
          const all = (items: unknown): MenuItem[] =>
            (items as MenuItem[]).flatMap((item) => [item, ...(item.submenu ? all(item.submenu) : [])]);
          const found = all(trays[0]?.menu ?? []).find((item) => item.label === wanted);
          if (!found?.click) throw new Error(`the tray has no “${wanted}”`);
          found.click();
        }, label),
      darken: () =>
        ask(({ module: { nativeTheme } }) => {
          nativeTheme.shouldUseDarkColors = true;
          nativeTheme.emit('updated');
        }),
    },
    clipboard: () =>
      ask(({ log }) => (log.findLast(({ kind }) => kind === 'clipboard')?.data as string | undefined) ?? ''),
    notifications: () =>
      ask(({ log }) =>
        log.filter(({ kind }) => kind === 'notification').map(({ data }) => JSON.stringify(data)),
      ),
    toasts: () => ask(({ toasts }) => toasts.map(({ text }) => text)),
    clickToast: () => ask(({ toasts }) => void toasts[0]?.emit('click')),
    answerSave: (path) => ask(({ answers }, to) => void (answers.saveTo = to), path),
    answerQuestion: (pressed) => ask(({ answers }, button) => void (answers.question = button), pressed),
    questions: () =>
      ask(({ log }) => log.filter(({ kind }) => kind === 'question').map(({ data }) => JSON.stringify(data))),
    startAgain: () => ask(({ module }) => void module.app.emit('second-instance')),
    configFolder,
    quit: () => ask(({ module }) => module.app.quit()),
    hasQuit: () => ask(({ log }) => log.some(({ kind }) => kind === 'quit')),
    escapes: () =>
      ask(({ log }) => {
        const of = (wanted: string): unknown[] =>
          log.filter(({ kind }) => kind === wanted).map(({ data }) => data);
        return { navigations: of('navigation'), windows: of('window-open') } as Escapes;
      }),
    statuses: (urls) =>
      ask(async (double, asked) => {
        const answers = await Promise.all(asked.map((url) => double.fetch(url)));
        return answers.map(({ status }) => status);
      }, urls),
    permissions: (names) =>
      ask(({ permissions }, asked) => {
        const request = permissions.request as
          | ((a: null, b: string, decide: (allowed: boolean) => void) => void)
          | undefined;
        const check = permissions.check as ((a: null, b: string) => boolean) | undefined;
        const open: string[] = [];
        for (const permission of asked) {
          // Electron grants what nobody decides about.
          if (!request) open.push(permission);
          request?.(null, permission, (allowed) => allowed && open.push(permission));
          if (check?.(null, permission) ?? true) open.push(`${permission} (check)`);
        }
        return open;
      }, names),
    hears: (channel, frame) =>
      ask(
        async ({ callFrom }, given) =>
          (await callFrom(given.channel, given.frame, ['app.state', {}])) === undefined,
        { channel, frame },
      ),
    close,
  };
}
