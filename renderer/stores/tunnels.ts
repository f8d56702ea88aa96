/**
 * What the helper says about tunnels, and what was clicked and is not confirmed yet. A click shows at once; the helper's
 * word, a refusal, or three seconds of silence put it right.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import type { TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import type { BridgeAnswer, BridgeCallName, Wanted } from '#electron/bridge-contract.ts';
import type { Slice } from './store.ts';

/** A click that the helper did not confirm by then is shown as what it is: unconfirmed. */
export const CONFIRM_WITHIN_MS = 3_000;

type Wish = 'up' | 'down';

export interface TunnelsSlice {
  /** Undefined while nobody knows. */
  readonly tunnels: readonly TunnelStatus[] | undefined;
  /** By profile. */
  readonly wishes: Readonly<Record<string, Wish>>;
  /** The profile whose pre-shared key is being asked for. */
  readonly askingFor: string | undefined;
  readonly askFor: (profile: string | undefined) => void;
  /** What was clicked outside of the window. */
  readonly receiveWanted: (wanted: Wanted) => void;
  readonly connect: (profile: string, psk?: string) => Promise<void>;
  readonly disconnect: (profile: string) => Promise<void>;
  /** New keys now. */
  readonly rekey: (profile: string, what: 'ike' | 'child') => Promise<boolean>;
  /** A fresh connection now, in place of waiting or of the one there is. */
  readonly reconnectTunnel: (profile: string) => Promise<boolean>;
  /** Answers the tunnel's question; without a text the person declines. */
  readonly answer: (profile: string, question: number, text?: string, remember?: boolean) => Promise<void>;
  readonly receiveTunnels: (tunnels: readonly TunnelStatus[] | undefined) => void;
}

/** The states that answer a wish. */
const FULFILS: Readonly<Record<Wish, ReadonlySet<TunnelState>>> = {
  up: new Set(['connecting', 'connected', 'reconnecting']),
  down: new Set(['disconnecting', 'disconnected', 'failed']),
};

/** What a state looks like under a wish that is not answered. */
const EXPECTED: Readonly<Record<Wish, TunnelState>> = { up: 'connecting', down: 'disconnecting' };

export const tunnelsSlice: Slice<TunnelsSlice> = (set, get, { bridge, setTimer }) => {
  /** By profile: ends the clock of its last click, which must not run on into the next one's time. */
  const clocks = new Map<string, () => void>();

  async function wish(profile: string, what: Wish, ask: () => Promise<boolean>): Promise<void> {
    clocks.get(profile)?.();
    set({ wishes: { ...get().wishes, [profile]: what }, problem: undefined });
    const cancel = setTimer(CONFIRM_WITHIN_MS, () => {
      if (get().wishes[profile] !== what) return;
      set({ wishes: without(get().wishes, profile) });
      get().report({ kind: 'slow' });
    });
    clocks.set(profile, cancel);
    if (await ask()) return;
    // Another click has its own answer.
    if (clocks.get(profile) !== cancel) return;
    cancel();
    set({ wishes: without(get().wishes, profile) });
  }

  const accepted = (answer: BridgeAnswer<BridgeCallName>): boolean => {
    if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
    return answer.ok;
  };

  return {
    tunnels: undefined,
    wishes: {},
    askingFor: undefined,
    askFor: (askingFor) => set({ askingFor }),
    receiveWanted({ profile, problem }) {
      if (profile !== undefined) get().select(profile);
      // What was given for an import is nowhere else, and nothing leads back to it.
      if (get().view !== 'import') get().go('tunnel');
      if (problem === undefined) get().askFor(profile);
      else get().report({ kind: 'said', message: problem });
    },
    connect: (id, psk) =>
      wish(id, 'up', async () => {
        return accepted(await bridge.call('tunnel.up', { id, ...(psk === undefined ? {} : { psk }) }));
      }),
    disconnect: (id) =>
      wish(id, 'down', async () => {
        return accepted(await bridge.call('tunnel.down', { id }));
      }),
    rekey: async (id, what) => accepted(await bridge.call('tunnel.rekey', { id, what })),
    reconnectTunnel: async (id) => accepted(await bridge.call('tunnel.reconnect', { id })),
    async answer(id, question, text, remember = false) {
      // Gone at once: nobody answers twice. The helper's next word says what is open.
      const tunnels = get().tunnels?.map((tunnel) =>
        tunnel.profile.id === id && tunnel.question?.id === question ? { ...tunnel, question: null } : tunnel,
      );
      set({ tunnels });
      const given = text === undefined ? {} : { answer: toBase64(new TextEncoder().encode(text)), remember };
      accepted(await bridge.call('tunnel.answer', { id, question, ...given }));
    },
    receiveTunnels(tunnels) {
      const wishes = Object.entries(get().wishes).filter(([id, what]) => {
        const before = tunnelOf(get().tunnels, id);
        const now = tunnelOf(tunnels, id);
        // A failure after the click answers it too, however short the time between was.
        const moved = now !== undefined && now.since !== before?.since;
        return !(moved || FULFILS[what].has(now?.state ?? 'disconnected'));
      });
      set({ tunnels, wishes: Object.fromEntries(wishes) });
      get().measure(tunnels);
    },
  };
};

export const tunnelOf = (
  tunnels: readonly TunnelStatus[] | undefined,
  profile: string,
): TunnelStatus | undefined => tunnels?.find((tunnel) => tunnel.profile.id === profile);

/** The state to show for a profile: the helper's, or what the click should bring. */
export function shownState(tunnel: TunnelStatus | undefined, wish: Wish | undefined): TunnelState {
  return wish === undefined ? (tunnel?.state ?? 'disconnected') : EXPECTED[wish];
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
