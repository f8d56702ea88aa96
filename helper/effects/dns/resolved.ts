/**
 * Name servers through systemd-resolved: settings of the adapter, which vanish with it. Called by linux.ts beside it.
 */
import type { Warnings } from '../effects.ts';
import { refused, runOrFail, type Runner } from '../run.ts';
import type { DnsBackendEffect } from './backend.ts';
import type { VettedDns } from './vet.ts';

export class Resolved implements DnsBackendEffect {
  readonly #runner: Runner;
  readonly #adapterExists: (tun: string) => boolean;

  constructor(runner: Runner, adapterExists: (tun: string) => boolean) {
    this.#runner = runner;
    this.#adapterExists = adapterExists;
  }

  /** The servers come last: until then no query takes the new way. */
  async apply({ tun, servers, domains, all }: VettedDns): Promise<Warnings> {
    // `~.`: all names, before any other adapter. An empty list clears what an earlier call has set.
    const routed = [...(all ? ['~.'] : []), ...domains];
    try {
      await this.#resolvectl('domain', tun, ...(routed.length === 0 ? [''] : routed));
      await this.#resolvectl('default-route', tun, all ? 'yes' : 'no');
      await this.#resolvectl('dns', tun, ...servers);
      await this.#resolvectl('flush-caches');
    } catch (error) {
      await this.undo(tun).catch(() => undefined);
      throw error;
    }
    return [];
  }

  async undo(tun: string): Promise<Warnings> {
    if (this.#runner.find('resolvectl') === undefined) return [];
    const args = ['revert', tun];
    const result = this.#adapterExists(tun) ? await this.#runner.run('resolvectl', args) : undefined;
    // The adapter may have gone meanwhile, and its settings with it.
    if (result !== undefined && result.status !== 0 && this.#adapterExists(tun)) {
      throw refused('systemd-resolved did not let the DNS servers go', 'resolvectl', args, result);
    }
    // Answers from inside the tunnel are of no use outside.
    await this.#runner.run('resolvectl', ['flush-caches']);
    return [];
  }

  async #resolvectl(...args: readonly string[]): Promise<void> {
    await runOrFail(this.#runner, 'systemd-resolved did not take the DNS servers', 'resolvectl', args);
  }
}
