/** The soak's judgement: every zero that is none is a sentence, and the table has what the issue asks for. */
import { describe, expect, it } from 'vitest';
import { soakTable, wrongs } from '#test/soak/report.ts';
import type { SoakResult } from '#test/soak/soak.ts';

const FOOTPRINT = { rss: 120, heap: 44, descriptors: 32 };
const WELL: SoakResult = {
  seconds: 1800,
  seed: 3,
  happenings: [
    { what: 'rekey of the Child SA, by us', kind: 'switch', begin: 0, end: 1000, backMs: 3 },
    { what: 'link down', kind: 'fault', begin: 2000, end: 9000, backMs: 1200 },
    { what: 'gateway killed and started again', kind: 'fault', begin: 10_000, end: 22_000, backMs: 6000 },
  ],
  streams: {
    connections: 4,
    ended: [],
    bytesIn: 5e6,
    bytesOut: 6e6,
    corrupt: 0,
    sent: 9000,
    back: 8000,
    late: 0,
    gap: 8000,
  },
  connections: 4,
  losses: { atSwitches: 0, elsewhere: 0, inBuffers: 0, lines: [] },
  replayDrops: 0,
  ikeSas: 3,
  childSas: 40,
  rekeyings: { child: { ours: 2, theirs: 30 }, ike: { ours: 1, theirs: 5 }, temporaryFailures: 1, moves: 7 },
  ends: ['the gateway fell silent'],
  failures: [],
  footprints: [FOOTPRINT, FOOTPRINT, { ...FOOTPRINT, rss: 121 }],
  connected: 0.96,
  simulated: {
    days: 365,
    ikeRekeys: 2629,
    childRekeys: 10_512,
    datagrams: 57_675,
    tookSec: 30,
    heap: [18.2, 18.3, 18.4, 18.5],
    ikeSasInMemory: 4,
    wrong: [],
  },
};

describe('a soak', () => {
  it('in which all is well has nothing wrong', () => {
    expect(wrongs(WELL)).toEqual([]);
  });

  const one = WELL.happenings[0];
  if (!one) throw new Error('no happening');
  it.each<[string, Partial<SoakResult>]>([
    ['TCP connections lost: reset', { streams: { ...WELL.streams, ended: ['reset'] } }],
    ['2 records with another hash', { streams: { ...WELL.streams, corrupt: 2 } }],
    ['1 packets lost at switches', { losses: { ...WELL.losses, atSwitches: 1 } }],
    ['1 packets lost elsewhere outside of faults', { losses: { ...WELL.losses, elsewhere: 1 } }],
    ['1 replay drops', { replayDrops: 1 }],
    ['it failed', { failures: ['it failed'] }],
    ['the heap grew by 5.0 MB', { footprints: [FOOTPRINT, FOOTPRINT, { ...FOOTPRINT, heap: 49 }] }],
    ['3 more descriptors', { footprints: [FOOTPRINT, FOOTPRINT, { ...FOOTPRINT, descriptors: 35 }] }],
    ['simulated: refused', { simulated: { ...WELL.simulated, wrong: ['refused'] } }],
    ['simulated: the heap grew by 20 MB', { simulated: { ...WELL.simulated, heap: [20, 25, 30, 40] } }],
    ['never came back after: link down', { happenings: [{ ...one, what: 'link down', backMs: undefined }] }],
    ['back only after 2100 ms: link down', { happenings: [{ ...one, what: 'link down', backMs: 2100 }] }],
  ])('is told: %s', (sentence, change) => {
    expect(wrongs({ ...WELL, ...change })).toEqual([sentence]);
  });

  it('may come back later where the machine does much else', () => {
    const slow = { ...WELL, happenings: [{ ...one, backMs: 5000 }] };
    expect(wrongs(slow, 3)).toEqual([]);
    expect(wrongs(slow, 2)).toHaveLength(1);
  });

  it('prints what the issue asks for', () => {
    const table = soakTable(WELL);
    for (const row of [
      '| hours, real | 0.50 (seed 3) |',
      '| hours, simulated | 8760 |',
      '| rekeyings, real | 6 of the IKE SA (1 begun by us), 32 of the Child SA (2 begun by us) |',
      '| roams (moves by MOBIKE) | 7 |',
      '| faults injected | 2 |',
      '| connections lost (TCP through the tunnel) | 0 of 4 |',
      '| packets lost at switches | 0 |',
      '| memory of the helper, RSS | 120.0 MB, at the end 121.0 MB |',
      '| fault: link down | 1 × back after 1200 ms (median), 1200 ms (max) |',
    ]) {
      expect(table).toContain(row);
    }
  });
});
