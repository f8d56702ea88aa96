/**
 * Every view in every state that a person can see it in: what the helper says, and how one comes there, in any language.
 * views-*.test.ts looks at each, keyboard.test.ts walks through each, pictures.test.ts counts their pictures.
 */
import type { Page } from 'playwright-core';
import type { Failure } from '#core/failure/failure.ts';
import type { LockdownStatus, ProfileSummary, TunnelQuestion, TunnelStatus } from '#core/ipc/contract.ts';
import type { CertificateEntry } from '#core/ipc/profile-calls.ts';
import type { Language } from '#core/text/languages.ts';
import type { HelperLink, LinkProblem, TrayHost } from '#electron/bridge-contract.ts';
import { CATALOGUES } from '#renderer/i18n/catalogues.ts';
import type { MessageId } from '#renderer/i18n/en.ts';
import { bare, CONNECTED, LOCKED, summary } from '#test/fakes/statuses.ts';
import { CERTIFICATES, SECRETS } from './fixtures.ts';
import { drop } from './page.ts';

/** A message of the window in one language, without plurals. */
export type Say = (id: MessageId, values?: Readonly<Record<string, string>>) => string;
export const sayIn =
  (language: Language): Say =>
  (id, values = {}) =>
    CATALOGUES[language][id].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

export interface Scene {
  readonly name: string;
  readonly tunnel?: () => TunnelStatus;
  /** Null where the helper has none; else it is off. */
  readonly lockdown?: LockdownStatus | null;
  readonly profiles?: readonly ProfileSummary[];
  readonly certificates?: readonly CertificateEntry[];
  readonly link?: HelperLink;
  /** Whether the desktop has a tray; else the page is told what the bus of the tests says. */
  readonly trayHost?: TrayHost;
  /** In a window of another size than stage.ts has. */
  readonly window?: { readonly width: number; readonly height: number };
  readonly go?: (page: Page, say: Say) => Promise<void>;
  /** The heading by which one knows to be there. */
  readonly shows: (say: Say) => string;
  /** Whether its picture is taken in every language; else in English. */
  readonly isPicturedEverywhere?: true;
  /** Whether words of the helper or of the system stay in it, which are English. */
  readonly isPartlyEnglish?: true;
}

export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The picture's name in docs/screenshots, or undefined where none is taken. */
export function pictureOf(scene: Scene, language: Language, theme: Theme): string | undefined {
  if (language === 'en') return `${scene.name}-${theme}.png`;
  return scene.isPicturedEverywhere ? `${scene.name}-${language}-${theme}.png` : undefined;
}

const LONG = 'Zweigniederlassung Süd-Südwest, Abteilung für Verwaltungsangelegenheiten und Gebäudemanagement';

