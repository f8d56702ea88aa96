/**
 * The changes of one tunnel to the system, made in order and undone in the opposite one. Each is in the journal
 * before it is made and leaves it when it is undone: a helper that is killed between finds it there.
 */
import type { DnsBackend, Effects, Warnings } from '../effects/effects.ts';
import type { Journal, JournalEntry } from '../effects/journal.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import type { Plan } from './plan.ts';

export class Changes {
  readonly #effects: Effects;
  readonly #journal: Journal;
  readonly #log: Logger;
  readonly #made: { readonly entry: JournalEntry; readonly undo: () => Promise<Warnings> }[] = [];
  /** Which of the machine's ways to resolve names carries the tunnel's servers. */
  dnsBackend: DnsBackend | undefined;

  constructor(effects: Effects, journal: Journal, log: Logger) {
    this.#effects = effects;
    this.#journal = journal;
    this.#log = log;
  }

  /** Stops before the next step once `signal` aborts. Throws what an effect throws; undo() is due in every case. */
  async make(plan: Plan, signal: AbortSignal): Promise<void> {
    const { link, firewall, routes, dns } = this.#effects;
    const { tun } = plan.link;
    const routesEntry = {
      tun,
      table: plan.routes.table,
      mark: plan.routes.mark,
      priority: plan.routes.priority,
    };
    const steps: (() => Promise<Warnings>)[] = [
      () => link.apply(plan.link),
      () =>
        this.#change(
          { effect: 'firewall', tun, table: `adit_${tun}` },
          () => firewall.apply(plan.firewall),
          () => firewall.undo({ tun }),
        ),
      () =>
        this.#change(
          { effect: 'routes', ...routesEntry },
          () => routes.apply(plan.routes),
          () => routes.undo(routesEntry),
        ),
      async () => {
        const settings = plan.dns;
        if (!settings) return [];
        const backend = await dns.detect();
        this.dnsBackend = backend;
        return this.#change(
          { effect: 'dns', tun, backend },
          () => dns.apply(settings, backend),
          () => dns.undo({ tun, backend }),
        );
      },
    ];
    for (const step of steps) {
      if (signal.aborted) return;
      for (const warning of await step()) this.#log.warn(warning);
    }
  }

  /** Goes on past what cannot be undone: that stays in the journal for the next start. Never throws. */
  async undo(): Promise<void> {
    for (const { entry, undo } of this.#made.splice(0).reverse()) {
      try {
        for (const warning of await undo()) this.#log.warn(warning);
        await this.#journal.remove(entry);
      } catch (error) {
        this.#log.error(
          `the ${entry.effect} of ${entry.tun} could not be undone (${messageOf(error)}); the next start of aditd tries again`,
        );
      }
    }
    this.dnsBackend = undefined;
  }

  async #change(
    entry: JournalEntry,
    apply: () => Promise<Warnings>,
    undo: () => Promise<Warnings>,
  ): Promise<Warnings> {
    await this.#journal.add(entry);
    this.#made.push({ entry, undo });
    return apply();
  }
}
