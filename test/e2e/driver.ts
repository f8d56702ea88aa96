/**
 * Starts the application for a test: build/app over the double. The spec sees a page, `evaluate` on the double,
 * and `close`.
 */
import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { until } from '#test/harness/process.ts';
import type { Double } from './double/electron.ts';
import type { HostOptions } from './double/host.ts';

export const APP = join(import.meta.dirname, '../../build/app');

export const CHROMIUM = '/usr/bin/chromium';

export interface AppOptions {
  readonly socket: string;
  /** The folder of the bundle; default build/app. */
  readonly app?: string;
  readonly colorScheme?: 'light' | 'dark';
  readonly locale?: string;
}

/** A function as text, and what it is given. */
type Evaluate = (source: string, argument: unknown) => Promise<unknown>;

type Answer = { readonly id: number; readonly ok: boolean; readonly value: unknown };

export class RunningApp implements AsyncDisposable {
  readonly page: Page;
  /** Errors of the page: exceptions, and what the console calls an error. */
  readonly complaints: string[] = [];
  readonly #evaluate: Evaluate;
  readonly #close: () => Promise<void>;

  private constructor(page: Page, evaluate: Evaluate, close: () => Promise<void>) {
    this.page = page;
    this.#evaluate = evaluate;
    this.#close = close;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async start(options: AppOptions): Promise<RunningApp> {
    if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: bash scripts/setup.sh --with-lab`);
    const directory = await mkdtemp(join(tmpdir(), 'adit-app-'));
    const given: HostOptions = {
      main: join(options.app ?? APP, 'main.js'),
      chromium: CHROMIUM,
      directory,
      switches: { socket: options.socket },
      colorScheme: options.colorScheme ?? 'light',
      locale: options.locale ?? 'en-GB',
    };
    const host = fork(join(import.meta.dirname, 'double/host.ts'), [JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Nobody can be asked for a tray: what a desktop of this machine may have is not the test's.
      env: {
        ...process.env,
        DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus',
        XDG_RUNTIME_DIR: directory,
      },
    });
    let output = '';
    for (const stream of [host.stdout, host.stderr])
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const waiting = new Map<number, PromiseWithResolvers<unknown>>();
    const ended = new Promise<void>((resolve) => host.once('exit', () => resolve()));
    host.once('exit', (code) => {
      for (const { reject } of waiting.values())
        reject(new Error(`the double ended with ${code}:\n${output}`));
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
      browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
      const page = browser.contexts()[0]?.pages()[0];
      if (!page) throw new Error('Chromium has no page');
      const app = new RunningApp(
        page,
        (source, argument) => {
          const answer = answerTo(++last);
          host.send({ id: last, source, argument });
          return answer;
        },
        close,
      );
      page.setDefaultTimeout(8_000);
      // This second connection brings its own idea of the colours.
      await page.emulateMedia({ colorScheme: given.colorScheme });
      await page.locator('#root > *').first().waitFor({ timeout: 8_000 });
      return app;
    } catch (error) {
      await close();
      throw error instanceof Error ? new Error(`${error.message}\n${output}`, { cause: error }) : error;
    }
  }

  /** Runs `ask` in the main process; it is sent as text and sees nothing of the test but `argument`. */
  async evaluate<R, A = undefined>(
    ask: (double: Double, argument: A) => R,
    argument?: A,
  ): Promise<Awaited<R>> {
    return (await this.#evaluate(String(ask), argument)) as Awaited<R>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
