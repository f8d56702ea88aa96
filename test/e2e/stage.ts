/** The application with a helper that says what a scene wants: each scene is played from the beginning, in one page. */
import type { FakeEvent, Answers } from '#test/fakes/helper-server.ts';
import { FakeHelper, type FakePeer, Refusal } from '#test/fakes/helper-server.ts';
import type { LockdownStatus, ProfileSummary, Status, TunnelStatus } from '#core/ipc/contract.ts';
import type { Language } from '#core/text/languages.ts';
import { settingsSchema } from '#electron/settings.ts';
import { underLockdown } from '#renderer/features/tunnel/presentation.ts';
import { summary, UNLOCKED } from '#test/fakes/statuses.ts';
import { RunningApp } from './driver.ts';
import { DOCTOR, exportedWork, helperLog, INFO, WORK } from './fixtures.ts';
import { PROFILES, type Say, sayIn, type Scene } from './scenes.ts';

/** The desktop's tests and the smallest window that people use. */
export const WINDOW = { width: 380, height: 640 } as const;

const PREVIEW = [
  {
    outcome: 'refused',
    setting: 'connections.office.children.net.updown',
    value: '/bin/sh',
    reason: 'a profile never runs programs',
  },
  { outcome: 'missing', setting: 'psk', reason: 'the pre-shared key is not in the file' },
  { outcome: 'ignored', setting: 'connections.office.pull', value: 'yes', reason: 'it belongs to IKEv1' },
  { outcome: 'taken', setting: 'connections.office.remote_addrs', value: 'vpn.example.org' },
  { outcome: 'taken', setting: 'connections.office.local.id', value: 'alice@example.org' },
] as const;

const LOCKED = ['pkcs12Password', 'password'];

export class Stage {
  readonly app: RunningApp;
  readonly #helper: FakeHelper;
  readonly #told: Told;
  #isAlone = false;
  #language: Language = 'en';

  private constructor(helper: FakeHelper, app: RunningApp, told: Told) {
    this.#helper = helper;
    this.app = app;
    this.#told = told;
  }

  static async open(): Promise<Stage> {
    const told: Told = {
      peer: undefined,
      scene: undefined,
      profiles: PROFILES,
      lockdown: UNLOCKED,
      tunnels: [],
    };
    const helper = await FakeHelper.start({ answers: answersOf(told) });
    return new Stage(helper, await RunningApp.start({ socket: helper.path }), told);
  }

  async close(): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    if (!this.#isAlone) await this.#helper.stop();
  }

  /** The helper is gone, for good. */
  async endHelper(): Promise<void> {
    this.#isAlone = true;
    await this.#helper.stop();
  }

  /** To whoever listens now. */
  tell(event: FakeEvent): void {
    this.#told.peer?.sendEvent(event);
  }

