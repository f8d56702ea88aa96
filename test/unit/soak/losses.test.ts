/** Which losses of the soak are explained, and by what: nothing else may become a zero. */
import { describe, expect, it } from 'vitest';
import { adapterDrops, lossesOf, socketDrops } from '#test/soak/losses.ts';

const NOTHING = { faults: [], switches: [], overflows: [] };
const at = (...times: readonly number[]) => times.map((each) => ({ at: each, way: 'there' as const }));

describe('a lost datagram', () => {
  it('of a fault, or just before it, is not counted', () => {
    const faults = [{ begin: 1000, end: 5000 }];
    expect(lossesOf(at(760, 1000, 5000), { ...NOTHING, faults })).toMatchObject({ elsewhere: 0, lines: [] });
    expect(lossesOf(at(740, 5001), { ...NOTHING, faults })).toMatchObject({ elsewhere: 2 });
  });

  it('just before a fault is counted where a later one came back before the fault', () => {
    const faults = [{ begin: 1000, end: 5000 }];
    const overtaken = [999, 1000].map((overtakenAt) => ({ at: 960, way: 'there' as const, overtakenAt }));
    expect(lossesOf(overtaken, { ...NOTHING, faults })).toMatchObject({ elsewhere: 1 });
  });

  it('within a second of a switch was lost at it', () => {
    const switches = [10_000];
    expect(lossesOf(at(8999, 9000, 11_000, 11_001), { ...NOTHING, switches })).toMatchObject({
      atSwitches: 2,
      elsewhere: 2,
    });
  });

  it('is explained by a full buffer of its moment, each drop explains one', () => {
    const overflows = [{ from: 2000, to: 2200, count: 2 }];
    expect(lossesOf(at(1499, 1500, 2100, 2200, 2201), { ...NOTHING, overflows })).toMatchObject({
      inBuffers: 2,
      elsewhere: 3,
    });
  });

  it('is told of, in bursts by their way', () => {
    const lost = [...at(0, 100, 201), { at: 202, way: 'back' as const }];
    expect(lossesOf(lost, NOTHING).lines).toEqual([
      'lost 2 datagrams there outside of faults, sent 00:00:00.000 to 00:00:00.100',
      'lost 1 datagrams there outside of faults, sent 00:00:00.201 to 00:00:00.201',
      'lost 1 datagrams back outside of faults, sent 00:00:00.202 to 00:00:00.202',
    ]);
  });
});

describe('the counters of the system', () => {
  it('are read by their names', () => {
    expect(socketDrops('Ip: a b\nUdp: InDatagrams InErrors RcvbufErrors X\nUdp: 9 8 7 6\n')).toBe(7);
    const devices = `Inter-|   Receive  |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     1 2 0 3 0 0 0 0 4 5 0 6 0 0 0 0
 adit0: 1 2 0 30 0 0 0 0 4 5 0 60 0 0 0 0
`;
    expect(adapterDrops(devices)).toBe(99);
  });

  it('must be there', () => {
    expect(() => socketDrops('Udp: A\nUdp: 1\n')).toThrow('no counter');
    expect(() => adapterDrops('a\nb\n lo: 1 2\n')).toThrow('no counter');
  });
});
