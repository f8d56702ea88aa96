/**
 * The DataPlane of the fake: SAs of core/esp between a FakeTun and a FakeNetwork. data-plane-fake.ts opens it; the twin of
 * src/data_plane.cc.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { parseInner } from '#core/esp/inner.ts';
import { EspSa } from '#core/esp/sa.ts';
import type { SocketAddress } from '#core/net/address.ts';
import { checkChild, checkIkePath, checkPath, checkSpi, checkUdpSocket } from './arguments.ts';
import type { DataPlane, DataPlaneEvents, DataPlaneStats, EspPath, Tun } from './data-plane.ts';
import { classify, frameIke } from './demultiplex.ts';
import type { FakeDatagram, FakeNetwork } from './fake-network.ts';

/** The test's side of an adapter. */
export interface FakeTun extends Tun {
  /** Packets that came out of the tunnel, in order. */
  readonly received: Uint8Array[];
  /** As if the system had routed a packet into the adapter. Ignored while no data plane has it. */
  send(packet: Uint8Array): void;
  /** As if somebody had deleted the adapter. */
  vanish(): void;
}

export interface FakeHost {
  readonly network: FakeNetwork;
  /** At most one of each family. */
  readonly addresses: readonly string[];
  readonly random: RandomBytes;
  /** For lifetimes, in milliseconds from now; without it no SA ends by time. The returned function cancels. */
  readonly setTimer?: (ms: number, callback: () => void) => () => void;
  /** What SO_PEERCRED tells, by descriptor. */
  readonly peers?: ReadonlyMap<number, { readonly pid: number; readonly uid: number; readonly gid: number }>;
}

export class OpenTun implements FakeTun {
  readonly name: string;
  readonly fd: number;
  readonly received: Uint8Array[] = [];
  plane: FakeDataPlane | undefined;

  constructor(name: string, fd: number) {
    this.name = name;
    this.fd = fd;
  }

  send(packet: Uint8Array): void {
    this.plane?.carry(packet);
  }

  vanish(): void {
    this.plane?.lose();
    this.plane = undefined;
  }
}

export type BoundSocket = SocketAddress & { readonly family: 4 | 6; readonly protocol: 'udp' | 'esp' };

/** Where ESP without UDP lives on a FakeNetwork, which knows ports only: one data plane an address. Never a port of UDP here. */
export const ESP_PLACE = 50;

const ESP_HEADER_BYTES = 8;
/** As many as EarlyPackets of the native data plane. */
const MOST_EARLY = 64;

const spiOf = (esp: Uint8Array): number => new DataView(esp.buffer, esp.byteOffset).getUint32(0);

interface Installed {
  readonly sa: EspSa;
  readonly spiIn: number;
  path: EspPath;
  retired: boolean;
  told: boolean;
  readonly cancelTimer: (() => void) | undefined;
}

export class FakeDataPlane implements DataPlane {
  readonly sockets: BoundSocket[] = [];
  readonly features = {
    vnetHeader: false,
    tso4: false,
    tso6: false,
    uso: false,
    udpSegment: false,
    udpGro: false,
    connected: false,
    ipsecMb: false,
  };
  readonly #host: FakeHost;
  readonly #tun: OpenTun;
  readonly #events: DataPlaneEvents;
  readonly #bind: (index: number, port?: number) => BoundSocket;
  readonly #release: () => void;
  #children: Installed[] = [];
  #closed = false;
  #unknownSpi = 0n;
  /** ESP that came before its SA, at most MOST_EARLY; here without an age. */
  #early: readonly Uint8Array[] = [];
  #runts = 0n;
  #noSa = 0n;
  #sendErrors = 0n;

  constructor(
    host: FakeHost,
    tun: OpenTun,
    bind: (index: number, port?: number) => BoundSocket,
    events: DataPlaneEvents,
    release: () => void,
  ) {
    this.#host = host;
    this.#tun = tun;
    this.#bind = bind;
    this.#events = events;
    this.#release = release;
    tun.plane = this;
  }

  sendIke(
    socket: number,
    remote: SocketAddress,
    bytes: Uint8Array,
    options?: { readonly keepalive?: boolean },
  ): void {
    this.#open();
    checkIkePath({ socket, remote }, this.sockets);
    const { port } = this.sockets[socket] as BoundSocket;
    this.#send({ socket, remote }, options?.keepalive ? bytes.slice() : frameIke(bytes, port, remote.port));
  }

