/**
 * Every view in every state, light and dark, against a helper that says what the test wants: looked at by axe, and
 * drawn for a person to look at (docs/screenshots, rewritten with ADIT_SCREENSHOTS=1).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '#core/failure/failure.ts';
import type { ProfileSummary, TunnelStatus } from '#core/ipc/contract.ts';
import { FakeHelper, type FakePeer, Refusal } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { DOCTOR, helperLog, INFO, PROFILE } from './fixtures.ts';
import { RunningApp } from './driver.ts';
import { barriers, drop } from './page.ts';

const SCREENSHOTS = join(import.meta.dirname, '../../docs/screenshots');
const KEEP = process.env['ADIT_SCREENSHOTS'] === '1';

const LONG = 'Zweigniederlassung Süd-Südwest, Abteilung für Verwaltungsangelegenheiten und Gebäudemanagement';

/** By id, as the helper lists them: the one with the tunnel is the first. */
const PROFILES: readonly ProfileSummary[] = [
  summary('work', { name: 'Work', gateway: 'vpn.example.org' }),
  summary('work-2', {
    name: LONG,
    gateway: 'a-very-long-gateway-name.branch-office.corp.example.org',
    forAll: true,
  }),
  summary('work-3', { name: 'Lab', gateway: '2001:db8:2::1', missingSecrets: ['psk'], storedSecrets: [] }),
  ...Array.from({ length: 6 }, (_, at) =>
    summary(`work-site-${at}`, { name: `Site ${at + 1}`, gateway: `192.0.2.${10 + at}` }),
  ),
];

const REFUSED: Failure = {
  cause: 'no-proposal',
  protocol: 'IKE',
  saidBy: 'peer',
  wanted: ['aes256gcm16-prfsha384-ecp384', 'aes256-sha256-modp2048'],
  offered: [],
};

const since = (secondsAgo: number): string => new Date(Date.now() - secondsAgo * 1000).toISOString();
const ahead = (seconds: number): string => since(-seconds);

/** Times near to now, so that countdowns count. */
const connected = (): TunnelStatus => ({
  ...CONNECTED,
  since: since(8073),
  ike: CONNECTED.ike && { ...CONNECTED.ike, rekeyAt: ahead(3605), expiresAt: ahead(14_405) },
  path: CONNECTED.path && { ...CONNECTED.path, mobike: true },
  liveness: { lastProof: since(4), deadAfterSec: 57 },
  lastEnd: {
    at: since(8090),
    why: 'The gateway fell silent.',
    failure: { cause: 'peer-dead', lastSeenSecAgo: 42 },
  },
  discarded: [{ kind: 'child', spi: 'c0ffee00', at: since(1200), why: 'replaced by c0ffee01' }],
  children: CONNECTED.children.map((child) => ({
    ...child,
    rekeyAtBytes: 2 ** 33,
    limitBytes: 2 ** 34,
    bytesIn: 1_234_567_890,
    rekeyAt: ahead(1205),
    expiresAt: ahead(3605),
  })),
});

const PREVIEW = {
  id: null,
  name: 'Head office',
  missingSecrets: ['psk'],
  report: [
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
  ],
} as const;

/** A view to look at: what the helper says, and how a person comes to it. */
interface Scene {
  readonly name: string;
  readonly tunnel?: () => TunnelStatus;
  readonly profiles?: readonly ProfileSummary[];
  readonly go?: (page: Page) => Promise<void>;
  readonly shows: string | RegExp;
}

