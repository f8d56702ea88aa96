/**
 * What the tray shows, from what is known: an icon, a line, a menu. Pure; tray.ts draws it. "Attention" stands for
 * everything a person should look at, and never looks like "exposed" (nothing is wrong, nothing is protected).
 */
import type {
  LockdownStatus,
  ProfileSummary,
  Status,
  TunnelState,
  TunnelStatus,
} from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { HelperLink } from './bridge-contract.ts';
import type { Words } from './words.ts';

export type TrayIcon = 'exposed' | 'securing' | 'secured' | 'attention';

export type TrayAction =
  | { readonly do: 'open' | 'quit' | 'disconnect-and-quit' | 'toggle-mute' | 'lockdown-off' }
  | { readonly do: 'connect' | 'disconnect'; readonly profile: string };

export type TrayItem =
  | { readonly kind: 'text'; readonly label: string }
  | { readonly kind: 'separator' }
  | {
      readonly kind: 'action';
      readonly label: string;
      readonly action: TrayAction;
      readonly checked?: boolean;
    }
  | { readonly kind: 'menu'; readonly label: string; readonly items: readonly TrayItem[] };

export interface TrayModel {
  readonly icon: TrayIcon;
  readonly tooltip: string;
  readonly menu: readonly TrayItem[];
}

export interface Known {
  readonly link: HelperLink;
  readonly status: Status | undefined;
  readonly profiles: readonly ProfileSummary[];
  readonly mute: boolean;
  readonly words: Words;
}

const ICONS: Readonly<Record<TunnelState, TrayIcon>> = {
  disconnected: 'exposed',
  connecting: 'securing',
  connected: 'secured',
  reconnecting: 'securing',
  disconnecting: 'securing',
  failed: 'attention',
};

/** With several tunnels the worst news decides. */
const WORST_FIRST: readonly TunnelState[] = [
  'failed',
  'reconnecting',
  'connecting',
  'disconnecting',
  'connected',
  'disconnected',
];

/** Tunnels that carry traffic or soon will. */
const ACTIVE: ReadonlySet<TunnelState> = new Set([
  'connecting',
  'connected',
  'reconnecting',
  'disconnecting',
]);
export const isActive = ({ state }: TunnelStatus): boolean => ACTIVE.has(state);

/** Longer menus leave the screen; the window has the rest, with a search. */
const MENU_PROFILES = 12;
const LABEL = 48;

export function trayModel({ link, status, profiles, mute, words }: Known): TrayModel {
  const tunnels = status?.tunnels ?? [];
  const active = tunnels.filter(isActive);
  const lockdown = status?.lockdown?.on ? status.lockdown : undefined;
  const lines = link.state === 'up' ? linesOf(tunnels, lockdown, words) : [linkLine(link, words)];
  return {
    icon: link.state === 'down' ? 'attention' : iconOf(tunnels, lockdown),
    tooltip: `Adit: ${lines.join('; ')}`,
    menu: [
      ...lines.map((label): TrayItem => ({ kind: 'text', label })),
      { kind: 'separator' },
      ...active.map(({ profile }) =>
        action(words.disconnect(label(profile.name)), { do: 'disconnect', profile: profile.id }),
      ),
      ...(lockdown && !lockdown.byAdmin ? [action(words.lockdown.switchOff, { do: 'lockdown-off' })] : []),
      ...connectItems(profiles, active, link, words),
      action(words.open, { do: 'open' }),
      { kind: 'action', label: words.mute, action: { do: 'toggle-mute' }, checked: mute },
      { kind: 'separator' },
      ...quitItems(active, words),
    ],
  };
}

const action = (text: string, what: TrayAction): TrayItem => ({ kind: 'action', label: text, action: what });
const label = (name: string): string => printable(name, LABEL);

function worst(tunnels: readonly TunnelStatus[]): TunnelState {
  return WORST_FIRST.find((state) => tunnels.some((tunnel) => tunnel.state === state)) ?? 'disconnected';
}

/** Nothing gets out, or more than should: both are to be looked at. A tunnel in the making tells more than what waits for it. */
function iconOf(tunnels: readonly TunnelStatus[], lockdown: LockdownStatus | undefined): TrayIcon {
  const icon = ICONS[worst(tunnels)];
  return lockdown && (lockdown.fault !== null || icon === 'exposed') ? 'attention' : icon;
}

function linkLine(link: HelperLink, words: Words): string {
  return link.state === 'down' ? words.links[link.problem] : words.lookingForHelper;
}

function linesOf(
  tunnels: readonly TunnelStatus[],
  lockdown: LockdownStatus | undefined,
  { states, lockdown: words }: Words,
): string[] {
  const told = tunnels
    .filter(({ state }) => state !== 'disconnected')
    .map(({ profile, state }) => `${label(profile.name)}: ${states[state]}`);
  if (lockdown && lockdown.fault !== null) return [words.fault, ...told];
  if (lockdown && !tunnels.some(({ state }) => state === 'connected')) return [words.blocked, ...told];
  return told.length === 0 ? [states.disconnected] : told;
}

function connectItems(
  profiles: readonly ProfileSummary[],
  active: readonly TunnelStatus[],
  link: HelperLink,
  words: Words,
): TrayItem[] {
  if (link.state !== 'up') return [];
  const idle = profiles.filter(({ id }) => !active.some(({ profile }) => profile.id === id));
  const items = idle
    .slice(0, MENU_PROFILES)
    .map(({ id, name }) => action(label(name), { do: 'connect', profile: id }));
  if (items.length === 0) return [];
  const more = idle.length > MENU_PROFILES ? [action(words.more, { do: 'open' })] : [];
  return [{ kind: 'menu', label: words.connect, items: [...items, ...more] }];
}

/** Quitting never decides in silence what becomes of a tunnel. */
function quitItems(active: readonly TunnelStatus[], words: Words): TrayItem[] {
  if (active.length === 0) return [action(words.quit, { do: 'quit' })];
  return [
    action(words.quitKeepingTunnel, { do: 'quit' }),
    action(words.disconnectAndQuit, { do: 'disconnect-and-quit' }),
  ];
}
