/**
 * The one window: where it was, when it shows, what closing means. Closing never ends a tunnel and never makes the
 * application unreachable: it hides into the tray where there is one, and is minimised where there is none.
 */
import { join } from 'node:path';
import { BrowserWindow, screen } from 'electron';
import { START_PAGE } from './app-protocol.ts';
import { type BridgeEvent, CHANNELS, type TrayHost } from './bridge-contract.ts';
import { type Bounds, MIN_SIZE, onScreen } from './saved.ts';

export interface MainWindowOptions {
  readonly preload: string;
  /** A PNG, for desktops that ask the window and not the package. */
  readonly icon: string;
  readonly bounds: Bounds;
  readonly hidden: boolean;
  /** Asked before the window goes away. */
  readonly trayHost: () => Promise<TrayHost>;
  /** False where the person stays: something is not saved. */
  readonly mayClose: () => Promise<boolean>;
  readonly onClosing: (bounds: Bounds) => void;
  /** It is in sight again after a time in which it was told nothing. */
  readonly onShown: () => void;
  /** Nobody sees it from now on. */
  readonly onHidden: () => void;
}

export class MainWindow {
  /** From now on closing means closing. */
  quitting = false;
  readonly window: BrowserWindow;

  constructor(options: MainWindowOptions) {
    const { preload, icon, bounds, hidden, trayHost, mayClose, onClosing, onShown, onHidden } = options;
    const areas = screen.getAllDisplays().map(({ workArea }) => workArea);
    const window = new BrowserWindow({
      ...onScreen(bounds, areas),
      minWidth: MIN_SIZE.width,
      minHeight: MIN_SIZE.height,
      title: 'Adit',
      icon,
      show: false,
      webPreferences: {
        preload,
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
      },
    });
    this.window = window;
    window.once('ready-to-show', () => {
      if (!hidden) window.show();
    });
    const goAway = async (): Promise<void> => {
      if (!(await mayClose())) return;
      if ((await trayHost()) === 'present') window.hide();
      else window.minimize();
    };
    window.on('close', (event) => {
      onClosing(window.getNormalBounds());
      if (this.quitting) return;
      event.preventDefault();
      void goAway();
    });
    window.on('show', onShown);
    window.on('restore', onShown);
    window.on('hide', onHidden);
    window.on('minimize', onHidden);
    void window.loadURL(START_PAGE);
  }

  /** A window that nobody sees is told nothing; it is told all when it is shown. Whether it was told. */
  send(event: BridgeEvent): boolean {
    const { window } = this;
    if (window.isDestroyed() || !window.isVisible() || window.isMinimized()) return false;
    window.webContents.send(CHANNELS.event, event);
    return true;
  }

  open(): void {
    const { window } = this;
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }
}

/** Where the bundle has the preload script. */
export const preloadIn = (folder: string): string => join(folder, 'preload.cjs');
