/**
 * What carries a tunnel's packets: its TUN adapter and its data plane with the marked sockets, one of UDP a family and, where
 * the profile wants UDP only behind a NAT, one of ESP by itself (IP protocol 50).
 * Opened before the first datagram, closed last; the adapter vanishes with it.
 */
import type { Profile } from '#core/profile/profile.ts';
import type { Datagram } from '#core/ikev2/connection-types.ts';
import type { Path, SocketAddress } from '#core/net/address.ts';
import type {
  DataPlane,
  DataPlaneEvents,
  EspPath,
  NativePlatform,
  UdpOptions,
} from '../native/data-plane.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import { systemStep } from './failures.ts';
import { MARK } from './numbers.ts';
import type { Passage } from './passage.ts';

const IKE_PORT = 500;
const NAT_PORT = 4500;

export type TunnelPlatform = Pick<NativePlatform, 'openTun' | 'openDataPlane'>;

interface CarrierOptions {
  readonly portsAreFixed: boolean;
  readonly passage: Passage;
  readonly log: Logger;
}

export class Carrier {
  readonly tun: string;
  readonly dataPlane: DataPlane;
  readonly #portsAreFixed: boolean;
  readonly #passage: Passage;
  readonly #log: Logger;
  #closed = false;

  constructor(tun: string, dataPlane: DataPlane, { portsAreFixed, passage, log }: CarrierOptions) {
    this.tun = tun;
    this.dataPlane = dataPlane;
    this.#portsAreFixed = portsAreFixed;
    this.#passage = passage;
    this.#log = log;
  }

  /**
   * Whatever is sent from now on comes from other ports of ours, unless the profile wants one. Each packet from the old ones keeps
   * alive what a NAT thinks of them, however wrong that is.
   */
  renewPorts(): void {
    if (this.#portsAreFixed) return;
    for (const [socket, { protocol }] of this.dataPlane.sockets.entries()) {
      if (protocol === 'esp') continue;
      try {
        this.dataPlane.renewPort(socket);
      } catch (error) {
        this.#log.warn(`our port stays the same: ${messageOf(error)}`);
      }
    }
  }

  /** Where the tunnel goes from now on, as far as we decide it: what lockdown lets out. */
  lead(remote: SocketAddress): void {
    this.#passage.lead(remote);
  }

  /** Nobody has answered what was sent. */
  doubt(): void {
    this.#passage.doubt();
  }

  /** Our port for the first datagram towards an address of this family; `undefined` without a socket for it. */
  portFor(family: 4 | 6): number | undefined {
    return this.#udp().find((socket) => socket.family === family)?.port;
  }

  /** Our port for going on from `port` over an address of this family: the same where there is a socket on it. */
  portLike(port: number, family: 4 | 6): number | undefined {
    return this.#udp().some((socket) => socket.family === family && socket.port === port)
      ? port
      : this.portFor(family);
  }

  /**
   * Sends as the engine asks, once there is a way out. What the system refuses is lost like any datagram: retransmission is the
   * answer. So is what lockdown has no way for: an answer to where a request came from, and where we never went.
   */
  send(datagram: Datagram): void {
    const way = this.#passage.way(datagram.path.remote);
    if (way === 'open') this.#sendNow(datagram);
    else if (way !== 'closed') void way.then(() => this.#sendNow(datagram));
  }

  #sendNow({ path, bytes, keepalive }: Datagram): void {
    if (this.#closed) return;
    try {
      this.dataPlane.sendIke(this.#socketOf(path), path.remote, bytes, { keepalive: keepalive === true });
    } catch (error) {
      this.#log.warn(`cannot send to ${path.remote.address}:${path.remote.port}: ${messageOf(error)}`);
    }
  }

  /** How ESP travels over this path: by itself where the profile wants that and no NAT stands in between. */
  encapsulationOf(
    path: Path,
    nat: { readonly local: boolean; readonly remote: boolean } | undefined,
  ): 'udp' | 'none' {
    const free = nat !== undefined && !nat.local && !nat.remote;
    return free && this.#espSocket(path) >= 0 ? 'none' : 'udp';
  }

  /** Throws where ESP is to go by itself and there is no socket for that. */
  espPath(path: Path, encapsulation: 'udp' | 'none'): EspPath {
    const { remote } = path;
    if (encapsulation === 'udp') return { socket: this.#socketOf(path), remote };
    const socket = this.#espSocket(path);
    if (socket < 0) throw new Error('ESP without UDP was negotiated, which this tunnel has no socket for');
    return { socket, remote };
  }

  #udp() {
    return this.dataPlane.sockets.filter(({ protocol }) => protocol !== 'esp');
  }

  #espSocket({ local }: Path): number {
    const family = familyOf(local.address);
    return this.dataPlane.sockets.findIndex(
      (socket) => socket.protocol === 'esp' && socket.family === family,
    );
  }

  /** The socket of the path's family on its local port; the family's first where the engine names another port. */
  #socketOf({ local }: Path): number {
    const family = familyOf(local.address);
    // They stand in front of those of ESP.
    const sockets = this.#udp();
    const exact = sockets.findIndex((socket) => socket.family === family && socket.port === local.port);
    return exact >= 0 ? exact : sockets.findIndex((socket) => socket.family === family);
  }

  close(): void {
    this.#closed = true;
    this.dataPlane.close();
    this.#passage.close();
  }
}

export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** Opens the adapter and the sockets. Throws TunnelError with the part that the system refused. */
export function openCarrier(
  platform: TunnelPlatform,
  { localPort, encapsulation }: Profile['ike'],
  events: DataPlaneEvents,
  passage: (tun: string) => Passage,
  log: Logger,
): Carrier {
  const open = (families: readonly (4 | 6)[]): Carrier => {
    const tun = systemStep('The tunnel adapter cannot be opened', () => platform.openTun('adit%d'));
    // A data plane that does not open closes the adapter, too.
    const dataPlane = platform.openDataPlane({
      tun,
      sockets: socketsFor(families, localPort, encapsulation),
      events,
    });
    const lacking = Object.entries(dataPlane.features).flatMap(([name, has]) => (has ? [] : [name]));
    if (lacking.length > 0)
      log.info(`this machine lacks ${lacking.join(', ')}: the tunnel is slower without`);
    return new Carrier(tun.name, dataPlane, {
      portsAreFixed: localPort !== 0,
      passage: passage(tun.name),
      log,
    });
  };
  return systemStep('The sockets cannot be opened', () => {
    try {
      return open([4, 6]);
    } catch (error) {
      // A machine that was started without IPv6 still reaches every IPv4 gateway.
      if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error;
      return open([4]);
    }
  });
}

/** IKE on port 500 moves to 4500 when a NAT is met (RFC 7296 §2.23): both are opened for a profile that insists on 500. */
function socketsFor(
  families: readonly (4 | 6)[],
  localPort: number,
  encapsulation: Profile['ike']['encapsulation'],
): UdpOptions[] {
  const ports = localPort === IKE_PORT ? [IKE_PORT, NAT_PORT] : [localPort];
  const udp = families.flatMap((family) => ports.map((port) => ({ family, port, mark: MARK })));
  if (encapsulation === 'force') return udp;
  return [...udp, ...families.map((family) => ({ protocol: 'esp' as const, family, port: 0, mark: MARK }))];
}
