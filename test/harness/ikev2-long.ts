/**
 * Many days of rekeying in virtual time: two ends with the same lifetimes over a link that loses 5 % of the datagrams, doubles
 * 5 % and lets later ones overtake. Used by the schedules' test and, for its table, by the soak.
 */
import { queryObjects } from 'node:v8';
import { Lifecycle } from '#core/ikev2/lifecycle.ts';
import { disagreements, standing } from './ikev2-rekey.ts';

/** Never gives up, so that what is left at the end is never an accident of the link. */
const PATIENT = { initialMs: 300, factor: 1.3, maxMs: 2_000, attempts: 200, jitter: 0.2 };
const DAY_MS = 86_400_000;

export interface SimulatedDays {
  readonly days: number;
  readonly ikeRekeys: number;
  readonly childRekeys: number;
  readonly exchanges: number;
  /** How long the simulation itself took. */
  readonly tookSec: number;
  /** Megabytes of heap in use after each tenth of the days; collected before only where `gc` is exposed. */
  readonly heap: readonly number[];
  /** At the end, with those of closed IKE SAs that anything still holds. */
  readonly ikeSasInMemory: number;
  /** Sentences; none when every rekeying succeeded, nothing leaked and both ends have the same SAs. */
  readonly wrong: readonly string[];
}

export function simulatedDays(days: number, seed = 1): SimulatedDays {
  const both = {
    rekey: { margin: 0.1, jitter: 0.1, retryMs: 1_000, maxRetryMs: 60_000 },
    lifetimeSec: 14_400,
    retransmit: PATIENT,
    child: { lifetimeSec: 3_600 },
  };
  const link = { loss: 0.05, duplicate: 0.05, jitterMs: 40 };
  const pair = standing({ seed, initiator: both, responder: both, link });
  const began = performance.now();
  const wrong: string[] = [];
  const heap: number[] = [];
  let [exchanges, ikeRekeys, childRekeys] = [0, 0, 0];
  const forget = (): void => {
    const { all } = pair.events.initiator;
    for (const event of all) {
      if (event.type === 'ike-rekeyed') ikeRekeys++;
      if (event.type === 'child-installed') childRekeys++;
      if (event.type === 'refused') wrong.push(`refused: ${JSON.stringify(event)}`);
      if (event.type === 'closed') wrong.push('the connection closed');
      if (event.type === 'child-removed' && event.reason === 'expired') wrong.push('a Child SA expired');
    }
    exchanges += pair.drawing.lines.length / 2;
    pair.drawing.clear();
    pair.world.sent.length = 0;
  };
  // What the harness remembers is not what the engine does: only what stands is kept of the events.
  const trim = (): void => {
    for (const end of ['initiator', 'responder'] as const) {
      const { all } = pair.events[end];
      const standing_ = new Set(pair[end].life.sa.children.keys());
      const kept = all.filter(
        (event) => event.type === 'child-installed' && standing_.has(event.child.spiIn),
      );
      all.splice(0, all.length, ...kept);
    }
  };
  const measureEvery = Math.max(1, Math.floor(days / 10));
  // The first Child SA is no rekeying.
  childRekeys--;
  for (let day = 0, known = 0; day < days; day++) {
    pair.run(DAY_MS);
    forget();
    // Those that are kept have been counted.
    childRekeys -= known;
    trim();
    known = pair.events.initiator.of('child-installed').length;
    if ((day + 1) % measureEvery > 0) continue;
    globalThis.gc?.();
    heap.push(process.memoryUsage().heapUsed / 1e6);
  }
  const tookSec = (performance.now() - began) / 1000;
  // Whatever was under way at midnight.
  pair.run(400_000);
  wrong.push(...disagreements(pair));
  for (const end of ['initiator', 'responder'] as const) {
    const { all, living } = pair[end].succession;
    if (living.length > 2) wrong.push(`the ${end} has ${living.length} living IKE SAs`);
    if (all.length > 5) wrong.push(`the ${end} remembers ${all.length} IKE SAs`);
    if (pair[end].life.sa.children.size > 2) {
      wrong.push(`the ${end} has ${pair[end].life.sa.children.size} Child SAs`);
    }
  }
  // Collects garbage first.
  const ikeSasInMemory = queryObjects(Lifecycle, { format: 'count' });
  return { days, ikeSasInMemory, ikeRekeys, childRekeys, exchanges, tookSec, heap, wrong };
}
