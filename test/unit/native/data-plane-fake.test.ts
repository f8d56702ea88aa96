/** The fake data plane keeps what the native one promises. */
import { describe, expect, it } from 'vitest';
import { FakePlatform } from '#helper/native/data-plane-fake.ts';
import type { DataPlane, IkeDatagram } from '#helper/native/data-plane.ts';
import { type Fault, FakeNetwork, type FakeNetworkOptions } from '#helper/native/fake-network.ts';
import { type ChildText, childFromText, facing } from '#test/harness/esp-children.ts';
import { ipv4Udp } from '#test/harness/ip-packets.ts';

const SA: ChildText = {
  spiIn: 0x1001,
  spiOut: 0x2001,
  esp: 'aes128gcm16',
  keyIn: 'right to left',
  keyOut: 'left to right',
  local: ['10.0.0.0/24'],
  remote: ['10.1.0.0/24'],
};
const packet = ipv4Udp({ source: '10.0.0.1', destination: '10.1.0.1', payload: new Uint8Array(9) });
const answer = ipv4Udp({ source: '10.1.0.1', destination: '10.0.0.1', payload: new Uint8Array(5) });

/** The timers of all lifetimes that have not ended. */
const timers: { readonly ms: number; readonly callback: () => void }[] = [];

function host(network: FakeNetwork, ...addresses: string[]) {
  const platform = new FakePlatform({
    network,
    addresses,
    random: (length) => new Uint8Array(length).fill(3),
    setTimer: (ms, callback) => {
      const timer = { ms, callback };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
  });
  const seen = { ike: [] as IkeDatagram[], expired: [] as string[], fatal: [] as string[] };
  const tun = platform.openTun('adit%d');
  const plane: DataPlane = platform.openDataPlane({
    tun,
    sockets: [
      { family: 4, port: 4500 },
      { family: 4, port: 0, protocol: 'esp' },
    ],
    events: {
      onIke: (datagram) => seen.ike.push(datagram),
      onExpired: (spiIn, reason) => seen.expired.push(`${spiIn} ${reason}`),
      onFatal: (what) => seen.fatal.push(what),
    },
  });
  const fakeTun = platform.tuns[0];
  if (!fakeTun) throw new Error('no adapter');
  return { platform, plane, seen, tun: fakeTun };
}

function joined(options: FakeNetworkOptions = {}, child = SA) {
  const network = new FakeNetwork(options);
  const [left, right] = [host(network, '192.0.2.1'), host(network, '192.0.2.2')];
  left.plane.installChild(childFromText(child), { socket: 0, remote: { address: '192.0.2.2', port: 4500 } });
  right.plane.installChild(childFromText(facing(child)), {
    socket: 0,
    remote: { address: '192.0.2.1', port: 4500 },
  });
  return { network, left, right };
}

describe('two fakes on one network', () => {
  it('end an SA when its lifetime is over, tell once, and forget the timer of one that is removed', () => {
    timers.length = 0;
    const { left, right } = joined({}, { ...SA, lifetimeSec: 60 });
    expect(timers.map(({ ms }) => ms)).toEqual([60_000, 60_000]);
    right.plane.removeChild(SA.spiOut);
    expect(timers).toHaveLength(1);
    timers[0]?.callback();
    left.tun.send(packet);
    expect(left.seen.expired).toEqual([`${SA.spiIn} time`]);
    expect(left.plane.stats()).toMatchObject({ noSa: 1n, children: [{ packetsLeft: 0n, packetsOut: 0n }] });
  });

  it('change to ESP without UDP and back, one end after the other', () => {
    const { network, left, right } = joined();
    const ways = [
      [0, 4500],
      [1, 50],
      [0, 4500],
    ] as const;
    for (const [socket, place] of ways) {
      left.plane.setPath(SA.spiIn, { socket, remote: { address: '192.0.2.2', port: 4500 } });
      left.tun.send(packet);
      right.tun.send(answer);
      expect(network.deliver()).toBe(2);
      expect(network.log.at(-2)).toMatchObject({ from: { port: place }, to: { port: place } });
    }
    expect(right.tun.received).toHaveLength(3);
    expect(left.tun.received).toHaveLength(3);
  });

  it('hear nothing of other ESP on a socket of ESP', () => {
    const { network, left } = joined();
    const from = { address: '192.0.2.9', port: 50 };
    const to = { address: '192.0.2.1', port: 50 };
    for (const bytes of [new Uint8Array(3), new Uint8Array(40).fill(9)]) network.send({ from, to, bytes });
    network.deliver();
    expect(left.plane.stats()).toMatchObject({ unknownSpi: 0n, runts: 0n });
  });

  it('carry packets both ways and count alike', () => {
    const { network, left, right } = joined();
    left.tun.send(packet);
    expect(right.tun.received).toEqual([]);
    expect(network.deliver()).toBe(1);
    right.tun.send(answer);
    network.deliver();
    expect(right.tun.received).toEqual([packet]);
    expect(left.tun.received).toEqual([answer]);
    expect(left.plane.stats().children[0]).toMatchObject({ packetsOut: 1n, packetsIn: 1n, bytesIn: 33n });
    expect(Buffer.from(network.log[0]?.bytes ?? []).includes(Buffer.from(packet))).toBe(false);
  });

  it('carry IKE with its addresses and markers, and swallow keepalives', () => {
    const { network, left, right } = joined();
    const bytes = new Uint8Array(28).fill(1);
    const remote = { address: '192.0.2.2', port: 4500 };
    left.plane.sendIke(0, remote, bytes);
    left.plane.sendIke(0, remote, Uint8Array.of(0xff), { keepalive: true });
    left.plane.sendIke(0, remote, Uint8Array.of(1, 2));
    network.deliver();
    expect(right.seen.ike).toEqual([
      { socket: 0, remote: { address: '192.0.2.1', port: 4500 }, local: remote, bytes },
    ]);
    expect(network.log.map((datagram) => datagram.bytes.length)).toEqual([32, 1, 6]);
    expect(right.plane.stats().runts).toBe(1n);
  });

  it.each<[Fault, number, object]>([
    ['drop', 0, { packetsIn: 0n }],
    ['duplicate', 1, { packetsIn: 1n, replayDrops: 1n }],
    ['corrupt', 0, { packetsIn: 0n, authFailures: 1n }],
    ['delay', 1, { packetsIn: 1n }],
  ])('suffer the fault %s', (fault, arrived, counters) => {
    const { network, left, right } = joined({ fault: () => fault });
    left.tun.send(packet);
    network.deliver();
    expect(right.tun.received).toHaveLength(arrived);
    expect(right.plane.stats().children[0]).toMatchObject(counters);
  });

  it('a delayed datagram comes after the ones behind it', () => {
    const { network, left, right } = joined({ fault: (_, number) => (number === 0 ? 'delay' : 'pass') });
    left.tun.send(packet);
    left.tun.send(packet.with(27, 99));
    network.deliver();
    expect(right.tun.received.map((one) => one[27])).toEqual([99, packet[27]]);
  });

  it('deliver by themselves where they are given the means', async () => {
    const { left, right } = joined({ wake: queueMicrotask });
    left.tun.send(packet);
    left.tun.send(packet);
    await Promise.resolve();
    expect(right.tun.received).toHaveLength(2);
  });

  it('tell when a limit is met, once, and use the older SA', () => {
    const { network, left, right } = joined({}, { ...SA, maxPackets: 1 });
    const older = { ...SA, spiIn: 0x1002, spiOut: 0x2002 };
    const path = { socket: 0, remote: { address: '192.0.2.2', port: 4500 } };
    for (let i = 0; i < 3; i++) left.tun.send(packet);
    expect(left.seen.expired).toEqual(['4097 packets']);
    expect(left.plane.stats().noSa).toBe(2n);
    left.plane.installChild(childFromText(older), path);
    left.tun.send(packet);
    left.plane.retireOutbound(0x1002);
    left.tun.send(packet);
    network.deliver();
    expect(right.tun.received).toHaveLength(1);
    expect(right.plane.stats().unknownSpi).toBe(1n);
    expect(left.plane.stats()).toMatchObject({ noSa: 3n });
  });

  it('keep what comes before its SA until that is there', () => {
    const { network, left, right } = joined();
    right.plane.removeChild(SA.spiOut);
    left.tun.send(packet);
    network.deliver();
    expect(right.tun.received).toEqual([]);
    expect(right.plane.stats().unknownSpi).toBe(1n);
    const path = { socket: 0, remote: { address: '192.0.2.1', port: 4500 } };
    right.plane.installChild(childFromText(facing(SA)), path);
    expect(right.tun.received).toEqual([packet]);
    expect(right.plane.stats().children[0]).toMatchObject({ packetsIn: 1n });
  });

  it('change the path, and forget an SA that is removed', () => {
    const { network, left, right } = joined();
    left.plane.setPath(SA.spiIn, { socket: 0, remote: { address: '192.0.2.9', port: 4500 } });
    left.tun.send(packet);
    network.deliver();
    expect(right.tun.received).toEqual([]);
    left.plane.removeChild(SA.spiIn);
    left.plane.removeChild(SA.spiIn);
    left.tun.send(packet);
    expect(left.plane.stats()).toMatchObject({ children: [], noSa: 1n });
  });
});

describe('one fake', () => {
  it('refuses a port that is taken and closes the adapter then', () => {
    const network = new FakeNetwork();
    const { platform } = host(network, '192.0.2.1');
    const tun = platform.openTun('adit%d');
    expect(tun.name).toBe('adit1');
    const events = { onIke: () => undefined, onExpired: () => undefined, onFatal: () => undefined };
    const open = (fd: number) =>
      platform.openDataPlane({ tun: { ...tun, fd }, sockets: [{ family: 4, port: 4500 }], events });
    expect(() => open(tun.fd)).toThrow(expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind' }));
    expect(platform.tuns.map(({ name }) => name)).toEqual(['adit0']);
    expect(() => open(tun.fd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => platform.openTun('adit0')).toThrow(expect.objectContaining({ code: 'EBUSY' }));
  });

  it('refuses the same SPI twice, and everything once it is closed', () => {
    const { platform, plane, tun } = host(new FakeNetwork(), '192.0.2.1');
    const path = { socket: 0, remote: { address: '192.0.2.2', port: 4500 } };
    plane.installChild(childFromText(SA), path);
    expect(() => plane.installChild(childFromText(SA), path)).toThrow('spiIn: 4097 is the SPI of an SA');
    plane.close();
    plane.close();
    expect(platform.tuns).toEqual([]);
    expect(() => plane.stats()).toThrow('the data plane is closed');
    tun.send(packet);
  });

  it('tells when its adapter vanishes', () => {
    const { tun, seen } = host(new FakeNetwork(), '192.0.2.1');
    tun.vanish();
    tun.vanish();
    expect(seen.fatal).toEqual(['read from the TUN: File descriptor in bad state']);
  });
});