/** By id, as the helper lists them: the one with the tunnel is the first. */
export const PROFILES: readonly ProfileSummary[] = [
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
/** One with a certificate that ends soon, and one beside it. */
const WITH_CERTIFICATE = {
  profiles: [
    summary('work', { name: 'Work', storedSecrets: SECRETS, revision: '1' }),
    summary('work-home', { name: 'Home' }),
  ],
  certificates: CERTIFICATES,
  isPicturedEverywhere: true,
} as const satisfies Partial<Scene>;

export const REFUSED: Failure = {
  cause: 'no-proposal',
  protocol: 'IKE',
  saidBy: 'peer',
  wanted: ['aes256gcm16-prfsha384-ecp384', 'aes256-sha256-modp2048'],
  offered: [],
};

const since = (secondsAgo: number): string => new Date(Date.now() - secondsAgo * 1000).toISOString();
const ahead = (seconds: number): string => since(-seconds);

/** Times near to now, so that countdowns count. */
export const connected = (): TunnelStatus => ({
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
  discarded: [
    { kind: 'child', spi: 'c0ffee00', at: since(1200), why: 'another with new keys has its place' },
  ],
  children: CONNECTED.children.map((child) => ({
    ...child,
    rekeyAtBytes: 2 ** 33,
    limitBytes: 2 ** 34,
    bytesIn: 1_234_567_890,
    packetsIn: 902_118,
    rekeyAt: ahead(1205),
    expiresAt: ahead(3605),
  })),
});

/** Protected in both ways that there are. */
const postQuantum = (): TunnelStatus => {
  const tunnel = connected();
  const suite = 'aes256gcm16-prfsha384-ecp384-ke1_mlkem768';
  return { ...tunnel, ike: tunnel.ike && { ...tunnel.ike, suite, weak: [] }, postQuantum: ['ml-kem', 'ppk'] };
};

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();
/** The profile's row in the list, to choose it. */
const row = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ hasText: name }).getByRole('button').first();
const toProfile = async (page: Page, say: Say): Promise<void> => {
  await press(page, say('nav.profiles'));
  await press(page, say('profiles.show', { name: 'Work' }));
  await page.getByText('2001:db8::1').waitFor();
};
const toEdit = async (page: Page, say: Say): Promise<void> => {
  await toProfile(page, say);
  await press(page, say('profile.edit'));
  await page.getByRole('textbox').first().waitFor();
};
const toLogs = async (page: Page, say: Say): Promise<void> => {
  await press(page, say('nav.settings'));
  await press(page, say('logs.title'));
  await page.getByText('line 119 of the log').waitFor();
};
const toAbout = async (page: Page, say: Say): Promise<void> => {
  await press(page, say('nav.settings'));
  await press(page, say('about.title'));
  await page.getByRole('button', { name: /^electron / }).waitFor();
};
const scrollDown = (page: Page): Promise<void> =>
  page.locator('main').evaluate((main) => main.scrollTo(0, main.scrollHeight));

const TITLES: Readonly<Record<TunnelQuestion['kind'], MessageId>> = {
  user: 'question.user',
  password: 'question.password',
  'one-time-code': 'question.code',
  'new-password': 'question.new-password',
  'pkcs12-password': 'question.pkcs12',
  'private-key-password': 'question.private-key',
};

/** What the system or the helper says to each of them. */
const LINK_DETAILS: Readonly<Record<LinkProblem, string>> = {
  missing: 'connect ENOENT /run/adit/aditd.sock',
  refused: 'connect EACCES /run/adit/aditd.sock',
  incompatible: 'it speaks protocol 2, this application 1',
  nonsense: 'what it sent is no frame',
  lost: 'the helper ended the connection',
};

/** In the helper's words. */
const FAULTY: LockdownStatus = {
  ...LOCKED,
  fault: 'Lockdown cannot be put in force. apt-get install nftables',
};
const BY_ADMIN: LockdownStatus = { ...LOCKED, byAdmin: true };

