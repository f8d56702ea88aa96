/** `webContents` over a page of headless Chromium: the preload in an isolated world, IPC over a binding, our scheme, guards. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { BrowserContext, CDPSession, Page, Route } from 'playwright-core';
import { pageScript, preloadScript } from './worlds.ts';

type Serve = (request: Request) => Response | Promise<Response>;
type Invoke = (event: unknown, ...given: unknown[]) => unknown;

/** What the parts of one double share. */
export interface Wiring {
  readonly context: BrowserContext;
  readonly schemes: Map<string, Serve>;
  readonly handlers: Map<string, Invoke>;
  /** What went out of the application, for tests. */
  readonly log: { kind: string; data: unknown }[];
}

/** Chromium refuses unknown schemes, so `adit://app` travels as a host that no network has. */
const HOST = /^https:\/\/([\w.-]+)\.([a-z]+)\.double(?=\/|$)/;
export const outside = (url: string): string =>
  url.replace(/^([a-z]+):\/\/([\w.-]+)/, 'https://$2.$1.double');
export const inside = (url: string): string => url.replace(HOST, '$2://$1');

const WORLD = 'preload';

export class Contents extends EventEmitter {
  readonly #wiring: Wiring;
  readonly #tag = `double${Math.floor(Math.random() * 1e9)}`;
  #page: Page | undefined;
  #cdp: CDPSession | undefined;
  #world: number | undefined;
  #open: ((details: { url: string }) => { action: string }) | undefined;

  constructor(wiring: Wiring) {
    super();
    this.#wiring = wiring;
  }

  get page(): Page {
    if (!this.#page) throw new Error('double: the window has no page yet');
    return this.#page;
  }

  getURL(): string {
    return inside(this.page.url());
  }

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.#open = handler;
  }

  send(channel: string, value: unknown): void {
    if (this.#world !== undefined) this.#deliver({ kind: 'event', channel, value: structuredClone(value) });
  }

  async attach(page: Page, preload: string | undefined): Promise<void> {
    this.#page = page;
    const cdp = await this.#wiring.context.newCDPSession(page);
    this.#cdp = cdp;
    await cdp.send('Page.enable');
    await cdp.send('Runtime.enable');
    await cdp.send('Runtime.addBinding', { name: `${this.#tag}_out`, executionContextName: WORLD });
    cdp.on('Runtime.bindingCalled', ({ executionContextId, payload }) => {
      void this.#receive(executionContextId, payload);
    });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: pageScript(this.#tag) });
    const source = preloadScript(this.#tag, preload === undefined ? '' : readFileSync(preload, 'utf8'));
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source, worldName: WORLD });
    page.on('popup', (popup) => {
      const action = this.#open?.({ url: popup.url() }).action ?? 'allow';
      this.#wiring.log.push({ kind: 'window-open', data: action });
      if (action === 'deny') void popup.close();
    });
    await page.route('**/*', (route) => this.#route(route));
  }

  /** No network: our schemes, or nothing. Navigations ask the guards first, as Electron does. */
  async #route(route: Route): Promise<void> {
    const request = route.request();
    const url = inside(request.url());
    const leaves =
      request.isNavigationRequest() && this.page.url() !== 'about:blank' && url !== this.getURL();
    if (leaves) {
      let stopped = false;
      this.emit('will-navigate', { url, preventDefault: () => (stopped = true) });
      this.#wiring.log.push({ kind: 'navigation', data: { url, stopped } });
      if (stopped) return route.abort('aborted');
    }
    const serve = this.#wiring.schemes.get(new URL(url).protocol.slice(0, -1));
    if (!serve) {
      this.#wiring.log.push({ kind: 'request', data: url });
      return route.abort('addressunreachable');
    }
    const response = await serve(new Request(url, { method: request.method() }));
    return route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  }

  async #receive(world: number, payload: string): Promise<void> {
    const message = JSON.parse(payload) as { kind: string; id: number; channel: string; given: unknown[] };
    if (message.kind === 'hello') {
      this.#world = world;
      return;
    }
    const { id, channel, given } = message;
    const url = this.getURL();
    const event = {
      sender: this,
      senderFrame: { url, origin: url.split('/').slice(0, 3).join('/'), parent: null },
    };
    try {
      const handler = this.#wiring.handlers.get(channel);
      if (!handler) throw new Error(`no handler for ${channel}`);
      const value: unknown = structuredClone(await handler(event, ...given));
      this.#deliver({ kind: 'answer', id, ok: true, value });
    } catch (error) {
      this.#deliver({ kind: 'answer', id, ok: false, value: `${channel}: ${String(error)}` });
    }
  }

  #deliver(message: unknown): void {
    const expression = `${this.#tag}_in(${JSON.stringify(message)})`;
    // A page that is gone hears nothing.
    this.#cdp?.send('Runtime.evaluate', { expression, contextId: this.#world ?? 0 }).catch(() => undefined);
  }
}
