/**
 * How each state of a tunnel looks and what its one control does. A table, so that a state without a look does not
 * compile; colour (`tone`) never says anything that shape (`mark`) and words do not say too.
 */
import type { TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import type { MessageId } from '../../i18n/en.ts';

export type Mark = 'exposed' | 'blocked' | 'securing' | 'secured' | 'leaving' | 'attention';

/** A tunnel's state, or that lockdown holds back what no tunnel is there for. */
export type ShownState = TunnelState | 'blocked';

/** `holds`: lockdown is on and in force. While a tunnel comes or goes, or has failed, that is still what to see. */
export const underLockdown = (state: TunnelState, holds: boolean): ShownState =>
  holds && state === 'disconnected' ? 'blocked' : state;

export interface Look {
  readonly mark: Mark;
  readonly heading: MessageId;
  readonly meaning: MessageId;
  readonly control: {
    readonly label: MessageId;
    readonly wish: 'up' | 'down';
    readonly kind: 'primary' | 'quiet';
  };
  /** Whether facts of a tunnel are worth showing. */
  readonly live: boolean;
}

const CONNECT = { label: 'action.connect', wish: 'up', kind: 'primary' } as const;
const CANCEL = { label: 'action.cancel', wish: 'down', kind: 'quiet' } as const;

export const LOOKS: Readonly<Record<ShownState, Look>> = {
  disconnected: {
    mark: 'exposed',
    heading: 'state.disconnected',
    meaning: 'state.disconnected.meaning',
    control: CONNECT,
    live: false,
  },
  blocked: {
    mark: 'blocked',
    heading: 'state.blocked',
    meaning: 'lockdown.holds',
    control: CONNECT,
    live: false,
  },
  connecting: {
    mark: 'securing',
    heading: 'state.connecting',
    meaning: 'state.connecting.meaning',
    control: CANCEL,
    live: true,
  },
  connected: {
    mark: 'secured',
    heading: 'state.connected',
    meaning: 'state.connected.meaning',
    control: { label: 'action.disconnect', wish: 'down', kind: 'quiet' },
    live: true,
  },
  reconnecting: {
    mark: 'securing',
    heading: 'state.reconnecting',
    meaning: 'state.reconnecting.meaning',
    control: CANCEL,
    live: true,
  },
  disconnecting: {
    mark: 'leaving',
    heading: 'state.disconnecting',
    meaning: 'state.disconnecting.meaning',
    control: CONNECT,
    live: false,
  },
  failed: {
    mark: 'attention',
    heading: 'state.failed',
    meaning: 'state.failed.meaning',
    control: { label: 'action.retry', wish: 'up', kind: 'primary' },
    live: false,
  },
};

/** What the helper's steps mean to a person; its own words are in the details. */
const STEPS: readonly (readonly [RegExp, MessageId])[] = [
  [/^looking up /, 'step.looking-up'],
  [/^IKE_SA_INIT/, 'step.reaching'],
  [/^(IKE_INTERMEDIATE|IKE_AUTH)/, 'step.login'],
  [/^configuring /, 'step.setting-up'],
];

/** What is done of connecting while a step lasts, as a share of the steps that are known. */
export function stepShare(step: string | null | undefined): number {
  const at = STEPS.findIndex(([, known]) => known === stepOf(step));
  return Math.max(0, at) / STEPS.length;
}

export function stepOf(step: string | null | undefined): MessageId {
  if (step === null || step === undefined) return 'step.asking';
  return STEPS.find(([pattern]) => pattern.test(step))?.[1] ?? 'step.other';
}

/**
 * How much goes through the tunnel. With all of one family and nothing of the other, the helper blocks the other
 * (docs/system-changes.md); beside some networks of it the rest goes its own way.
 */
export type Coverage = 'everything' | 'ipv4' | 'ipv6' | 'some';

/** The networks behind the tunnel, and what they come to. */
export function protectedNetworks({ children }: TunnelStatus): {
  readonly coverage: Coverage;
  readonly list: readonly string[];
} {
  const list = [...new Set(children.flatMap(({ remoteTs }) => remoteTs))];
  const whole = { ipv4: list.includes('0.0.0.0/0'), ipv6: list.includes('::/0') };
  if (whole.ipv4 && whole.ipv6) return { coverage: 'everything', list };
  const both =
    list.some((network) => network.includes(':')) && list.some((network) => !network.includes(':'));
  if (both) return { coverage: 'some', list };
  return { coverage: whole.ipv4 ? 'ipv4' : whole.ipv6 ? 'ipv6' : 'some', list };
}

/** Since it was brought up. A helper that does not say so has told of the Child SAs that are there. */
export function traffic({ carried, children }: TunnelStatus): {
  readonly received: number;
  readonly sent: number;
} {
  if (carried) return { received: carried.bytesIn, sent: carried.bytesOut };
  const sum = (of: 'bytesIn' | 'bytesOut'): number => children.reduce((total, child) => total + child[of], 0);
  return { received: sum('bytesIn'), sent: sum('bytesOut') };
}

/** ML-KEM as the suite in use has it: `ML-KEM-768`. A successor without it is still protected by that of the first one. */
export function mlKemNames({ ike }: TunnelStatus): readonly string[] {
  const named = [...(ike?.suite ?? '').matchAll(/mlkem(\d+)/g)].map(([, bits]) => `ML-KEM-${bits}`);
  return named.length > 0 ? named : ['ML-KEM'];
}