/** Everything that lockdown can look like. */
const LOCKDOWN_SCENES: readonly Scene[] = [
  { name: 'blocked', lockdown: LOCKED, shows: (say) => say('state.blocked'), isPicturedEverywhere: true },
  {
    name: 'blocked-by-admin',
    lockdown: { ...BY_ADMIN, lan: true },
    shows: (say) => say('state.blocked'),
    isPicturedEverywhere: true,
  },
  {
    name: 'blocked-narrow',
    lockdown: BY_ADMIN,
    window: { width: 360, height: 480 },
    shows: (say) => say('state.blocked'),
  },
  {
    name: 'blocked-wide',
    lockdown: LOCKED,
    window: { width: 960, height: 640 },
    shows: (say) => say('state.blocked'),
  },
  {
    name: 'blocked-empty',
    lockdown: LOCKED,
    profiles: [],
    shows: (say) => say('empty.title'),
    isPicturedEverywhere: true,
  },
  {
    name: 'blocked-reconnecting',
    lockdown: LOCKED,
    tunnel: () => ({
      ...connected(),
      state: 'reconnecting',
      step: null,
      reconnect: { attempt: 3, nextAt: ahead(12), why: { cause: 'peer-dead', lastSeenSecAgo: 42 } },
    }),
    shows: (say) => say('state.reconnecting'),
  },
  {
    name: 'blocked-failed',
    lockdown: LOCKED,
    tunnel: () => bare('failed', { failure: REFUSED }),
    shows: (say) => say('state.failed'),
  },
  {
    name: 'lockdown-fault',
    lockdown: FAULTY,
    shows: (say) => say('state.disconnected'),
    isPicturedEverywhere: true,
    isPartlyEnglish: true,
  },
  {
    name: 'lockdown-fault-connected',
    lockdown: { ...FAULTY, byAdmin: true },
    tunnel: connected,
    shows: (say) => say('state.connected'),
    isPartlyEnglish: true,
  },
  {
    name: 'lockdown-fault-empty',
    lockdown: FAULTY,
    profiles: [],
    shows: (say) => say('empty.title'),
    isPartlyEnglish: true,
  },
  { name: 'lockdown-connected', lockdown: LOCKED, tunnel: connected, shows: (say) => say('state.connected') },
  {
    name: 'lockdown-connected-networks',
    lockdown: { ...LOCKED, lan: true },
    tunnel: () => ({
      ...connected(),
      children: connected().children.map((child) => ({ ...child, remoteTs: ['10.0.0.0/8', 'fd00::/48'] })),
    }),
    shows: (say) => say('state.connected'),
    isPicturedEverywhere: true,
  },
  ...(
    [
      ['on', { ...LOCKED, lan: true }],
      ['by-admin', BY_ADMIN],
      ['fault', FAULTY],
      ['none', null],
    ] as const
  ).map(
    ([name, lockdown]): Scene => ({
      name: `settings-lockdown-${name}`,
      lockdown,
      async go(page, say) {
        await press(page, say('nav.settings'));
        await page
          .getByRole('heading', { name: say('settings.tunnel'), exact: true })
          .scrollIntoViewIfNeeded();
      },
      shows: (say) => say('settings.title'),
      ...(name === 'on' ? { isPicturedEverywhere: true as const } : {}),
      ...(name === 'fault' ? { isPartlyEnglish: true as const } : {}),
    }),
  ),
];

