/**
 * Effects that change nothing and remember everything: what the tunnel manager's tests look at. They keep the
 * contract: complete or failed, undone twice without harm.
 */
import { parseIp } from '#core/net/address.ts';
import type {
  DnsBackend,
  DnsEffect,
  Effects,
  FirewallEffect,
  LinkEffect,
  RoutesEffect,
  SystemFailure,
  Warnings,
} from './effects.ts';

interface EffectCall {
  readonly effect: 'link' | 'routes' | 'dns' | 'firewall';
  readonly step: 'apply' | 'undo' | 'restore';
  /** The settings or the journal entry it was called with. */
  readonly with: unknown;
}

export class FakeEffects implements Effects {
  readonly calls: EffectCall[] = [];
  /** `routes adit0`, `dns adit0 resolved` …: what is in force now. */
  readonly inForce = new Set<string>();
  /** A failure to throw at the next such step, by `dns apply` and the like. */
  readonly failures = new Map<string, SystemFailure>();
  /** What each `apply` of a subject returns. */
  readonly warnings = new Map<EffectCall['effect'], Warnings>();
  backend: DnsBackend = 'resolved';
  source: Awaited<ReturnType<RoutesEffect['sourceFor']>> = {
    address: parseIp('192.0.2.2') as Uint8Array,
    mtu: 1500,
    dev: 'eth0',
  };

  readonly link: LinkEffect = {
    apply: (settings) => this.#apply('link', settings, `link ${settings.tun}`),
  };
  readonly routes: RoutesEffect = {
    apply: (settings) => this.#apply('routes', settings, `routes ${settings.tun}`),
    undo: (entry) => this.#undo('routes', entry, `routes ${entry.tun}`),
    sourceFor: async () => {
      this.#failIfAsked('routes sourceFor');
      return Promise.resolve(this.source);
    },
  };
  readonly dns: DnsEffect = {
    detect: () => Promise.resolve(this.backend),
    apply: (settings, backend) => this.#apply('dns', settings, `dns ${settings.tun} ${backend}`),
    undo: (entry) => this.#undo('dns', entry, `dns ${entry.tun} ${entry.backend}`),
    restore: (entry) => {
      this.calls.push({ effect: 'dns', step: 'restore', with: entry });
      this.#failIfAsked('dns restore');
      return Promise.resolve(this.warnings.get('dns') ?? []);
    },
  };
  readonly firewall: FirewallEffect = {
    apply: (settings) => this.#apply('firewall', settings, `firewall ${settings.tun}`),
    undo: (entry) => this.#undo('firewall', entry, `firewall ${entry.tun}`),
  };

  async #apply(effect: EffectCall['effect'], settings: unknown, key: string): Promise<Warnings> {
    this.calls.push({ effect, step: 'apply', with: settings });
    this.#failIfAsked(`${effect} apply`);
    this.inForce.add(key);
    return Promise.resolve(this.warnings.get(effect) ?? []);
  }

  async #undo(effect: EffectCall['effect'], entry: unknown, key: string): Promise<Warnings> {
    this.calls.push({ effect, step: 'undo', with: entry });
    this.#failIfAsked(`${effect} undo`);
    this.inForce.delete(key);
    return Promise.resolve([]);
  }

  #failIfAsked(step: string): void {
    const failure = this.failures.get(step);
    if (failure === undefined) return;
    this.failures.delete(step);
    throw failure;
  }
}
