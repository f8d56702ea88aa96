/**
 * The network watch over what a kernel said: messages of rtnetlink and nfnetlink recorded from Linux 6.18 in a namespace (test/fixtures,
 * by step; the tables are those of firewall/ruleset.ts), a real file for the name servers, clocks that jump, and time that the test owns.
 */
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { linuxNetworkWatch } from '#helper/effects/network-watch/linux.ts';
import type { NetworkChange, NetworkWatch, Taken } from '#helper/effects/network-watch/network-watch.ts';
import { Log } from '#helper/log/log.ts';
import { NETLINK_NETFILTER } from '#helper/native/watch.ts';
import { isTunnelAdapter, isTunnelTable } from '#helper/tunnel/numbers.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { FakeWatchSources } from '#test/fakes/watch-sources.ts';

const recordedIn = (name: string) =>
  (
    JSON.parse(readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url), 'utf8')) as {
      step: string;
      datagrams: string[];
    }[]
  ).map(({ step, datagrams }) => ({
    step,
    datagrams: datagrams.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
  }));

const RECORDED = recordedIn('rtnetlink.json');
const TABLES = recordedIn('nfnetlink.json');

const of = (step: string): Uint8Array[] => {
  const found = [...RECORDED, ...TABLES].find((recorded) => recorded.step === step);
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
const taken = (...parts: Taken[]): NetworkChange => ({ what: 'taken', taken: parts });
const HOUR = 3_600_000;

let clock: FakeClock;
let sources: FakeWatchSources;
let log: Log;
let watch: NetworkWatch;
let resolvConf: string;
let told: NetworkChange[];

function open(): void {
  watch = linuxNetworkWatch({
    sources,
    clock,
    ours: { adapter: isTunnelAdapter, table: isTunnelTable },
    resolvConf,
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
  resolvConf = join(temporaryDirectory(), 'resolv.conf');
  open();
});
afterEach(() => watch.close());

/** What is told of the messages of one step, once it is quiet. */
async function after(...datagrams: Uint8Array[]): Promise<NetworkChange[]> {
  sources.tell(...datagrams);
  await clock.advance(1000);
  return told.splice(0);
}

describe('what the kernel said', () => {
  /** Ours, or nothing new; tun7 was made without a process behind it, which is an adapter without a carrier. */
  const QUIET = /adit0|44311|2001:db8|6200|valid_lft|tuntap add|tun7 up/;

  const OFF = { part: 'link', tun: 'adit0' } as const;
  const ADDRESS = { part: 'address', tun: 'adit0', address: '10.9.0.2' } as const;

  const ALL_OF_IT = { what: 'taken', taken: expect.arrayContaining([OFF, ADDRESS]) as unknown };

  /** Somebody, perhaps we, took these away from a table of ours. */
  const TAKEN = ['ip rule del priority 6200', 'ip -6 route flush table 44311'];

  it('of each step: one event, or none where it is ours and there, or nothing new', async () => {
    const seen: [string, NetworkChange[]][] = [];
    for (const { step, datagrams } of RECORDED) seen.push([step, await after(...datagrams)]);
    const expected = (step: string) => {
      if (TAKEN.includes(step)) return [taken({ part: 'routes', table: 44_311 })];
      if (step === 'ip tuntap del adit0 mode tun') return [ALL_OF_IT];
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
    expect(await after(new Uint8Array(20))).toEqual([taken({ part: 'link' }), NETWORK]);
    expect(watch.parts['rtnetlink']).toBe(true);
  });
});

describe('the firewall tables', () => {
  const FIREWALL = taken({ part: 'firewall', tun: 'adit0' });

  it.each([
    ['the tables are made', []],
    ['the tables are replaced', []],
    ['flush table ip adit_adit0', [FIREWALL]],
    ['another table is made', []],
    ['delete chain arp adit_adit0 input', [FIREWALL]],
    ['flush ruleset', [FIREWALL]],
  ])('%s', async (step, expected) => {
    sources.tellTables(...of(step));
    await clock.advance(1000);
    expect(told).toEqual(expected);
  });

  it('one is replaced and another stays away: told', async () => {
    const [flushed, replaced] = [of('flush ruleset'), of('the tables are replaced')];
    // Without what follows of IPv4's table, in another datagram.
    sources.tellTables(...flushed, ...replaced.slice(-1));
    await clock.advance(1000);
    expect(told).toEqual([FIREWALL]);
  });

  it.each([
    ['lost', () => sources.lose(NETLINK_NETFILTER)],
    ['not to be read', () => sources.tellTables(Uint8Array.from({ length: 20 }, () => 255))],
  ])('messages are %s: any may be meant', async (_, say) => {
    say();
    await clock.advance(1000);
    expect(told).toEqual([taken({ part: 'firewall' })]);
  });
});

describe('the name servers', () => {
  /** Once the kernel has said something, and it is quiet. */
  const afterwards = async (): Promise<NetworkChange[]> => {
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
    await clock.advance(1000);
    return told.splice(0);
  };
  const DNS = taken({ part: 'dns' });

  it('are written, replaced, written into again, removed, and made a link', async () => {
    writeFileSync(resolvConf, 'nameserver 192.0.2.1\n');
    expect(await afterwards()).toEqual([DNS]);
    writeFileSync(`${resolvConf}.new`, 'nameserver 192.0.2.2\n');
    renameSync(`${resolvConf}.new`, resolvConf);
    expect(await afterwards()).toEqual([DNS]);
    writeFileSync(resolvConf, 'nameserver 192.0.2.3\n');
    expect(await afterwards()).toEqual([DNS]);
    rmSync(resolvConf);
    expect(await afterwards()).toEqual([DNS]);
    symlinkSync('/nowhere/at/all', resolvConf);
    expect(await afterwards()).toEqual([DNS]);
    expect(watch.parts['inotify']).toBe(true);
  });

  it('what stands there cannot be watched: that it changed is told, and that nothing more will be', async () => {
    symlinkSync('x'.repeat(300), resolvConf);
    expect(await afterwards()).toEqual([DNS]);
    expect(watch.parts['inotify']).toBe(false);
    expect(log.recent().map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^changes of the name servers .*ENAMETOOLONG/),
    );
  });

  it('a file beside them is nobody’s business', async () => {
    writeFileSync(`${resolvConf}.dhclient`, 'nameserver 192.0.2.1\n');
    writeFileSync(resolvConf, 'nameserver 192.0.2.1\n');
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    await clock.advance(1000);
    expect(told).toEqual([DNS]);
  });
});

describe('what is taken again whenever it was put back', () => {
  const answerFor = async (ms: number): Promise<number> => {
    const unsubscribe = watch.subscribe(() => sources.tell(...of('ip rule del priority 6200')));
    sources.tell(...of('ip rule del priority 6200'));
    await clock.advance(ms);
    unsubscribe();
    return told.splice(0).length;
  };
  const warned = () => log.recent().filter(({ level }) => level === 'warn' || level === 'info');

  it('is told of at once ten times, then once a second, and that is said', async () => {
    const quick = await answerFor(499);
    expect([quick, warned().length]).toEqual([9, 0]);
    const lines = log.recent().length;
    expect(await answerFor(60_000)).toBeLessThan(65);
    expect(warned().map(({ message }) => message)).toEqual([expect.stringMatching(/again and again/)]);
    // Neither here nor by those who are told.
    expect(log.recent().length - lines).toBeLessThan(5);
  });

  it('those who are told hear that it was said', async () => {
    const heard: NetworkChange[] = [];
    watch.subscribe((change) => void heard.push(change));
    await answerFor(10_000);
    expect(heard.map((change) => change.what === 'taken' && change.again)).toEqual([
      ...Array.from({ length: 9 }, () => undefined),
      ...Array.from({ length: heard.length - 9 }, () => true),
    ]);
    expect(heard.length).toBeGreaterThan(12);
  });

  it('and at once again after some rest', async () => {
    await answerFor(60_000);
    await clock.advance(10_000);
    told.length = 0;
    expect(await answerFor(499)).toBe(9);
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
    expect(await after()).toEqual([taken({ part: 'link' }), NETWORK]);
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
    expect(watch.parts).toEqual({
      rtnetlink: false,
      nfnetlink: false,
      inotify: true,
      clock: false,
      logind: false,
    });
    expect(log.recent().map(({ message }) => message)).toEqual([
      expect.stringMatching(/^network changes .*EAFNOSUPPORT/),
      expect.stringMatching(/^changes of the firewall tables .*EAFNOSUPPORT/),
      expect.stringMatching(/^sleep .*EAFNOSUPPORT/),
    ]);
    expect(() => watch.close()).not.toThrow();
    await clock.settle();
  });

  it('may go missing later', async () => {
    sources.takeFailure = new Error('EBADF');
    sources.tell(new Uint8Array());
    sources.tellTables(new Uint8Array());
    expect(watch.parts).toEqual({
      rtnetlink: false,
      nfnetlink: false,
      inotify: true,
      clock: true,
      logind: false,
    });
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