  /** Lockdown is as the scene has it, or as it was switched since. */
  tellTunnels(...tunnels: readonly TunnelStatus[]): void {
    this.#told.tunnels = tunnels;
    this.tell({ topic: 'status', status: statusOf(this.#told) });
  }

  tellLockdown(lockdown: LockdownStatus): void {
    this.#told.lockdown = lockdown;
    this.tell({ topic: 'status', status: statusOf(this.#told) });
  }

  /** From the beginning to the scene's heading. Answers with the words of the language. */
  async play(scene: Scene, language: Language = 'en'): Promise<Say> {
    const { page } = this.app;
    const say = sayIn(language);
    await page.setViewportSize(scene.window ?? WINDOW);
    const profiles = scene.profiles ?? PROFILES;
    const gone = this.#told.profiles.filter(({ id }) => !profiles.some((one) => one.id === id));
    const lockdown = scene.lockdown === undefined ? UNLOCKED : scene.lockdown;
    Object.assign(this.#told, { scene, profiles, lockdown });
    this.tell({ topic: 'profiles', changed: [...profiles], removed: gone.map(({ id }) => id) });
    const tunnel = scene.tunnel?.();
    this.tellTunnels(...(tunnel ? [tunnel] : []));
    if (language !== this.#language) await this.#speak(language);
    await page.reload();
    if (profiles.length > 0) {
      const holds = lockdown?.on === true && lockdown.fault === null;
      const shown = underLockdown(tunnel?.state ?? 'disconnected', holds);
      await page.locator(`[data-state="${shown}"]`).waitFor();
      const name = profiles[0]?.name ?? '';
      await page.getByText(name, { exact: true }).first().waitFor();
    }
    if (scene.link) await this.app.window.send([{ topic: 'link', link: scene.link }]);
    if (scene.trayHost)
      await this.app.window.send([
        {
          topic: 'settings',
          settings: { ...settingsSchema.parse({ language }), startAtLogin: false },
          trayHost: scene.trayHost,
        },
      ]);
    await scene.go?.(page, say);
    await page.getByRole('heading', { name: scene.shows(say), exact: true }).waitFor();
    return say;
  }

  async #speak(language: Language): Promise<void> {
    await this.app.page.evaluate(async (chosen) => {
      const { adit } = globalThis as unknown as {
        adit: { call(name: string, params: object): Promise<unknown> };
      };
      await adit.call('app.settings.set', { language: chosen });
    }, language);
    this.#language = language;
  }
}

/** What the helper says now. */
interface Told {
  peer: FakePeer | undefined;
  scene: Scene | undefined;
  profiles: readonly ProfileSummary[];
  tunnels: readonly TunnelStatus[];
  /** Null from a helper that has none. */
  lockdown: LockdownStatus | null;
}

const statusOf = ({ tunnels, lockdown }: Told): Status => ({
  tunnels: [...tunnels],
  ...(lockdown ? { lockdown } : {}),
});

const answersOf = (told: Told): Answers => ({
  'events.subscribe': ({ topic }, from) => {
    told.peer = from;
    if (topic === 'log') {
      from.begin('log');
      return { sequence: 0, log: helperLog(120) };
    }
    return topic === 'profiles'
      ? { sequence: 0, profiles: [...told.profiles] }
      : { sequence: 0, status: statusOf(told) };
  },
  'events.unsubscribe': () => ({}),
  'helper.info': () => INFO,
  'doctor.run': () => DOCTOR,
  'profiles.get': ({ id }) => ({
    summary: told.profiles.find((one) => one.id === id) ?? summary(id),
    profile: WORK,
  }),
  'profiles.certificates': ({ id }) => ({
    certificates: id === 'work' ? [...(told.scene?.certificates ?? [])] : [],
  }),
  'profiles.export': ({ format }) => exportedWork(format),
  'profiles.import': ({ files }) => {
    const text = Buffer.from(files[0]?.content ?? '', 'base64').toString('latin1');
    if (text.includes('refuse'))
      throw new Refusal(
        'refused',
        'broken.conf: this is no profile that Adit knows. Adit imports its own JSON profiles and strongSwan’s swanctl.conf',
      );
    if (!text.includes('locked'))
      return {
        imported: [{ id: null, name: 'Head office', missingSecrets: ['psk'], report: [...PREVIEW] }],
      };
    const report = [
      ...LOCKED.map((setting) => ({ outcome: 'missing' as const, setting, reason: 'not in the file' })),
      { outcome: 'missing' as const, setting: 'user', reason: 'the user name is not in the file' },
      { outcome: 'taken' as const, setting: 'RemoteAddress', value: 'vpn.example.org' },
    ];
    return { imported: [{ id: null, name: 'Head \u202eeciffo\u0007', missingSecrets: LOCKED, report }] };
  },
  'lockdown.set': ({ on, lan }) => {
    told.lockdown = { ...UNLOCKED, on, lan: on && lan === true };
    return told.lockdown;
  },
  'tunnel.up': () => {
    throw new Refusal('busy', 'too many tunnels are up; take one down first');
  },
});
