/**
 * Random commands at both ends over bad links (fast-check): when everything has come to rest, both have the same SAs with the
 * same keys. And a month of rekeying by time, or a year where ADIT_LONG=1 asks for it.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ikev2Pair } from '#test/harness/ikev2-pair.ts';
import { heapGrowth, simulatedDays } from '#test/harness/ikev2-long.ts';
import { disagreements, standing } from '#test/harness/ikev2-rekey.ts';
import { QUIET } from '#test/harness/virtual-link.ts';

/** Never gives up, so that what is left at the end is never an accident of the link. */
const PATIENT = { initialMs: 300, factor: 1.3, maxMs: 2_000, attempts: 200, jitter: 0.2 };
const ENDS = ['initiator', 'responder'] as const;

interface Command {
  readonly role: (typeof ENDS)[number];
  readonly what: 'rekey-ike' | 'rekey-child' | 'create' | 'delete-child' | 'liveness';
  readonly at: number;
  readonly waitMs: number;
}

const command: fc.Arbitrary<Command> = fc.record({
  role: fc.constantFrom(...ENDS),
  what: fc.constantFrom(
    'rekey-ike',
    'rekey-ike',
    'rekey-child',
    'rekey-child',
    'create',
    'delete-child',
    'liveness',
  ),
  at: fc.nat(5),
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 3_000 })),
});

function give(pair: Ikev2Pair, { role, what, at, waitMs }: Command): void {
  const end = pair[role];
  const spis = [...end.life.sa.children.keys()];
  const spiIn = spis[at % Math.max(1, spis.length)] ?? 0;
  const { child } = end.life.sa.config;
  pair.do((now) => {
    if (what === 'rekey-ike') end.rekey(now, { ike: true });
    if (what === 'rekey-child') end.rekey(now, { spiIn });
    if (what === 'create') end.createChild(now, { ...child, name: 'more' });
    if (what === 'delete-child') end.delete(now, spiIn);
    if (what === 'liveness') end.checkLiveness(now);
  });
  pair.run(waitMs);
}

/** Everything that was begun has ended; what retries or tidies up has had its time. */
const settle = (pair: Ikev2Pair) => pair.run(400_000);

/** ADIT_SCHEDULES_MS looks for so long; without it some hundred schedules are enough. */
const ASKED_MS = process.env['ADIT_SCHEDULES_MS'];
const LIMIT_MS = Number(ASKED_MS ?? 6_000);
const RUNS = ASKED_MS === undefined ? 400 : Number.MAX_SAFE_INTEGER;

type Link = { readonly loss: number; readonly duplicate: number; readonly jitterMs: number };

/** Schedules that once ended otherwise. */
const FOUND: [number, Link, Command[]][] = [
  // The winner of a race is deleted before the loser is: the loser is nobody's predecessor any more.
  [
    6494,
    { loss: 0.3, duplicate: 0, jitterMs: 0 },
    [
      { role: 'responder', what: 'rekey-child', at: 0, waitMs: 0 },
      { role: 'initiator', what: 'rekey-child', at: 0, waitMs: 223 },
      { role: 'responder', what: 'rekey-ike', at: 1, waitMs: 0 },
      { role: 'initiator', what: 'delete-child', at: 3, waitMs: 0 },
      { role: 'initiator', what: 'delete-child', at: 2, waitMs: 57 },
      { role: 'responder', what: 'create', at: 3, waitMs: 10 },
    ],
  ],
];

describe('random schedules', () => {
  it('both ends finish with the same set of SAs', { timeout: LIMIT_MS + 60_000 }, () => {
    let installed = 0;
    let rekeyed = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.record({
          loss: fc.constantFrom(0, 0.1, 0.3),
          duplicate: fc.constantFrom(0, 0.3),
          jitterMs: fc.constantFrom(0, 30, 300),
        }),
        fc.array(command, { minLength: 1, maxLength: 14 }),
        (seed, link, commands) => {
          const pair = standing({
            seed,
            initiator: { retransmit: PATIENT },
            responder: { retransmit: PATIENT, maxChildSas: 6 },
          });
          pair.link.options = { ...pair.link.options, ...link };
          for (const it of commands) give(pair, it);
          settle(pair);
          expect(disagreements(pair)).toEqual([]);
          expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
          installed += pair.events.initiator.of('child-installed').length;
          rekeyed += pair.events.initiator.of('ike-rekeyed').length;
          // No more than what was asked for, once at either end.
          expect(pair.events.initiator.of('ike-rekeyed').length).toBeLessThanOrEqual(commands.length);
          // A Delete gets five seconds, in which a bad link may lose every one of them.
          pair.link.options = QUIET;
          pair.do((now) => pair.initiator.delete(now)).run(400_000);
          expect(disagreements(pair)).toEqual([]);
          expect([pair.initiator.pollTimeout(), pair.responder.pollTimeout()]).toEqual([
            undefined,
            undefined,
          ]);
        },
      ),
      {
        examples: FOUND,
        numRuns: RUNS,
        interruptAfterTimeLimit: LIMIT_MS,
        markInterruptAsFailure: false,
      },
    );
    expect(installed).toBeGreaterThan(100);
    expect(rekeyed).toBeGreaterThan(30);
  });
});

describe('a long time', () => {
  const days = process.env['ADIT_LONG'] === '1' ? 365 : 30;

  it(`${days} days of rekeying with 5 % loss, reordering and duplicates, equal lifetimes`, {
    timeout: 600_000,
  }, () => {
    const time = simulatedDays(days);
    expect(time.wrong).toEqual([]);
    // Thousands were made; what the closed ones leave behind is nothing.
    expect(time.ikeSasInMemory).toBeGreaterThan(1);
    expect(time.ikeSasInMemory).toBeLessThanOrEqual(10);
    // What the harness keeps of every key and message has grown by three megabytes in 30 days.
    expect(heapGrowth(time)).toBeLessThan(1.5);
    expect(time.ikeRekeys).toBeGreaterThan(days * 6);
    expect(time.childRekeys).toBeGreaterThan(days * 26);
    const perSecond = Math.round(time.datagrams / time.tookSec);
    console.info(`${days} days: ${time.datagrams} datagrams, ${perSecond} a second`);
  });
});
