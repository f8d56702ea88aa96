/**
 * Random schedules for a pair of IKEv2 ends (fast-check): what both ends may be told about their SAs, over which links, for how
 * long that is tried, and how all of it has to end. rekey-schedules.test.ts and fuzz/ikev2-roaming.test.ts draw from it.
 */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Ikev2Pair } from './ikev2-pair.ts';
import { disagreements } from './ikev2-rekey.ts';
import { QUIET } from './virtual-link.ts';

/** Never gives up, so that what is left at the end is never an accident of the link. */
export const PATIENT = { initialMs: 300, factor: 1.3, maxMs: 2_000, attempts: 200, jitter: 0.2 };

export interface Link {
  readonly loss: number;
  readonly duplicate: number;
  readonly jitterMs: number;
}

export const seeds = fc.integer({ min: 1, max: 100_000 });
export const links: fc.Arbitrary<Link> = fc.record({
  loss: fc.constantFrom(0, 0.1, 0.3),
  duplicate: fc.constantFrom(0, 0.3),
  jitterMs: fc.constantFrom(0, 30, 300),
});
/** Until the next command, in ms: at once, within a round trip, or after some of them. */
export const waits: fc.Arbitrary<number> = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 60 }),
  fc.integer({ min: 0, max: 3_000 }),
);

export interface SaCommand {
  readonly role: 'initiator' | 'responder';
  readonly what: 'rekey-ike' | 'rekey-child' | 'create' | 'delete-child' | 'liveness';
  /** Which of the Child SAs, in the order of their making. */
  readonly child: number;
}

/** Tells one end; what it comes to is for the time that follows. */
export function command(pair: Ikev2Pair, { role, what, child: at }: SaCommand): void {
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
}

const ASKED_MS = process.env['ADIT_SCHEDULES_MS'];
/** ADIT_SCHEDULES_MS looks for so long; without it some hundred schedules are enough, which take a second or two. */
export const LIMIT_MS = Number(ASKED_MS ?? 6_000);
export const search = (runs: number) => ({
  numRuns: ASKED_MS === undefined ? runs : Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: LIMIT_MS,
  markInterruptAsFailure: false,
});

/** Everything that was begun ends; what retries or tidies up has its time; then both ends have the same. */
export function expectAgreement(pair: Ikev2Pair): void {
  pair.run(400_000);
  expect(disagreements(pair)).toEqual([]);
  expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
}

/** The initiator deletes everything, and neither end has anything left to do. */
export function expectEnd(pair: Ikev2Pair): void {
  // A Delete gets five seconds, in which a bad link may lose every one of them.
  pair.link.options = QUIET;
  pair.do((now) => pair.initiator.delete(now)).run(400_000);
  expect(disagreements(pair)).toEqual([]);
  expect([pair.initiator.pollTimeout(), pair.responder.pollTimeout()]).toEqual([undefined, undefined]);
}
