/**
 * Runs on a host of the lab as root and changes it with the real effects, as the helper would. effects-client.ts asks, by
 * line-calls.ts. With ADIT_TEST_WITHOUT the named programs are not found.
 */
import { doctor } from '#helper/effects/doctor.ts';
import { SystemFailure } from '#helper/effects/effects.ts';
import { JournalFile, undoAll, undoEntry } from '#helper/effects/journal-file.ts';
import { linuxEffects, linuxSystem } from '#helper/effects/linux.ts';
import type { Runner } from '#helper/effects/run.ts';
import type { EffectsRequest } from './effects-client.ts';
import { serveCalls } from './line-calls.ts';

const [stateDir = ''] = process.argv.slice(2);
// The helper's own.
process.umask(0o077);

const without = new Set((process.env['ADIT_TEST_WITHOUT'] ?? '').split(','));
const plain = linuxSystem(stateDir);
const runner: Runner = {
  find: (program) => (without.has(program) ? undefined : plain.runner.find(program)),
  run: (program, args, stdin) => plain.runner.run(program, args, stdin),
};
const system = { ...plain, runner };
const effects = linuxEffects(system);
const { journal } = JournalFile.open(stateDir);

async function answer(request: EffectsRequest): Promise<unknown> {
  switch (request.do) {
    case 'link':
      return effects.link.apply(request.settings);
    case 'routes':
      return effects.routes.apply(request.settings);
    case 'firewall':
      return effects.firewall.apply(request.settings);
    case 'dns':
      return effects.dns.apply(request.settings, request.backend ?? (await effects.dns.detect()));
    case 'undo':
      return undoEntry(request.entry, effects);
    case 'detect':
      return effects.dns.detect();
    case 'sourceFor':
      return effects.routes.sourceFor(request.remote, request.mark);
    case 'connect': {
      const { link, firewall, routes, dns } = request;
      const { tun, table, mark, priority } = routes;
      const backend = await effects.dns.detect();
      await journal.add({ effect: 'firewall', tun, table: `adit_${tun}` });
      const warnings = [...(await effects.firewall.apply(firewall))];
      warnings.push(...(await effects.link.apply(link)));
      await journal.add({ effect: 'routes', tun, table, mark, priority });
      warnings.push(...(await effects.routes.apply(routes)));
      await journal.add({ effect: 'dns', tun, backend });
      warnings.push(...(await effects.dns.apply(dns, backend)));
      return warnings;
    }
    case 'undoAll': {
      const said: string[] = [];
      const say = (message: string) => said.push(message);
      const left = await undoAll(journal, effects, { info: () => undefined, warn: say, error: say });
      return { left, said };
    }
    default:
      return doctor({
        system,
        addon: request.addon,
        journal: journal.entries(),
        running: request.running,
        // No effects: nothing watches here, nobody is let in, and nothing is locked down.
        watch: {},
        access: [],
        lockdown: { on: false, fault: null },
      });
  }
}

await serveCalls(answer, {
  describe: (error) =>
    error instanceof SystemFailure
      ? { what: error.what, detail: error.detail, remedy: error.remedy }
      : { what: String(error), detail: (error as Error).stack ?? '', remedy: '' },
});
