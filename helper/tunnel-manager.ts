/**
 * All tunnels of this helper, one a profile. Takes commands, answers at once, and tells whoever listens when
 * something that status shows has changed. The ipc calls and main.ts use it.
 */
import type { Status } from '#core/ipc/contract.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { Clock } from './clock.ts';
import { within } from './clock.ts';
import type { ProfileStore } from './profile-store.ts';
import type { StoredProfile, Viewer } from './stored-profile.ts';
import type { Given } from './tunnel/credentials.ts';
import { Tunnel } from './tunnel/tunnel.ts';
import type { TunnelDeps } from './tunnel/tunnel-deps.ts';

/** Each costs threads, sockets and an adapter. */
const MOST_ACTIVE = 32;
/** All tunnels together have this long to end when the helper does. */
const SHUTDOWN_MS = 8000;

/** Whether tunnels have company is known here. */
export type ManagerDeps = Omit<TunnelDeps, 'notAlone'>;

export class TunnelManager {
  readonly #store: Pick<ProfileStore, 'get'>;
  readonly #deps: ManagerDeps;
  readonly #clock: Clock;
  readonly #tunnels = new Map<string, { readonly tunnel: Tunnel; readonly slot: number }>();
  readonly #listeners = new Set<() => void>();

  constructor(store: Pick<ProfileStore, 'get'>, deps: ManagerDeps) {
    this.#store = store;
    this.#deps = deps;
    this.#clock = deps.clock;
  }

  /** Begins to connect; without effect on a tunnel that is up already. Otherwise the reason why it cannot now. */
  up(stored: StoredProfile, given?: Given): 'accepted' | 'leaving' | 'too-many' {
    const running = this.#tunnels.get(stored.id)?.tunnel;
    if (running?.active) return running.state === 'disconnecting' ? 'leaving' : 'accepted';
    const slot = this.#freeSlot();
    if (slot >= MOST_ACTIVE) return 'too-many';
    const tunnel: Tunnel = new Tunnel({
      stored,
      slot,
      deps: { ...this.#deps, notAlone: () => this.#leadsThere(stored.profile, tunnel) },
      onChange: () => this.#changed(),
      history: this.#tunnels.get(stored.id)?.tunnel.history,
    });
    this.#tunnels.set(stored.id, { tunnel, slot });
    tunnel.up(given);
    return 'accepted';
  }

  /** One tunnel, or all that the viewer sees. */
  down(viewer: Viewer, id?: string): void {
    for (const [key, { tunnel }] of this.#tunnels) {
      if ((id === undefined || key === id) && this.#store.get(key, viewer)) tunnel.down();
    }
  }

  /** Whether this question of the tunnel's was open. Without a text the person declines. */
  answer(id: string, question: number, text: string | undefined, remember?: boolean): boolean {
    return this.#tunnels.get(id)?.tunnel.answer(question, text, remember) ?? false;
  }

  /** New keys for a connected tunnel; `false` where it is not connected. */
  rekey(id: string, what: 'ike' | 'child'): boolean {
    return this.#tunnels.get(id)?.tunnel.rekey(what) ?? false;
  }

  /** A fresh connection now; `false` where there is none to renew. */
  reconnect(id: string): boolean {
    return this.#tunnels.get(id)?.tunnel.reconnect() ?? false;
  }

  isActive(id: string): boolean {
    return this.#tunnels.get(id)?.tunnel.active ?? false;
  }

  /** Names of the adapters that exist now. */
  adapters(): string[] {
    return [...this.#tunnels.values()].flatMap(({ tunnel }) => tunnel.adapter ?? []);
  }

  /** What the open data planes use of this kernel, by name; `undefined` while none is open. */
  features(): string[] | undefined {
    const open = [...this.#tunnels.values()].flatMap(({ tunnel }) => tunnel.features ?? []);
    if (open.length === 0) return undefined;
    const used = open.flatMap((features) => Object.entries(features).filter(([, has]) => has));
    return [...new Set(used.map(([name]) => name))];
  }

  /** Forgets the last state of a profile that is gone. */
  forget(id: string): void {
    if (!this.isActive(id)) this.#tunnels.delete(id);
    this.#changed();
  }

  /** The tunnels that were up since the helper started, as far as they are the viewer's. */
  status(viewer: Viewer): Status {
    const seen = [...this.#tunnels].filter(([id]) => this.#store.get(id, viewer) !== undefined);
    return { tunnels: seen.map(([, { tunnel }]) => tunnel.status()) };
  }

  /** Calls after each change, and once a second for the counters of a connected tunnel. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes everything down; resolves when it is, or when the time for it is over. */
  async shutdown(): Promise<void> {
    const tunnels = [...this.#tunnels.values()].map(({ tunnel }) => tunnel);
    for (const tunnel of tunnels) tunnel.down();
    await within(this.#clock, SHUTDOWN_MS, Promise.all(tunnels.map((tunnel) => tunnel.finished)));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Whether another tunnel that is up leads to the gateway of this profile, by its identity or one of its addresses. */
  #leadsThere({ gateway }: Profile, self: Tunnel): boolean {
    return [...this.#tunnels.values()].some(({ tunnel }) => {
      const other = tunnel.stored.profile.gateway;
      const same = gateway.id !== undefined && gateway.id === other.id;
      return (
        tunnel !== self &&
        tunnel.active &&
        (same || gateway.addresses.some((address) => other.addresses.includes(address)))
      );
    });
  }

  #freeSlot(): number {
    const active = [...this.#tunnels.values()].filter(({ tunnel }) => tunnel.active);
    const taken = new Set(active.map(({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot++;
    return slot;
  }
}
