/**
 * The network watch over what a kernel said: rtnetlink messages recorded from Linux 6.18 in a namespace (test/fixtures/
 * rtnetlink.json, by step), clocks that jump, and time that the test owns.
 */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { linuxNetworkWatch } from '#helper/effects/network-watch/linux.ts';
import type { NetworkChange, NetworkWatch } from '#helper/effects/network-watch/network-watch.ts';
import { Log } from '#helper/log/log.ts';
import { isTunnelAdapter, isTunnelTable } from '#helper/tunnel/numbers.ts';
import { FakeWatchSources } from '#test/fakes/watch-sources.ts';

const RECORDED = (
  JSON.parse(readFileSync(new URL('../../../fixtures/rtnetlink.json', import.meta.url), 'utf8')) as {
    step: string;
    datagrams: string[];
  }[]
).map(({ step, datagrams }) => ({
  step,
  datagrams: datagrams.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
}));

const of = (step: string): Uint8Array[] => {
  const found = RECORDED.find((recorded) => recorded.step === step);
  if (found === undefined) throw new Error(`nothing was recorded of: ${step}`);
  return found.datagrams;
};

/** As an answer to the watch's own request. */
const answer = (datagram: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(datagram);
  new DataView(copy.buffer).setUint32(12, 4711, true);
  return copy;
};

const done = (port: number): Uint8Array => {
  const message = new Uint8Array(20);
  const view = new DataView(message.buffer);
  view.setUint32(0, 20, true);
  view.setUint16(4, 3, true);
  view.setUint32(12, port, true);
  return message;
};

const NETWORK = { what: 'network' };
const HOUR = 3_600_000;

let clock: FakeClock;
let sources: FakeWatchSources;
let log: Log;
let watch: NetworkWatch;
let told: NetworkChange[];

function open(): void {
  watch = linuxNetworkWatch({
    sources,
    clock,
    ours: { adapter: isTunnelAdapter, table: isTunnelTable },
    log: log.logger('network'),
    bus: '/nonexistent/bus',
  });
  watch.subscribe((change) => told.push(change));
}

beforeEach(() => {
  clock = new FakeClock();
  sources = new FakeWatchSources();
  log = new Log(clock, []);
  told = [];
  open();
});

/** What is told of the messages of one step, once it is quiet. */
async function after(...datagrams: Uint8Array[]): Promise<NetworkChange[]> {
  sources.tell(...datagrams);
  await clock.advance(1000);
  return told.splice(0);
}

describe('what the kernel said', () => {
  /** Ours, or nothing new; tun7 was made without a process behind it, which is an adapter without a carrier. */
  const QUIET = /adit0|44311|2001:db8|6200|valid_lft|tuntap add|tun7 up/;

  /** Somebody, perhaps we, took these away from a table of ours. */
  const TAKEN = ['ip rule del priority 6200', 'ip -6 route flush table 44311'];

  it('of each step: one event, or none where it is ours and there, or nothing new', async () => {
    const seen: [string, NetworkChange[]][] = [];
    for (const { step, datagrams } of RECORDED) seen.push([step, await after(...datagrams)]);
    const expected = (step: string) => {
      if (TAKEN.includes(step)) return [{ what: 'taken', tables: [44_311] }];
      return QUIET.test(step) ? [] : [NETWORK];
    };
    expect(seen).toEqual(RECORDED.map(({ step }) => [step, expected(step)]));
  });

  it('needs the steps before: a repeated message is news where nothing is known', async () => {
    expect(await after(...of('ip link set eth0 up'))).toEqual([NETWORK]);
    expect(await after(...of('ip link set eth0 up').filter((datagram) => datagram[4] === 16))).toEqual([]);
  });

  it('in answer to its own request is no event', async () => {
    expect(await after(...of('ip link set eth0 up').map(answer))).toEqual([]);
    expect(await after(...of('ip addr add 192.0.2.2/24 dev eth0').map(answer))).toEqual([]);
  });

  it('of a Wi-Fi scan: the link as it was, with an event of the driver', async () => {
    const link = of('ip link set eth0 up').findLast((datagram) => datagram[4] === 16) ?? new Uint8Array();
    await after(link);
    // IFLA_WIRELESS with an iw_event, nothing changed.
    const scan = Uint8Array.from([...link, 8, 0, 11, 0, 1, 2, 3, 4]);
    const view = new DataView(scan.buffer);
    view.setUint32(0, scan.length, true);
    view.setUint32(28, 0, true);
    expect(await after(scan)).toEqual([]);
    // The access point goes: the carrier with it. The next one lets us in after its own authentication.
    const flags = (value: number): Uint8Array => {
      const changed = Uint8Array.from(link);
      new DataView(changed.buffer).setUint32(24, value, true);
      return changed;
    };
    expect(await after(flags(0x1003))).toEqual([NETWORK]);
    expect(await after(flags(0x31003))).toEqual([]);
    expect(await after(flags(0x11043))).toEqual([NETWORK]);
  });

  it('in one datagram is read to the end', async () => {
    await after(...of('ip link set eth0 up'));
    const messages = of('ip addr add 192.0.2.2/24 dev eth0').map((datagram) => [...datagram]);
    expect(await after(Uint8Array.from([...done(0), ...messages.flat()]))).toEqual([NETWORK]);
  });

  it('and cannot be read may have been anything', async () => {
    expect(await after(new Uint8Array(20))).toEqual([NETWORK]);
    expect(watch.parts['rtnetlink']).toBe(true);
  });
});

