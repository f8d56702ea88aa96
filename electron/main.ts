/**
 * The main process: wiring only. It holds the connection to the helper, the window, the tray and the notifications; it
 * holds no secret and decides nothing about tunnels. Quitting it leaves every tunnel as it is, unless the person says
 * otherwise.
 *
 *     adit-ui [--socket=PATH] [--hidden]
 */
import { join } from 'node:path';
import { app, clipboard, dialog, ipcMain, Menu, nativeTheme, protocol, session } from 'electron';
import type { CallName, Params, Result } from '#core/ipc/contract.ts';
import { chooseLanguage } from '#core/text/languages.ts';
import { aboutThis } from './about.ts';
import { ORIGIN, SCHEME, serve } from './app-protocol.ts';
import { autostart } from './autostart.ts';
import { answer } from './bridge.ts';
import {
  type AppState,
  type BridgeEvent,
  CHANNELS,
  missingKey,
  type SavedFile,
  type ShownSettings,
  type TrayHost,
  type Wanted,
} from './bridge-contract.ts';
import { denyPermissions, guardContents, isOurPage } from './guards.ts';
import { HelperClient } from './helper-client.ts';
import { MainWindow, preloadIn } from './main-window.ts';
import { LogFeed } from './log-feed.ts';
import { News } from './notification-model.ts';
import { Notifications } from './notifications.ts';
import { type Ask, decideLeaving, disconnectAll } from './quitting.ts';
import { canRepair, commandByHand, repair } from './repair.ts';
import { saveFile } from './save.ts';
import { readSaved, type Saved, writeSaved } from './saved.ts';
import type { SettingsChange } from './settings.ts';
import { isActive, type TrayAction, trayModel } from './tray-model.ts';
import { trayHost } from './tray-host.ts';
import { TrayView } from './tray.ts';
import { Unsaved } from './unsaved.ts';
import { type Words, WORDS } from './words.ts';

const DEFAULT_SOCKET = '/run/adit/aditd.sock';

const here = import.meta.dirname;
const socket = app.commandLine.getSwitchValue('socket') || DEFAULT_SOCKET;
const wantsHidden = app.commandLine.hasSwitch('hidden');

protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }]);
guardContents(app);
if (app.requestSingleInstanceLock()) void app.whenReady().then(start);
else app.quit();