const click = async (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('button', { name }).click();
const dropOne = (page: Page): Promise<void> =>
  drop(page, [{ name: 'office.conf', content: 'connections {}' }]);

const SCENES: readonly Scene[] = [
  { name: 'empty', profiles: [], shows: 'Add your first profile' },
  { name: 'disconnected', shows: 'Not connected' },
  {
    name: 'connecting',
    tunnel: () => bare('connecting', { step: 'IKE_AUTH with 203.0.113.1:4500', gateway: CONNECTED.gateway }),
    shows: 'Connecting…',
  },
  { name: 'connected', tunnel: connected, shows: 'Connected' },
  {
    name: 'reconnecting',
    tunnel: () => ({
      ...connected(),
      state: 'reconnecting',
      step: null,
      reconnect: { attempt: 3, nextAt: ahead(12), why: { cause: 'peer-dead', lastSeenSecAgo: 42 } },
    }),
    shows: 'Reconnecting…',
  },
  { name: 'disconnecting', tunnel: () => bare('disconnecting'), shows: 'Disconnecting…' },
  { name: 'failed', tunnel: () => bare('failed', { failure: REFUSED }), shows: 'Could not connect' },
  {
    name: 'failed-details',
    tunnel: () => bare('failed', { failure: REFUSED }),
    go: (page) => click(page, 'Technical details'),
    shows: 'Could not connect',
  },
  { name: 'details', tunnel: connected, go: (page) => click(page, 'Details'), shows: 'Details' },
  {
    name: 'details-scrolled',
    tunnel: connected,
    async go(page) {
      await click(page, 'Details');
      await page.getByText('Child SA 1').scrollIntoViewIfNeeded();
      await page.locator('main').evaluate((main) => main.scrollTo(0, main.scrollHeight));
    },
    shows: 'Details',
  },
  { name: 'profiles', tunnel: connected, go: (page) => click(page, 'Profiles'), shows: 'Profiles' },
  {
    name: 'profiles-nothing-found',
    async go(page) {
      await click(page, 'Profiles');
      await page.getByRole('searchbox').fill('nowhere');
    },
    shows: 'Profiles',
  },
  {
    name: 'profile-delete',
    async go(page) {
      await click(page, 'Profiles');
      await click(page, /^Delete Zweig/);
    },
    shows: /Delete “Zweig/,
  },
  {
    name: 'long-name',
    async go(page) {
      await click(page, 'Profiles');
      await click(page, /^Zweig/);
    },
    shows: 'Not connected',
  },
  {
    name: 'secret',
    async go(page) {
      await click(page, 'Profiles');
      await click(page, /^Lab/);
      await click(page, 'Connect');
    },
    shows: 'This profile needs a key',
  },
  ...(
    ['user', 'password', 'one-time-code', 'new-password', 'pkcs12-password', 'private-key-password'] as const
  ).map(
    (kind): Scene => ({
      name: `question-${kind}`,
      tunnel: () =>
        bare('connecting', {
          question: {
            id: 1,
            kind,
            prompt: 'Enter the code of your token 4711',
            retry: kind === 'password',
            ...(kind === 'user' ? {} : { user: 'alice' }),
          },
        }),
      shows: {
        user: 'Who are you?',
        password: 'Your password, please',
        'one-time-code': 'One more step',
        'new-password': 'Choose a new password',
        'pkcs12-password': 'The password of the certificate file',
        'private-key-password': 'The password of the private key',
      }[kind],
    }),
  ),
  {
    name: 'settings',
    go: (page) => click(page, 'Settings'),
    shows: 'Settings',
  },
  {
    name: 'logs',
    async go(page) {
      await click(page, 'Settings');
      await click(page, 'Log');
      await page.getByText('120 lines').waitFor();
      await page.getByText('line 119 of the log').waitFor();
    },
    shows: 'Log',
  },
  {
    name: 'logs-line',
    async go(page) {
      await click(page, 'Settings');
      await click(page, 'Log');
      await page.getByText('line 119 of the log').waitFor();
      await page.getByRole('combobox', { name: 'Least level' }).selectOption('From warnings');
      await page.getByRole('log').press('ArrowUp');
      await page.getByRole('region', { name: 'The chosen line' }).waitFor();
    },
    shows: 'Log',
  },
  {
    name: 'logs-nothing-found',
    async go(page) {
      await click(page, 'Settings');
      await click(page, 'Log');
      await page.getByRole('searchbox').fill('no such words');
      await page.getByText('There is no such line.').waitFor();
    },
    shows: 'Log',
  },
  {
    name: 'report',
    tunnel: () => bare('failed', { failure: REFUSED }),
    async go(page) {
      await click(page, 'Make a problem report');
      await page.getByRole('heading', { name: 'Versions' }).waitFor();
    },
    shows: 'Problem report',
  },
  {
    name: 'report-scrolled',
    tunnel: connected,
    async go(page) {
      await click(page, 'Settings');
      await click(page, 'Problem report');
      await page.getByRole('heading', { name: 'Tunnels' }).scrollIntoViewIfNeeded();
    },
    shows: 'Problem report',
  },
  {
    name: 'about',
    async go(page) {
      await click(page, 'Settings');
      await click(page, 'About');
      await page.getByRole('button', { name: /^electron / }).waitFor();
    },
    shows: 'About',
  },
  {
    name: 'about-licence',
    async go(page) {
      await click(page, 'Settings');
      await click(page, 'About');
      await page.getByRole('button', { name: /^react 1/ }).click();
      await page.getByText('Permission is hereby granted').scrollIntoViewIfNeeded();
    },
    shows: 'About',
  },
  { name: 'import-preview', go: dropOne, shows: 'Check before saving' },
  {
    name: 'import-failed',
    go: (page) => drop(page, [{ name: 'broken.conf', content: 'refuse me' }]),
    shows: 'This cannot be imported',
  },
  {
    name: 'refused',
    async go(page) {
      await click(page, 'Profiles');
      await click(page, /^Site 1/);
      await click(page, 'Connect');
      await page.getByText('That did not work').waitFor();
    },
    shows: 'Not connected',
  },
];

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  let helper: FakeHelper;
  let app: RunningApp;
  let peer: FakePeer | undefined;

  beforeAll(async () => {
    helper = await FakeHelper.start({
      answers: {
        'events.subscribe': ({ topic }, from) => {
          peer = from;
          if (topic === 'log') return { sequence: 0, log: helperLog(120) };
          return topic === 'profiles'
            ? { sequence: 0, profiles: [...PROFILES] }
            : { sequence: 0, status: { tunnels: [] } };
        },
        'events.unsubscribe': () => ({}),
        'helper.info': () => INFO,
        'doctor.run': () => DOCTOR,
        'profiles.get': ({ id }) => ({ summary: summary(id), profile: PROFILE }),
        'profiles.import': ({ files }) => {
          if (Buffer.from(files[0]?.content ?? '', 'base64').includes('refuse'))
            throw new Refusal(
              'refused',
              'broken.conf: this is no profile that Adit knows. Adit imports its own JSON profiles and strongSwan’s swanctl.conf',
            );
          return { imported: [{ ...PREVIEW, missingSecrets: ['psk'], report: [...PREVIEW.report] }] };
        },
        'tunnel.up': () => {
          throw new Refusal('busy', 'too many tunnels are up; take one down first');
        },
      },
    });
    app = await RunningApp.start({ socket: helper.path, colorScheme });
  });
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    await helper?.stop();
  });

  async function keep(name: string): Promise<void> {
    if (!KEEP) return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    await app.page.screenshot({
      path: join(SCREENSHOTS, `${name}-${colorScheme}.png`),
      animations: 'disabled',
    });
  }

  function tellProfiles(profiles: readonly ProfileSummary[]): void {
    const gone = PROFILES.filter((one) => !profiles.includes(one)).map(({ id }) => id);
    peer?.sendEvent({ topic: 'profiles', changed: [...profiles], removed: gone });
  }

  it.each(SCENES)('$name', async ({ name, tunnel, profiles: given, go, shows }) => {
    tellProfiles(given ?? PROFILES);
    await app.page.reload();
    peer?.sendEvent({ topic: 'status', status: { tunnels: tunnel ? [tunnel()] : [] } });
    if (given?.length !== 0)
      await app.page.getByRole('button', { name: 'Profiles', includeHidden: true }).waitFor();
    if (tunnel) await app.page.locator(`[data-state="${tunnel().state}"]`).waitFor();
    await go?.(app.page);
    await app.page.getByRole('heading', { name: shows }).waitFor();
    await keep(name);
    expect(await barriers(app.page)).toEqual([]);
    expect(await app.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  it('draws what goes through the tunnel, and says it', async () => {
    tellProfiles(PROFILES);
    await app.page.clock.install();
    await app.page.reload();
    await app.window.focus();
    const [child] = CONNECTED.children;
    if (!child) throw new Error('the fake has no Child SA');
    for (let second = 0; second <= 40; second++) {
      const children = [
        {
          ...child,
          bytesIn: 60_000_000 * second + 20_000_000 * Math.round(10 * Math.sin(second / 4)),
          bytesOut: 3_000_000 * second,
        },
      ];
      const address = `10.88.0.${second}`;
      peer?.sendEvent({
        topic: 'status',
        status: { tunnels: [{ ...connected(), virtualIps: [address], children }] },
      });
      // Its word is heard before the clock goes on.
      await app.page.getByText(address, { exact: true }).waitFor();
      await app.page.clock.runFor(1000);
    }
    await app.page.getByText(/^Sending 2\.\d MiB\/s$/).waitFor();
    await app.page.getByText(/^Receiving [1-9].* MiB\/s$/).waitFor();
    await keep('throughput');
    expect(await barriers(app.page)).toEqual([]);
    const drawn = await app.page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {
        data: [],
      };
      return data.filter((_, at) => at % 4 === 3).some((alpha) => alpha > 0);
    });
    expect(drawn).toBe(true);
    await app.page.clock.resume();
  });

  it('speaks the language that is chosen, at once', async () => {
    tellProfiles(PROFILES);
    await app.page.reload();
    peer?.sendEvent({ topic: 'status', status: { tunnels: [bare('failed', { failure: REFUSED })] } });
    await click(app.page, 'Settings');
    for (const [code, language, title, state] of [
      ['de', 'Deutsch', 'Einstellungen', 'Keine Verbindung'],
      ['zh', '简体中文', '设置', '无法连接'],
      ['en', 'English', 'Settings', 'Could not connect'],
    ] as const) {
      await app.page.getByRole('combobox').first().selectOption(language);
      await app.page.getByRole('heading', { name: title }).waitFor();
      await keep(`settings-${code}`);
      expect(await barriers(app.page)).toEqual([]);
      await app.page.keyboard.press('Escape');
      await app.page.getByRole('heading', { name: state }).waitFor();
      expect(await app.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      await keep(`failed-${code}`);
      expect(await barriers(app.page)).toEqual([]);
      await app.page.getByRole('button', { name: title }).click();
    }
  });

  it('fits 360 pixels and twice the size of letters', async () => {
    tellProfiles(PROFILES);
    await app.page.setViewportSize({ width: 360, height: 480 });
    peer?.sendEvent({ topic: 'status', status: { tunnels: [connected()] } });
    await app.page.reload();
    await app.page.locator('[data-state="connected"]').waitFor();
    // 200 % zoom of a window of 360 pixels leaves the page half of them.
    for (const width of [360, 180]) {
      await app.page.setViewportSize({ width, height: 480 });
      const fits = await app.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      expect(fits, `${width} pixels`).toBe(true);
      await app.page.getByRole('button', { name: 'Disconnect' }).click({ trial: true });
    }
    await app.page.setViewportSize({ width: 380, height: 640 });
  });

  it('helper missing', async () => {
    await helper.stop();
    await app.page.getByRole('heading', { name: /The helper is not running|was lost/ }).waitFor();
    await app.page.getByRole('heading', { name: 'The helper is not running' }).waitFor();
    await keep('helper-missing');
    expect(await barriers(app.page)).toEqual([]);
    expect(app.complaints).toEqual([]);
    helper = await FakeHelper.start({});
  });
});