export const SCENES: readonly Scene[] = [
  { name: 'empty', profiles: [], shows: (say) => say('empty.title') },
  { name: 'disconnected', shows: (say) => say('state.disconnected') },
  {
    name: 'connecting',
    tunnel: () => bare('connecting', { step: 'IKE_AUTH with 203.0.113.1:4500', gateway: CONNECTED.gateway }),
    shows: (say) => say('state.connecting'),
  },
  {
    name: 'connected',
    tunnel: connected,
    shows: (say) => say('state.connected'),
    isPicturedEverywhere: true,
  },
  {
    name: 'connected-networks',
    tunnel: () => ({
      ...connected(),
      profile: { id: 'work', name: 'Work' },
      nat: { local: false, remote: false },
      ike: CONNECTED.ike && { ...CONNECTED.ike, weak: [] },
      children: connected().children.map((child) => ({
        ...child,
        remoteTs: ['10.0.0.0/8', '172.16.0.0/12', '192.168.178.0/24', 'fd00:1234:5678::/48'],
      })),
    }),
    shows: (say) => say('state.connected'),
  },
  {
    name: 'connected-narrow',
    tunnel: connected,
    window: { width: 360, height: 480 },
    shows: (say) => say('state.connected'),
  },
  {
    name: 'connected-wide',
    tunnel: connected,
    window: { width: 960, height: 640 },
    shows: (say) => say('state.connected'),
  },
  {
    name: 'post-quantum',
    tunnel: postQuantum,
    go: (page, say) => press(page, say('chip.post-quantum')),
    shows: (say) => say('state.connected'),
    isPicturedEverywhere: true,
  },
  {
    name: 'post-quantum-narrow',
    tunnel: postQuantum,
    window: { width: 360, height: 480 },
    go: (page, say) => press(page, say('chip.post-quantum')),
    shows: (say) => say('state.connected'),
  },
  {
    name: 'post-quantum-details',
    tunnel: postQuantum,
    async go(page, say) {
      await press(page, say('nav.details'));
      await page.getByText(say('details.post-quantum'), { exact: true }).scrollIntoViewIfNeeded();
      await page.getByText('ML-KEM-768', { exact: true }).waitFor();
    },
    shows: (say) => say('details.title'),
    isPicturedEverywhere: true,
  },
  {
    name: 'failed-wide',
    tunnel: () => bare('failed', { failure: REFUSED }),
    window: { width: 960, height: 640 },
    shows: (say) => say('state.failed'),
  },
  {
    name: 'reconnecting',
    isPicturedEverywhere: true,
    tunnel: () => ({
      ...connected(),
      state: 'reconnecting',
      step: null,
      reconnect: { attempt: 3, nextAt: ahead(12), why: { cause: 'peer-dead', lastSeenSecAgo: 42 } },
    }),
    shows: (say) => say('state.reconnecting'),
  },
  ...LOCKDOWN_SCENES,
  {
    name: 'disconnecting',
    tunnel: () => bare('disconnecting'),
    shows: (say) => say('state.disconnecting'),
  },
  {
    name: 'failed',
    tunnel: () => bare('failed', { failure: REFUSED }),
    shows: (say) => say('state.failed'),
    isPicturedEverywhere: true,
  },
  {
    name: 'failed-details',
    tunnel: () => bare('failed', { failure: REFUSED }),
    go: (page, say) => press(page, say('failure.details')),
    shows: (say) => say('state.failed'),
  },
  {
    name: 'details',
    isPicturedEverywhere: true,
    tunnel: connected,
    go: (page, say) => press(page, say('nav.details')),
    shows: (say) => say('details.title'),
  },
  {
    name: 'details-scrolled',
    tunnel: connected,
    async go(page, say) {
      await press(page, say('nav.details'));
      await page.getByText(say('details.child', { number: '1' })).waitFor();
      await scrollDown(page);
    },
    shows: (say) => say('details.title'),
  },
  {
    name: 'profiles',
    tunnel: connected,
    go: (page, say) => press(page, say('nav.profiles')),
    shows: (say) => say('profiles.title'),
  },
  {
    name: 'profiles-nothing-found',
    async go(page, say) {
      await press(page, say('nav.profiles'));
      await page.getByRole('searchbox').fill('nowhere');
    },
    shows: (say) => say('profiles.title'),
  },
  {
    name: 'profiles-expiry',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await press(page, say('nav.profiles'));
      await page.locator('[data-expiry="urgent"]').waitFor();
    },
    shows: (say) => say('profiles.title'),
  },
  {
    name: 'profile-delete',
    async go(page, say) {
      await press(page, say('nav.profiles'));
      await press(page, say('profiles.remove', { name: LONG }));
    },
    shows: (say) => say('profiles.remove.title', { name: LONG }),
  },
  {
    name: 'long-name',
    async go(page, say) {
      await press(page, say('nav.profiles'));
      await row(page, LONG).click();
    },
    shows: (say) => say('state.disconnected'),
  },
  {
    name: 'secret',
    async go(page, say) {
      await press(page, say('nav.profiles'));
      await row(page, 'Lab').click();
      await press(page, say('action.connect'));
    },
    shows: (say) => say('secret.title'),
  },
  {
    name: 'secret-post-quantum',
    profiles: [summary('work', { name: 'Work', missingSecrets: ['psk', 'ppk'], storedSecrets: [] })],
    go: (page, say) => press(page, say('action.connect')),
    shows: (say) => say('secret.title'),
  },
  ...(Object.keys(TITLES) as TunnelQuestion['kind'][]).map(
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
      shows: (say) => say(TITLES[kind]),
    }),
  ),
  { name: 'profile', ...WITH_CERTIFICATE, go: toProfile, shows: () => 'Work' },
  {
    name: 'profile-scrolled',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toProfile(page, say);
      await scrollDown(page);
    },
    shows: () => 'Work',
  },
  {
    name: 'profile-secret',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toProfile(page, say);
      const name = say('secrets.password');
      await press(page, say('secrets.action', { action: say('secrets.replace'), name }));
    },
    shows: (say) => say('secrets.give.title'),
  },
  {
    name: 'certificates',
    ...WITH_CERTIFICATE,
    isPartlyEnglish: true,
    async go(page, say) {
      await toProfile(page, say);
      await press(page, say('profile.certificates'));
      await page.locator('[data-role="chain"]').waitFor();
    },
    shows: (say) => say('certificates.title'),
  },
  {
    name: 'export',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toProfile(page, say);
      await press(page, say('profile.export'));
      await page.getByRole('radio').first().check();
      await page.getByText('gateway.addresses', { exact: true }).waitFor();
    },
    shows: (say) => say('export.title'),
  },
  {
    name: 'export-refused',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toProfile(page, say);
      await press(page, say('profile.export'));
      await page.getByRole('radio', { name: say('export.mobileconfig') }).check();
      await page.getByText(say('export.impossible')).waitFor();
    },
    shows: (say) => say('export.title'),
  },
  { name: 'edit', ...WITH_CERTIFICATE, go: toEdit, shows: (say) => say('edit.title') },
  {
    name: 'edit-post-quantum',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toEdit(page, say);
      await page.getByLabel(say('edit.post-quantum')).selectOption('prefer');
      await page.getByText(say('edit.post-quantum.prefer.hint')).waitFor();
      await page.getByLabel(say('edit.ppk-id')).fill('alice@example.org');
      await page.getByRole('switch', { name: say('edit.ppk-required') }).scrollIntoViewIfNeeded();
    },
    shows: (say) => say('edit.title'),
  },
  {
    name: 'edit-advanced',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toEdit(page, say);
      await page.locator('summary').click();
      await scrollDown(page);
    },
    shows: (say) => say('edit.title'),
  },
  {
    name: 'edit-wrong',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toEdit(page, say);
      await page.getByRole('textbox').first().fill('');
      await page.keyboard.press('Enter');
      await page
        .locator('p:not([lang])')
        .filter({ hasText: say('edit.empty') })
        .waitFor();
    },
    shows: (say) => say('edit.title'),
  },
  {
    name: 'edit-leave',
    ...WITH_CERTIFICATE,
    async go(page, say) {
      await toEdit(page, say);
      await page.getByRole('textbox').first().fill('');
      await page.keyboard.press('Escape');
    },
    shows: (say) => say('edit.leave.title'),
  },
  {
    name: 'settings',
    go: (page, say) => press(page, say('nav.settings')),
    shows: (say) => say('settings.title'),
    isPicturedEverywhere: true,
  },
  {
    name: 'settings-scrolled',
    async go(page, say) {
      await press(page, say('nav.settings'));
      await scrollDown(page);
    },
    shows: (say) => say('settings.title'),
    isPicturedEverywhere: true,
  },
  {
    name: 'settings-no-tray',
    trayHost: 'absent',
    go: (page, say) => press(page, say('nav.settings')),
    shows: (say) => say('settings.title'),
  },
  { name: 'logs', go: toLogs, shows: (say) => say('logs.title') },
  {
    name: 'logs-line',
    async go(page, say) {
      await toLogs(page, say);
      await page
        .getByRole('combobox', { name: say('logs.level') })
        .selectOption({ label: say('logs.from.warn') });
      await page.getByRole('log').press('ArrowUp');
      await page.getByRole('region', { name: say('logs.line') }).waitFor();
    },
    shows: (say) => say('logs.title'),
  },
  {
    name: 'logs-nothing-found',
    async go(page, say) {
      await toLogs(page, say);
      await page.getByRole('searchbox').fill('no such words');
      await page.getByText(say('logs.none')).waitFor();
    },
    shows: (say) => say('logs.title'),
  },
  {
    name: 'report',
    tunnel: () => bare('failed', { failure: REFUSED }),
    async go(page, say) {
      await press(page, say('report.make'));
      await page.getByRole('heading', { name: say('report.section.versions'), exact: true }).waitFor();
    },
    shows: (say) => say('report.title'),
  },
  {
    name: 'report-scrolled',
    tunnel: connected,
    async go(page, say) {
      await press(page, say('nav.settings'));
      await press(page, say('report.title'));
      const tunnels = page.getByRole('heading', { name: say('report.section.status'), exact: true });
      await tunnels.scrollIntoViewIfNeeded();
    },
    shows: (say) => say('report.title'),
  },
  { name: 'about', go: toAbout, shows: (say) => say('about.title') },
  {
    name: 'about-licence',
    async go(page, say) {
      await toAbout(page, say);
      await page.getByRole('button', { name: /^react 1/ }).click();
      await page.getByText('Permission is hereby granted').scrollIntoViewIfNeeded();
    },
    shows: (say) => say('about.title'),
  },
  {
    name: 'import-preview',
    async go(page) {
      await drop(page, [{ name: 'office.conf', content: 'connections {}' }]);
      await page.getByRole('heading', { name: 'Head office' }).waitFor();
    },
    shows: (say) => say('import.title'),
  },
  {
    name: 'import-details',
    async go(page, say) {
      await drop(page, [{ name: 'office.conf', content: 'connections {}' }]);
      await page.getByText(say('import.read')).click();
      await page.getByText('connections.office.pull').scrollIntoViewIfNeeded();
      // The field that asks for it, and the line that says that it is missing.
      await page.getByText(say('secrets.psk'), { exact: true }).nth(1).waitFor();
    },
    shows: (say) => say('import.title'),
  },
  {
    name: 'import-drop',
    profiles: [],
    async go(page, say) {
      await page.getByRole('heading', { name: say('empty.title') }).waitFor();
      await page.locator('#root > *').first().dispatchEvent('dragenter');
      await page.getByText(say('import.drop')).waitFor();
    },
    shows: (say) => say('empty.title'),
  },
  {
    name: 'import-locked',
    async go(page, say) {
      await drop(page, [{ name: 'office.mobileconfig', content: 'locked' }]);
      await page.getByLabel(say('secrets.pkcs12Password')).waitFor();
    },
    shows: (say) => say('import.title'),
  },
  {
    name: 'import-failed',
    go: (page) => drop(page, [{ name: 'broken.conf', content: 'refuse me' }]),
    shows: (say) => say('import.failed'),
    isPartlyEnglish: true,
  },
  {
    name: 'refused',
    async go(page, say) {
      await press(page, say('nav.profiles'));
      await row(page, 'Site 1').click();
      await press(page, say('action.connect'));
      await page.getByText(say('problem.title')).waitFor();
    },
    shows: (say) => say('state.disconnected'),
    isPartlyEnglish: true,
  },
  ...(Object.keys(LINK_DETAILS) as LinkProblem[]).map(
    (problem): Scene => ({
      name: `helper-${problem}`,
      isPartlyEnglish: true as const,
      link: { state: 'down', problem, detail: LINK_DETAILS[problem], socket: '/run/adit/aditd.sock' },
      shows: (say) => say(`helper.${problem}.title`),
    }),
  ),
];

/** Throws where there is none. */
export function sceneNamed(name: string): Scene {
  const found = SCENES.find((scene) => scene.name === name);
  if (!found) throw new Error(`there is no scene ${name}`);
  return found;
}