async function start(): Promise<void> {
  const savedFile = join(app.getPath('userData'), 'interface.json');
  let saved = readSaved(savedFile);
  const news = new News();
  let connectAtStart = saved.settings.connectAtStart;
  /** Until the page knows. */
  let wanted: Wanted | undefined;
  let pageListens = false;
  const login = autostart(app.getPath('appData'), [
    process.execPath,
    // From a clone, Electron's own binary is told what to open.
    ...(app.isPackaged ? [] : [app.getAppPath()]),
  ]);
  let host: TrayHost = await trayHost();
  nativeTheme.themeSource = saved.settings.theme;

  const helper = new HelperClient({
    socket,
    client: `adit-ui ${app.getVersion()}`,
    onChange(what) {
      tray.show(model());
      main.send(eventOf(what));
      if (what === 'link') connectOnce();
      if (what !== 'status') return;
      if (news.asks(helper.status)) main.open();
      const notice = news.hear(helper.status, words());
      if (notice && !main.window.isFocused()) notifications.show(notice, saved.settings.mute);
    },
    onLog: (news) => logs.hear(news),
  });
  const model = () => {
    const { link, status, profiles } = helper;
    return trayModel({ link, status, profiles, mute: saved.settings.mute, words: words() });
  };

  denyPermissions(session.defaultSession);
  protocol.handle(SCHEME, (request) => serve(join(here, 'renderer'), request));
  Menu.setApplicationMenu(null);

  const main = new MainWindow({
    preload: preloadIn(here),
    icon: join(here, 'icon.png'),
    bounds: saved.window,
    // Hidden into a tray that is not there, the application would be invisible.
    hidden: wantsHidden && host === 'present',
    async trayHost() {
      host = await trayHost();
      return host;
    },
    mayClose: () => unsaved.mayGo(),
    onClosing: (window) => keep({ ...saved, window }),
    onHidden: () => logs.setSeen(false),
    onShown() {
      // Whoever looks at the window needs no toast.
      notifications.clear();
      logs.setSeen(true);
      for (const what of ['link', 'status', 'profiles', 'settings'] as const) main.send(eventOf(what));
      tellWanted();
    },
  });
  const logs = new LogFeed({
    follow: (on) => helper.followLog(on),
    send: (batch) => main.send(batch),
  });
  const unsaved = new Unsaved({
    ask: askPerson,
    words,
    open: () => main.open(),
    tell: (wish) => main.send({ topic: 'unsaved', wish }),
    setTimer(ms, then) {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
  });
  const notifications = new Notifications(() => main.open());
  const tray = new TrayView(join(here, 'tray'), model(), act);

  app.on('second-instance', () => main.open());
  app.on('activate', () => main.open());
  app.on('before-quit', (event) => {
    if (unsaved.isThere) {
      event.preventDefault();
      void quit();
      return;
    }
    main.quitting = true;
    helper.stop();
  });

  ipcMain.handle(CHANNELS.call, (event, name: unknown, params: unknown) => {
    if (!isOurPage(event)) throw new Error(`only ${ORIGIN} may ask`);
    const services = {
      helper: { call, reconnect: () => helper.reconnect() },
      state,
      repair: () => repair(),
      copy: (text: string) => clipboard.writeText(text),
      save: (file: SavedFile) => saveFile(file, askWhere),
      setSettings,
      followLog: (on: boolean) => logs.setWanted(on),
      about: () => aboutThis(here, app.getVersion()),
      unsaved: (isThere: boolean) => unsaved.hear(isThere),
      quit: () => void leave(),
    };
    return answer(services, name, params);
  });

  void helper.run();

  function words(): Words {
    const { language } = saved.settings;
    return WORDS[language === 'system' ? chooseLanguage(app.getPreferredSystemLanguages()) : language];
  }

  function state(): AppState {
    // A page that begins anew shows no log yet, and holds nothing that was typed.
    void logs.setWanted(false);
    unsaved.hear(false);
    pageListens = true;
    const untold = wanted;
    wanted = undefined;
    const { link, status, profiles } = helper;
    return {
      wanted: untold,
      link,
      status,
      profiles,
      canRepair: canRepair(),
      commandByHand: commandByHand({
        isPackaged: app.isPackaged,
        appPath: app.getAppPath(),
        resourcesPath: process.resourcesPath,
      }),
      version: app.getVersion(),
      settings: settings(),
      trayHost: host,
    };
  }

  function eventOf(what: 'link' | 'status' | 'profiles' | 'settings'): BridgeEvent {
    if (what === 'link') return { topic: 'link', link: helper.link };
    if (what === 'status') return { topic: 'status', status: helper.status };
    if (what === 'settings') return { topic: 'settings', settings: settings(), trayHost: host };
    return { topic: 'profiles', profiles: helper.profiles };
  }

  function keep(now: Saved): void {
    saved = now;
    writeSaved(savedFile, saved);
  }

  async function askWhere(suggested: string): Promise<string | undefined> {
    const { canceled, filePath } = await dialog.showSaveDialog(main.window, {
      defaultPath: suggested,
      properties: ['createDirectory', 'showOverwriteConfirmation'],
    });
    return canceled ? undefined : filePath;
  }

  const settings = (): ShownSettings => ({ ...saved.settings, startAtLogin: login.isOn() });

  function setSettings({ startAtLogin, ...change }: SettingsChange): ShownSettings {
    const next = { ...saved.settings, ...change };
    // The entry says how to start: it follows both settings.
    if (startAtLogin !== undefined || (change.startHidden !== undefined && login.isOn()))
      login.set(startAtLogin ?? true, { hidden: next.startHidden });
    keep({ ...saved, settings: next });
    nativeTheme.themeSource = next.theme;
    tray.show(model());
    main.send(eventOf('settings'));
    return settings();
  }

  function act(action: TrayAction): void {
    switch (action.do) {
      case 'open':
        main.open();
        break;
      case 'connect':
        connect(action.profile);
        break;
      case 'disconnect':
        call('tunnel.down', { id: action.profile }).catch(explaining(action.profile));
        break;
      case 'lockdown-off':
        call('lockdown.set', { on: false }).catch(explaining());
        break;
      case 'toggle-mute':
        setSettings({ mute: !saved.settings.mute });
        break;
      case 'disconnect-and-quit':
        void quit(goDown);
        break;
      case 'quit':
        void quit();
        break;
    }
  }

  /** Keys must be there before the call, so only the window can ask for them; for the rest the helper asks. */
  function connect(profile: string): void {
    const summary = helper.profiles.find(({ id }) => id === profile);
    if (summary && missingKey(summary)) bring({ profile });
    else helper.call('tunnel.up', { id: profile }).catch(explaining(profile));
  }

  /** What went wrong outside of the window is said in it. */
  const explaining =
    (profile?: string) =>
    (error: unknown): void =>
      bring({
        ...(profile === undefined ? {} : { profile }),
        problem: error instanceof Error ? error.message : String(error),
      });

  function bring(what: Wanted): void {
    wanted = what;
    main.open();
    tellWanted();
  }

  function tellWanted(): void {
    if (wanted && pageListens && main.send({ topic: 'wanted', ...wanted })) wanted = undefined;
  }

  /** The profile of the settings, as soon as there is a helper: once a start, and not where it is up already. */
  function connectOnce(): void {
    const profile = connectAtStart;
    if (profile === null || helper.link.state !== 'up') return;
    connectAtStart = null;
    const isUp = helper.status?.tunnels.some((tunnel) => tunnel.profile.id === profile && isActive(tunnel));
    if (!isUp && helper.profiles.some(({ id }) => id === profile)) connect(profile);
  }

  async function call<C extends CallName>(name: C, params: Params<C>): Promise<Result<C>> {
    const takeBack = expect(name, params);
    try {
      return await helper.call(name, params);
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  /** What the person does here is no news to them, unless the helper would not do it: then what is returned is called. */
  function expect(name: CallName, params: unknown): () => void {
    if (name === 'tunnel.down') {
      const { id } = params as Params<'tunnel.down'>;
      news.ends(id);
      return () => news.stays(id);
    }
    if (name === 'lockdown.set' && !(params as Params<'lockdown.set'>).on) {
      news.unlocks(true);
      return () => news.unlocks(false);
    }
    return () => {};
  }

  const anyActive = (): boolean => helper.status?.tunnels.some(isActive) ?? false;
  const goDown = (): Promise<void> => disconnectAll(() => call('tunnel.down', {}), anyActive);

  /** Ends the application, unless there is something to lose and the person stays. */
  async function quit(first: () => Promise<void> = async () => {}): Promise<void> {
    if (!(await unsaved.mayGo())) return;
    await first();
    app.quit();
  }

  async function leave(): Promise<void> {
    if (!(await unsaved.mayGo())) return;
    const leaving = await decideLeaving(
      saved.settings,
      anyActive(),
      words(),
      askPerson,
      helper.status?.lockdown?.on,
    );
    if (leaving !== 'stay') await quit(leaving === 'disconnect' ? goDown : undefined);
  }

  async function askPerson({ message, detail, buttons, cancel }: Parameters<Ask>[0]): Promise<number> {
    const { response } = await dialog.showMessageBox(main.window, {
      type: 'question',
      message,
      detail,
      buttons: [...buttons],
      defaultId: 0,
      cancelId: cancel,
      noLink: true,
    });
    return response;
  }
}
