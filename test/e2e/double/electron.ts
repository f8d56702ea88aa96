/**
 * The parts of the module `electron` that our main process uses, over headless Chromium. Typed against electron.d.ts
 * (conformance at the end), strict: whatever is not here throws by name instead of being silently undefined.
 * host.ts makes one and lets the production bundle import it.
 */
import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as Electron from 'electron';
import { Contents, outside, type Wiring } from './contents.ts';

export interface DoubleOptions extends Wiring {
  readonly userData: string;
  /** Installed, not from a clone. */
  readonly isPackaged: boolean;
  readonly appPath: string;
  readonly switches: Readonly<Record<string, string>>;
  readonly locale: string;
}

const strict = <T extends object>(name: string, target: T): T =>
  new Proxy(target, {
    get(object, key) {
      if (key in object || typeof key === 'symbol' || key === 'then') {
        const value: unknown = Reflect.get(object, key, object);
        return typeof value === 'function' && !isClass(value) ? value.bind(object) : value;
      }
      throw new Error(`double: electron’s ${name}.${key} is not there`);
    },
  });

const isClass = (value: object): boolean => /^class\b/.test(Function.prototype.toString.call(value));

export function createElectron(options: DoubleOptions) {
  const { context, schemes, handlers, log, switches } = options;
  mkdirSync(options.userData, { recursive: true });
  const windows: Window[] = [];
  const ready = Promise.withResolvers<void>();
  let isReady = false;

  class Window extends EventEmitter {
    readonly webContents = new Contents(options);
    readonly #options: Electron.BrowserWindowConstructorOptions;
    readonly #attached: Promise<void>;
    #visible: boolean;
    #destroyed = false;

    constructor(given: Electron.BrowserWindowConstructorOptions) {
      super();
      const { contextIsolation, sandbox, nodeIntegration, webSecurity, preload } = given.webPreferences ?? {};
      if (
        contextIsolation === false ||
        sandbox === false ||
        nodeIntegration === true ||
        webSecurity === false
      )
        throw new Error('double: webPreferences that open the page to the system are refused');
      this.#options = given;
      this.#visible = given.show !== false;
      windows.push(this);
      app.emit('web-contents-created', {}, this.webContents);
      this.#attached = this.#attach(preload);
    }

    async #attach(preload: string | undefined): Promise<void> {
      const page = context.pages()[0] ?? (await context.newPage());
      await this.webContents.attach(page, preload);
      await page.setViewportSize({ width: this.#options.width ?? 800, height: this.#options.height ?? 600 });
    }

    async loadURL(url: string): Promise<void> {
      await this.#attached;
      await this.webContents.page.goto(outside(url));
      this.emit('ready-to-show');
    }

    show(): void {
      this.#visible = true;
      this.emit('show');
    }
    hide(): void {
      this.#visible = false;
      this.emit('hide');
    }
    focus(): void {
      this.emit('focus');
    }
    isVisible = (): boolean => this.#visible;
    isFocused = (): boolean => this.#visible;
    #minimized = false;
    isMinimized = (): boolean => this.#minimized;
    minimize(): void {
      this.#minimized = true;
      this.emit('minimize');
    }
    restore(): void {
      this.#minimized = false;
      this.emit('restore');
    }
    isDestroyed = (): boolean => this.#destroyed;
    getNormalBounds = () => ({
      x: 0,
      y: 0,
      width: this.#options.width ?? 800,
      height: this.#options.height ?? 600,
    });

    close(): void {
      let kept = false;
      this.emit('close', { preventDefault: () => (kept = true) });
      if (!kept) this.#destroyed = true;
    }
  }

  const app = Object.assign(new EventEmitter(), {
    whenReady: () => ready.promise,
    getVersion: () => '0.1.0',
    isPackaged: options.isPackaged,
    getAppPath: () => options.appPath,
    getPreferredSystemLanguages: () => [options.locale],
    getPath: (name: string) => join(options.userData, name),
    requestSingleInstanceLock: () => true,
    commandLine: {
      getSwitchValue: (name: string) => switches[name] ?? '',
      hasSwitch: (name: string) => name in switches,
    },
    quit(): void {
      let stays = false;
      app.emit('before-quit', { preventDefault: () => (stays = true) });
      if (stays) return;
      for (const window of windows) window.close();
      if (!windows.every((window) => window.isDestroyed())) return;
      log.push({ kind: 'quit', data: null });
      app.emit('will-quit', {});
      app.emit('quit', {});
    },
  });

  const trays: DoubleTray[] = [];
  class DoubleTray extends EventEmitter {
    tooltip = '';
    menu: Electron.MenuItemConstructorOptions[] = [];
    image: { path: string };
    constructor(image: { path: string }) {
      super();
      this.image = image;
      trays.push(this);
    }
    setImage(image: { path: string }): void {
      this.image = image;
    }
    setToolTip(text: string): void {
      this.tooltip = text;
    }
    setContextMenu(menu: { items: Electron.MenuItemConstructorOptions[] }): void {
      this.menu = menu.items;
    }
    destroy(): void {
      trays.splice(trays.indexOf(this), 1);
    }
  }

  /** In sight. */
  const toasts: DoubleNotification[] = [];
  class DoubleNotification extends EventEmitter {
    static isSupported = (): boolean => true;
    readonly #given: Electron.NotificationConstructorOptions;
    constructor(given: Electron.NotificationConstructorOptions) {
      super();
      this.#given = given;
    }
    show(): void {
      log.push({ kind: 'notification', data: this.#given });
      toasts.push(this);
    }
    close(): void {
      toasts.splice(toasts.indexOf(this), 1);
    }
    get text(): string {
      return `${this.#given.title}: ${this.#given.body}`;
    }
  }

  const answers = { question: 0, saveTo: undefined as string | undefined };
  const permissions = { request: undefined as unknown, check: undefined as unknown };
  const module = {
    app: strict('app', app),
    BrowserWindow: Window,
    clipboard: strict('clipboard', {
      writeText: async (text: string): Promise<void> => void log.push({ kind: 'clipboard', data: text }),
    }),
    dialog: strict('dialog', {
      /** A person who presses the first button, unless the test says another. */
      async showMessageBox(_window: unknown, question: Electron.MessageBoxOptions) {
        log.push({ kind: 'question', data: question });
        return { response: answers.question, checkboxChecked: false };
      },
      /** A person who cancels, unless the test says where to. */
      async showSaveDialog(_window: unknown, asked: Electron.SaveDialogOptions) {
        log.push({ kind: 'save', data: asked });
        return { canceled: answers.saveTo === undefined, filePath: answers.saveTo ?? '' };
      },
    }),
    ipcMain: strict('ipcMain', {
      handle(channel: string, handler: (event: never, ...given: never[]) => unknown): void {
        handlers.set(channel, handler as never);
      },
    }),
    Menu: strict('Menu', {
      setApplicationMenu: (_menu: null): void => {},
      buildFromTemplate: (items: Electron.MenuItemConstructorOptions[]) => ({ items }),
    }),
    nativeImage: strict('nativeImage', { createFromPath: (path: string) => ({ path }) }),
    nativeTheme: strict(
      'nativeTheme',
      Object.assign(new EventEmitter(), {
        shouldUseDarkColors: false,
        themeSource: 'system',
      }),
    ),
    Notification: DoubleNotification,
    protocol: strict('protocol', {
      registerSchemesAsPrivileged(list: Electron.CustomScheme[]): void {
        if (isReady) throw new Error('double: schemes are registered before the application is ready');
        for (const { scheme } of list) schemes.set(scheme, () => new Response(null, { status: 404 }));
      },
      handle(scheme: string, serve: (request: Request) => Response | Promise<Response>): void {
        schemes.set(scheme, serve);
      },
    }),
    screen: strict('screen', {
      getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
    }),
    session: strict('session', {
      defaultSession: strict('session.defaultSession', {
        setPermissionRequestHandler: (handler: unknown): void => void (permissions.request = handler),
        setPermissionCheckHandler: (handler: unknown): void => void (permissions.check = handler),
      }),
    }),
    Tray: DoubleTray,
  };
  return {
    module,
    /** What tests look at and touch beside the page. */
    windows,
    trays,
    toasts,
    log,
    permissions,
    /** What the person answers where the system asks. */
    answers,
    /** What a frame of another origin, or one inside of ours, gets for a call: the text of the refusal, or undefined. */
    callFrom: async (
      channel: string,
      senderFrame: object | null,
      given: unknown[],
    ): Promise<string | undefined> => {
      try {
        await handlers.get(channel)?.({ sender: windows[0]?.webContents, senderFrame }, ...given);
        return undefined;
      } catch (error) {
        return String(error);
      }
    },
    /** What our scheme answers. */
    fetch: async (url: string): Promise<Response> => {
      const serve = schemes.get(new URL(url).protocol.slice(0, -1));
      if (!serve) throw new Error(`double: nobody handles ${url}`);
      return await serve(new Request(url));
    },
    become: {
      ready(): void {
        isReady = true;
        ready.resolve();
      },
    },
  };
}

export type Double = ReturnType<typeof createElectron>;

/** Names and signatures as Electron has them: a new Electron that differs breaks the type check here. */
type Same<Ours, Theirs> = {
  readonly [K in keyof Ours & keyof Theirs]: Ours[K] extends Theirs[K] ? true : never;
};
type Unknown = Exclude<keyof Double['module'], keyof typeof Electron>;
export const conformance: {
  readonly unknown: [Unknown] extends [never] ? true : Unknown;
  readonly app: Same<
    Pick<Double['module']['app'], 'getVersion' | 'requestSingleInstanceLock' | 'quit'>,
    Electron.App
  >;
  readonly window: Same<
    Pick<
      InstanceType<Double['module']['BrowserWindow']>,
      'show' | 'hide' | 'isVisible' | 'close' | 'loadURL'
    >,
    Electron.BrowserWindow
  >;
  readonly tray: Same<Pick<InstanceType<Double['module']['Tray']>, 'setToolTip' | 'destroy'>, Electron.Tray>;
  readonly clipboard: Same<Double['module']['clipboard'], Electron.Clipboard>;
} = {
  unknown: true,
  app: { getVersion: true, requestSingleInstanceLock: true, quit: true },
  window: { show: true, hide: true, isVisible: true, close: true, loadURL: true },
  tray: { setToolTip: true, destroy: true },
  clipboard: { writeText: true },
};
