/**
 * Random commands at both ends over bad links (fast-check): when everything has come to rest, both have the same SAs with the
 * same keys. And a month of rekeying by time, or a year where ADIT_LONG=1 asks for it.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { heapGrowth, simulatedDays } from '#test/harness/ikev2-long.ts';
import { hybrid } from '#test/harness/ikev2-hybrid.ts';
import type { PairOptions } from '#test/harness/ikev2-pair.ts';
import { standing } from '#test/harness/ikev2-rekey.ts';
import {
  command,
  expectAgreement,
  expectEnd,
  LIMIT_MS,
  type Link,
  links,
  PATIENT,
  type SaCommand,
  search,
  seeds,
  waits,
} from '#test/harness/ikev2-schedules.ts';

interface Command extends SaCommand {
  readonly waitMs: number;
}

const step: fc.Arbitrary<Command> = fc.record({
  role: fc.constantFrom('initiator', 'responder'),
  what: fc.constantFrom(
    'rekey-ike',
    'rekey-ike',
    'rekey-child',
    'rekey-child',
    'create',
    'delete-child',
    'liveness',
  ),
  child: fc.nat(5),
  waitMs: waits,
});

/** Schedules that once ended otherwise. */
const FOUND: [number, Link, Command[]][] = [
  // The winner of a race is deleted before the loser is: the loser is nobody's predecessor any more.
  [
    6494,
    { loss: 0.3, duplicate: 0, jitterMs: 0 },
    [
      { role: 'responder', what: 'rekey-child', child: 0, waitMs: 0 },
      { role: 'initiator', what: 'rekey-child', child: 0, waitMs: 223 },
      { role: 'responder', what: 'rekey-ike', child: 1, waitMs: 0 },
      { role: 'initiator', what: 'delete-child', child: 3, waitMs: 0 },
      { role: 'initiator', what: 'delete-child', child: 2, waitMs: 57 },
      { role: 'responder', what: 'create', child: 3, waitMs: 10 },
    ],
  ],
  // Both rekey one Child SA, and both successors are deleted before one end hears what came of its request: no race is left.
  [
    99_999,
    { loss: 0.3, duplicate: 0.3, jitterMs: 0 },
    [
      { role: 'responder', what: 'rekey-child', child: 0, waitMs: 0 },
      { role: 'initiator', what: 'rekey-child', child: 1, waitMs: 11 },
      { role: 'responder', what: 'rekey-ike', child: 1, waitMs: 2 },
      { role: 'initiator', what: 'create', child: 2, waitMs: 60 },
      { role: 'initiator', what: 'liveness', child: 3, waitMs: 1418 },
      { role: 'initiator', what: 'liveness', child: 1, waitMs: 0 },
      { role: 'initiator', what: 'create', child: 0, waitMs: 39 },
      { role: 'responder', what: 'rekey-ike', child: 1, waitMs: 1368 },
      { role: 'initiator', what: 'delete-child', child: 1, waitMs: 2985 },
      { role: 'initiator', what: 'create', child: 1, waitMs: 38 },
      { role: 'responder', what: 'rekey-ike', child: 1, waitMs: 17 },
      { role: 'initiator', what: 'rekey-ike', child: 3, waitMs: 15 },
    ],
  ],
];

const KINDS = ['one key exchange', 'hybrid', 'divided', 'unequal'] as const;

describe.each(KINDS)('random schedules (%s)', (kind) => {
  const begin = (options: PairOptions) =>
    kind === 'one key exchange' ? standing(options) : hybrid(options, kind);

  it('both ends finish with the same set of SAs', { timeout: LIMIT_MS + 60_000 }, () => {
    let [runs, installed, rekeyed, further] = [0, 0, 0, 0];
    fc.assert(
      fc.property(seeds, links, fc.array(step, { minLength: 1, maxLength: 14 }), (seed, link, commands) => {
        // Some messages in fragments.
        const fragmentBytes = 1_280;
        const pair = begin({
          seed,
          initiator: { retransmit: PATIENT, fragmentBytes },
          responder: { retransmit: PATIENT, maxChildSas: 6, fragmentBytes },
        });
        pair.link.options = { ...pair.link.options, ...link };
        for (const told of commands) {
          command(pair, told);
          pair.run(told.waitMs);
        }
        expectAgreement(pair);
        runs++;
        installed += pair.events.initiator.of('child-installed').length;
        rekeyed += pair.events.initiator.of('ike-rekeyed').length;
        further += pair.drawing.messages.filter(({ message: { header } }) => {
          return header.exchange === ExchangeType.IKE_FOLLOWUP_KE && header.response;
        }).length;
        // No more than what was asked for, once at either end.
        expect(pair.events.initiator.of('ike-rekeyed').length).toBeLessThanOrEqual(commands.length);
        expectEnd(pair);
      }),
      { examples: FOUND, ...search(kind === 'one key exchange' ? 400 : 150) },
    );
    // A busy machine takes fewer, but those rekey as often: beyond the one Child SA of each.
    expect(runs).toBeGreaterThan(10);
    expect(installed).toBeGreaterThan(1.5 * runs);
    expect(rekeyed).toBeGreaterThan(0.5 * runs);
    expect(further > 0.5 * runs).toBe(kind !== 'one key exchange');
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