describe('debounce', () => {
  const rule = () => sources.tell(...of('ip rule add from 10.0.0.0/8 lookup 99'));

  it('waits until it is quiet', async () => {
    rule();
    await clock.advance(40);
    rule();
    await clock.advance(49);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([NETWORK]);
    await clock.advance(10_000);
    expect(told).toEqual([NETWORK]);
  });

  it('tells of a network that never rests twice a second', async () => {
    for (let n = 0; n < 100; n++) {
      rule();
      await clock.advance(25);
    }
    expect(told).toHaveLength(5);
  });
});

describe('lists', () => {
  const GET_LINK = 18;
  const GET_ADDRESS = 22;

  it('links, then addresses', async () => {
    expect(sources.requests).toEqual([GET_LINK]);
    await after(done(99));
    expect(sources.requests).toEqual([GET_LINK]);
    await after(done(sources.port));
    expect(sources.requests).toEqual([GET_LINK, GET_ADDRESS]);
    await after(done(sources.port));
    expect(sources.requests).toHaveLength(2);
  });

  it('again after a loss, which is an event', async () => {
    await after(done(sources.port));
    await after(done(sources.port));
    sources.lose();
    expect(await after()).toEqual([NETWORK]);
    expect(sources.requests).toEqual([GET_LINK, GET_ADDRESS, GET_LINK]);
  });

  it('again when it is through, where messages were lost meanwhile', async () => {
    sources.lose();
    expect(sources.requests).toEqual([GET_LINK]);
    await after(done(sources.port));
    expect(sources.requests).toEqual([GET_LINK, GET_LINK]);
    await after(done(sources.port));
    expect(sources.requests).toEqual([GET_LINK, GET_LINK, GET_ADDRESS]);
  });
});

describe('sleep', () => {
  it('of eight hours is told at once', () => {
    sources.pass(5000, ['wall', 'boot', 'monotonic'], false);
    sources.pass(8 * HOUR, ['wall', 'boot']);
    expect(told).toEqual([{ what: 'woke', sleptMs: 8 * HOUR }]);
  });

  it('without a clock that runs on: known all the same', () => {
    sources.pass(2000, ['boot']);
    expect(told).toEqual([{ what: 'woke', sleptMs: 2000 }]);
  });

  it('of a virtual machine: its wall clock jumps', () => {
    sources.pass(8 * HOUR, ['wall']);
    expect(told).toEqual([{ what: 'woke', sleptMs: 8 * HOUR }]);
  });

  it.each([
    ['set by NTP a little', 900],
    ['set by NTP a little, back', -900],
    ['put back by hours', -8 * HOUR],
    ['a leap second', 1000],
    ['nothing at all', 0],
  ])('is not: %s', (_, ms) => {
    sources.pass(ms, ['wall']);
    expect(told).toEqual([]);
  });

  it('is not: many little corrections', () => {
    for (let n = 0; n < 100; n++) sources.pass(500, ['wall']);
    expect(told).toEqual([]);
  });

  it('is told once, and the next one again', () => {
    sources.pass(HOUR, ['wall', 'boot']);
    sources.pass(0, ['wall']);
    sources.pass(HOUR, ['wall', 'boot']);
    expect(told).toHaveLength(2);
  });
});

describe('a part that is missing', () => {
  it('is said once, and the others work', async () => {
    sources = new FakeWatchSources();
    sources.openFailure = new Error('EAFNOSUPPORT: Address family not supported by protocol');
    open();
    expect(watch.parts).toEqual({ rtnetlink: false, clock: false, logind: false });
    expect(log.recent().map(({ message }) => message)).toEqual([
      expect.stringMatching(/^network changes .*EAFNOSUPPORT/),
      expect.stringMatching(/^sleep .*EAFNOSUPPORT/),
    ]);
    expect(() => watch.close()).not.toThrow();
    await clock.settle();
  });

  it('may go missing later', async () => {
    sources.takeFailure = new Error('EBADF');
    sources.tell(new Uint8Array());
    expect(watch.parts).toEqual({ rtnetlink: false, clock: true, logind: false });
    expect(sources.opened).toBe(1);
    sources.pass(HOUR, ['boot']);
    expect(told).toHaveLength(1);
    await clock.settle();
  });
});

describe('close', () => {
  it('ends everything, also a change that waits', async () => {
    sources.tell(...of('ip rule add from 10.0.0.0/8 lookup 99'));
    expect(clock.pending).toBe(1);
    watch.close();
    watch.close();
    expect({ opened: sources.opened, pending: clock.pending }).toEqual({ opened: 0, pending: 0 });
    sources.tell(...of('ip rule add from 10.0.0.0/8 lookup 99'));
    sources.pass(HOUR, ['boot']);
    await clock.advance(10_000);
    expect(told).toEqual([]);
  });

  it('of a subscription ends that one, though the listener is there twice', () => {
    const heard: string[] = [];
    const listener = ({ what }: NetworkChange): void => void heard.push(what);
    const first = watch.subscribe(listener);
    watch.subscribe(listener);
    sources.pass(HOUR, ['boot']);
    first();
    first();
    sources.pass(HOUR, ['boot']);
    expect(heard).toEqual(['woke', 'woke', 'woke']);
  });
});
