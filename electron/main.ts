/**
 * The main process: wiring only. It holds the connection to the helper, the window, the tray and the notifications; it
 * holds no secret and decides nothing about tunnels. Quitting it leaves every tunnel as it is.
 *
 *     adit-ui [--socket=PATH] [--hidden]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { app, BrowserWindow, clipboard, ipcMain, Menu, protocol, screen, session } from 'electron';
import { chooseLanguage } from '#core/text/languages.ts';
import { ORIGIN, SCHEME, serve, START_PAGE } from './app-protocol.ts';
import { answer } from './bridge.ts';
import { type AppState, type BridgeEvent, CHANNELS } from './bridge-contract.ts';
import { denyPermissions, guardContents, isOurPage } from './guards.ts';
import { HelperClient } from './helper-client.ts';
import { noticeOf } from './notification-model.ts';
import { Notifications } from './notifications.ts';
import { canRepair, repair } from './repair.ts';
import { MIN_SIZE, onScreen, readSaved, writeSaved } from './saved.ts';
import { isActive, type TrayAction, trayModel } from './tray-model.ts';
import { TrayView } from './tray.ts';
import { WORDS } from './words.ts';

const DEFAULT_SOCKET = '/run/adit/aditd.sock';

/** Longest wait for tunnels to end before quitting. */
const DISCONNECT_WITHIN_MS = 5_000;

const here = import.meta.dirname;
const socket = app.commandLine.getSwitchValue('socket') || DEFAULT_SOCKET;

protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }]);
guardContents(app);
if (app.requestSingleInstanceLock()) void app.whenReady().then(start);
else app.quit();

function start(): void {
  const savedFile = join(app.getPath('userData'), 'interface.json');
  let saved = readSaved(savedFile);
  let quitting = false;
  let shownStatus: HelperClient['status'];
  const words = WORDS[chooseLanguage(app.getPreferredSystemLanguages())];

  const helper = new HelperClient({
    socket,
    client: `adit-ui ${app.getVersion()}`,
    onChange(what) {
      tray.show(model());
      send(eventOf(what));
      if (what !== 'status') return;
      const notice = noticeOf(shownStatus, helper.status, { mute: saved.mute, words });
      shownStatus = helper.status;
      if (notice && !window.isFocused()) notifications.show(notice);
    },
  });
  const model = () => {
    const { link, status, profiles } = helper;
    return trayModel({ link, status, profiles, mute: saved.mute, words });
  };

  denyPermissions(session.defaultSession);
  protocol.handle(SCHEME, (request) => serve(join(here, 'renderer'), request));
  Menu.setApplicationMenu(null);

  const window = new BrowserWindow({
    ...onScreen(
      saved.window,
      screen.getAllDisplays().map(({ workArea }) => workArea),
    ),
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'Adit',
    show: false,
    webPreferences: {
      preload: join(here, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  const notifications = new Notifications(() => open());
  const tray = new TrayView(join(here, 'tray'), model(), act);

  window.once('ready-to-show', () => {
    if (!app.commandLine.hasSwitch('hidden')) window.show();
  });
  window.on('close', (event) => {
    saved = { ...saved, window: window.getNormalBounds() };
    writeSaved(savedFile, saved);
    if (quitting) return;
    // The tunnel lives on, and so does the tray that tells of it.
    event.preventDefault();
    window.hide();
  });
  window.on('show', () => {
    for (const what of ['link', 'status', 'profiles'] as const) send(eventOf(what));
  });
  window.on('focus', () => void helper.refreshProfiles().catch(() => undefined));
  app.on('second-instance', () => open());
  app.on('activate', () => open());
  app.on('before-quit', () => {
    quitting = true;
    helper.stop();
  });

  ipcMain.handle(CHANNELS.call, (event, name: unknown, params: unknown) => {
    if (!isOurPage(event)) throw new Error(`only ${ORIGIN} may ask`);
    return answer({ helper, state, repair, copy: (text) => clipboard.writeText(text) }, name, params);
  });

  void helper.run();
  void window.loadURL(START_PAGE);

  function state(): AppState {
    const { link, status, profiles } = helper;
    return { link, status, profiles, canRepair: canRepair(), version: app.getVersion() };
  }

  function eventOf(what: 'link' | 'status' | 'profiles'): BridgeEvent {
    if (what === 'link') return { topic: 'link', link: helper.link };
    if (what === 'status') return { topic: 'status', status: helper.status };
    return { topic: 'profiles', profiles: helper.profiles };
  }

  /** A window that nobody sees is told nothing; it is told all when it is shown. */
  function send(event: BridgeEvent): void {
    if (!window.isDestroyed() && window.isVisible()) window.webContents.send(CHANNELS.event, event);
  }

  function open(): void {
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  function act(action: TrayAction): void {
    switch (action.do) {
      case 'open':
        open();
        break;
      case 'connect':
        connect(action.profile);
        break;
      case 'disconnect':
        void helper.call('tunnel.down', { id: action.profile }).catch(open);
        break;
      case 'toggle-mute':
        saved = { ...saved, mute: !saved.mute };
        writeSaved(savedFile, saved);
        tray.show(model());
        break;
      case 'disconnect-and-quit':
        void disconnectAll().finally(() => app.quit());
        break;
      case 'quit':
        app.quit();
        break;
    }
  }

  /** Where a secret is missing only the window can ask for it. */
  function connect(profile: string): void {
    const missing = helper.profiles.find(({ id }) => id === profile)?.missingSecrets ?? [];
    if (missing.length > 0) open();
    else void helper.call('tunnel.up', { id: profile }).catch(open);
  }

  const anyActive = (): boolean => helper.status?.tunnels.some(isActive) ?? false;

  async function disconnectAll(): Promise<void> {
    await helper.call('tunnel.down', {}).catch(() => undefined);
    for (let left = DISCONNECT_WITHIN_MS; anyActive() && left > 0; left -= 100) await sleep(100);
  }
}