  installChild(child: ChildSa, path: EspPath, options?: { readonly standby?: boolean }): void {
    this.#open();
    checkChild(child);
    checkPath(path, this.sockets);
    if (this.#find(child.spiIn)) {
      throw new Error(`spiIn: ${child.spiIn} is the SPI of an SA that is installed already`);
    }
    const sa = new EspSa(child, this.#host.random);
    const { spiIn, lifetimeSec } = child;
    const endLife = (): void => {
      sa.endLife();
      this.#tellExpiry(installed);
    };
    const cancelTimer =
      lifetimeSec === undefined ? undefined : this.#host.setTimer?.(lifetimeSec * 1000, endLife);
    const installed: Installed = { sa, spiIn, path, retired: false, told: false, cancelTimer };
    if (options?.standby === true) this.#children.push(installed);
    else this.#children.unshift(installed);
    const early = this.#early.filter((esp) => spiOf(esp) === child.spiIn);
    this.#early = this.#early.filter((esp) => spiOf(esp) !== child.spiIn);
    for (const esp of early) this.#receiveEsp(esp);
  }

  removeChild(spiIn: number): void {
    this.#open();
    checkSpi(spiIn, 'spiIn');
    this.#forget(this.#find(spiIn));
    this.#children = this.#children.filter((child) => child.spiIn !== spiIn);
  }

  retireOutbound(spiIn: number): void {
    this.#open();
    checkSpi(spiIn, 'spiIn');
    const child = this.#find(spiIn);
    if (child) child.retired = true;
  }

  setPath(spiIn: number, path: EspPath): void {
    this.#open();
    checkSpi(spiIn, 'spiIn');
    checkPath(path, this.sockets);
    const child = this.#find(spiIn);
    if (child) child.path = path;
  }

  /** Binds the socket of this place in the options. */
  openSocket(index: number): void {
    this.sockets[index] = this.#bind(index);
  }

  renewPort(socket: number): void {
    this.#open();
    checkUdpSocket(socket, this.sockets);
    const old = this.sockets[socket] as BoundSocket;
    this.sockets[socket] = this.#bind(socket, 0);
    this.#host.network.unbind(old);
  }

  stats(): DataPlaneStats {
    this.#open();
    return {
      children: this.#children.map(({ sa }) => sa.counters()),
      unknownSpi: this.#unknownSpi,
      runts: this.#runts,
      noSa: this.#noSa,
      sendErrors: this.#sendErrors,
      ikeDrops: 0n,
      ecnDrops: 0n,
      tooBig: 0n,
      paths: [],
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const socket of this.sockets) this.#host.network.unbind(socket);
    for (const child of this.#children) this.#forget(child);
    this.#children = [];
    this.#tun.plane = undefined;
    this.#release();
  }

  /** A packet from the adapter. */
  carry(packet: Uint8Array): void {
    const inner = parseInner(packet);
    for (const child of this.#children) {
      if (!inner || child.retired || child.sa.expiry || !child.sa.carries(inner)) continue;
      const result = child.sa.outbound(packet);
      if (result.reason === 'ok') {
        this.#send(child.path, result.packet);
        return;
      }
      this.#tellExpiry(child); // an older SA may still take the packet
    }
    this.#noSa += 1n;
  }

  /** The adapter is gone. */
  lose(): void {
    this.#events.onFatal('read from the TUN: File descriptor in bad state');
  }

  /** A datagram from the network. */
  receive(socket: number, { from, to, bytes }: FakeDatagram): void {
    if (this.sockets[socket]?.protocol === 'esp') {
      // As the filter of a real one does.
      const known = bytes.length >= ESP_HEADER_BYTES && this.#find(spiOf(bytes)) !== undefined;
      if (known) this.#receiveEsp(bytes);
      return;
    }
    const datagram = classify(bytes, to.port, from.port);
    switch (datagram.kind) {
      case 'ike':
        this.#events.onIke({ socket, remote: from, local: to, bytes: datagram.bytes.slice() });
        return;
      case 'esp':
        this.#receiveEsp(datagram.bytes);
        return;
      case 'runt':
        this.#runts += 1n;
        return;
      case 'keepalive':
        return;
    }
  }

  #receiveEsp(esp: Uint8Array): void {
    const child = this.#find(spiOf(esp));
    if (!child) {
      this.#unknownSpi += 1n;
      this.#early = [...this.#early, esp.slice()].slice(-MOST_EARLY);
      return;
    }
    const result = child.sa.inbound(esp);
    if (result.reason === 'expired') this.#tellExpiry(child);
    if (result.reason !== 'ok') return;
    if (this.#tun.plane === this) this.#tun.received.push(result.packet.slice());
    else this.#sendErrors += 1n;
  }

  #send({ socket, remote }: EspPath, bytes: Uint8Array): void {
    const { address, port, protocol } = this.sockets[socket] as BoundSocket;
    const to = protocol === 'esp' ? { address: remote.address, port: ESP_PLACE } : remote;
    this.#host.network.send({ from: { address, port }, to, bytes });
  }

  #tellExpiry(child: Installed): void {
    if (!child.sa.expiry || child.told) return;
    child.told = true;
    child.sa.wipe();
    this.#events.onExpired(child.spiIn, child.sa.expiry);
  }

  #forget(child: Installed | undefined): void {
    child?.cancelTimer?.();
    child?.sa.wipe();
  }

  #find(spiIn: number): Installed | undefined {
    return this.#children.find((child) => child.spiIn === spiIn);
  }

  #open(): void {
    if (this.#closed) throw new Error('the data plane is closed');
  }
}
