/**
 * NativePlatform in memory over core/esp: hosts with addresses on a FakeNetwork, TUN adapters that a test reads and
 * writes. For the tests of helper/; it refuses what data-plane-linux.ts refuses. Its differences: no queue between the
 * network and onIke that could overflow (`ikeDrops` stays 0), no descriptor behind `fd`, and AUTH_AES_XCBC_96 works.
 */
import type { ChildSa } from '#core/esp/child-sa.ts';
import { EspSa } from '#core/esp/sa.ts';
import type { SocketAddress } from '#core/net/address.ts';
import { checkProtection, checkSockets } from './arguments.ts';
import type {
  DataPlane,
  DataPlaneOptions,
  NativePlatform,
  SystemError,
  Tun,
  UdpOptions,
} from './data-plane.ts';
import type { FakeDatagram } from './fake-network.ts';
import {
  type BoundSocket,
  ESP_PLACE,
  FakeDataPlane,
  type FakeHost,
  type FakeTun,
  OpenTun,
} from './fake-plane.ts';

export type { FakeHost, FakeTun } from './fake-plane.ts';

/** The first port that the system chooses by itself. */
const FIRST_EPHEMERAL_PORT = 32_768;

export class FakePlatform implements NativePlatform {
  readonly #host: FakeHost;
  readonly #tuns = new Map<number, OpenTun>();
  #lastFd = 100;

  constructor(host: FakeHost) {
    this.#host = host;
  }

  /** Adapters that are open now. */
  get tuns(): readonly FakeTun[] {
    return [...this.#tuns.values()];
  }

  openTun(name: string): Tun {
    const taken = new Set(this.tuns.map((tun) => tun.name));
    let real = name;
    for (let i = 0; real.includes('%d') || (name.includes('%d') && taken.has(real)); i++) {
      real = name.replace('%d', String(i));
    }
    if (taken.has(real)) throw systemError('EBUSY', 'ioctl TUNSETIFF', real);
    const fd = ++this.#lastFd;
    this.#tuns.set(fd, new OpenTun(real, fd));
    return { name: real, fd };
  }

  openDataPlane({ tun, sockets, events }: DataPlaneOptions): DataPlane {
    const open = this.#tuns.get(tun.fd);
    if (!open) throw systemError('EBADF', 'fcntl', tun.name);
    const bind = (index: number, wanted?: number): BoundSocket => {
      const { family, address, port, protocol = 'udp' } = sockets[index] as UdpOptions;
      const own = address ?? this.#host.addresses.find((one) => familyOf(one) === family);
      if (own === undefined || familyOf(own) !== family)
        throw systemError('EADDRNOTAVAIL', 'bind', `IPv${family}`);
      const receive = (datagram: FakeDatagram): void => plane.receive(index, datagram);
      const place = protocol === 'esp' ? ESP_PLACE : (wanted ?? port);
      return { family, protocol, ...this.#bind(own, place, receive) };
    };
    const plane: FakeDataPlane = new FakeDataPlane(this.#host, open, bind, events, () =>
      this.#tuns.delete(tun.fd),
    );
    try {
      checkSockets(sockets);
      sockets.forEach((_, index) => plane.openSocket(index));
      return plane;
    } catch (error) {
      plane.close();
      throw error;
    }
  }

  #bind(address: string, wanted: number, receive: (datagram: FakeDatagram) => void): SocketAddress {
    for (let port = wanted || FIRST_EPHEMERAL_PORT; port <= 65_535; port++) {
      if (this.#host.network.bind({ address, port }, receive)) return { address, port };
      if (wanted !== 0) break;
    }
    throw systemError('EADDRINUSE', 'bind', `${address} port ${wanted}`);
  }

  openEspCodec(child: ChildSa): EspSa {
    checkProtection(child);
    return new EspSa(child, this.#host.random);
  }

  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number } {
    const peer = this.#host.peers?.get(fd);
    if (!peer) throw systemError('ENOTSOCK', 'getsockopt SO_PEERCRED', `descriptor ${fd}`);
    return peer;
  }
}

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/** As the system would have refused. */
function systemError(code: string, syscall: string, what: string): SystemError {
  return Object.assign(new Error(`${code}: ${syscall} '${what}'`), { code, syscall, errno: 0 });
}
