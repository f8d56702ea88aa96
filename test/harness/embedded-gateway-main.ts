/**
 * A gateway of our own: the responder of core/ikev2 over the native data plane, as a process on a host of the lab.
 * The other end of the conversation is embedded-gateway.ts, which says what the configuration means. Prints
 * `ready TUN` when it listens; answers each line on stdin with its counters as JSON; ends when stdin closes.
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { parseProposals } from '#core/crypto/keywords.ts';
import { defaultEspProposals, defaultIkeProposals } from '#core/crypto/defaults.ts';
import { formatIdentification, type Identification, parseIdentification } from '#core/ike/identification.ts';
import { parseTrafficSelector, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import type {
  AssignedConfig,
  ConfigRequest,
  Connection,
  ConnectionEvent,
} from '#core/ikev2/connection-types.ts';
import type { Question } from '#core/ikev2/questions.ts';
import { TAKES_BURSTS } from '#core/ikev2/vendor-ids.ts';
import { Endpoint, ENDPOINT_DEFAULTS } from '#core/ikev2/endpoint.ts';
import { utf8, wipe } from '#core/bytes/bytes.ts';
import { type IpAddress, parseIp, parsePrefix, type Path, type Prefix } from '#core/net/address.ts';
import { type Clock, systemClock } from '#helper/clock.ts';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';
import type { DataPlane, EspPath, IkeDatagram, UdpOptions } from '#helper/native/data-plane.ts';
import { GatewayAnswers, gatewayAuthentication } from './embedded-gateway-answers.ts';
import type { EmbeddedGatewayConfig } from './embedded-gateway.ts';

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the gateway's configuration: ${what}`);
  return value;
}

function selector(text: string): TrafficSelector {
  const parsed = must(parseTrafficSelector(text), `localTs ${text}`);
  if (parsed.kind === 'dynamic') throw new Error('localTs cannot be dynamic');
  return parsed.selector;
}

/** Hands out one address a peer from a prefix, the first host address being the gateway's own. */
class Pool {
  readonly #prefix: Prefix;
  readonly #held = new Map<string, number>();
  constructor(text: string) {
    this.#prefix = must(parsePrefix(text), `pool ${text}`);
  }

  lease(peer: string): IpAddress {
    const number = this.#held.get(peer) ?? this.#held.size + 2;
    this.#held.set(peer, number);
    const address = this.#prefix.address.slice();
    new DataView(address.buffer).setUint16(address.length - 2, number);
    return address;
  }
}

class EmbeddedGateway {
  readonly #config: EmbeddedGatewayConfig;
  readonly #clock: Clock = systemClock;
  readonly #pool4: Pool;
  readonly #pool6: Pool;
  readonly #endpoint: Endpoint;
  readonly #dataPlane: DataPlane;
  readonly #sockets: readonly UdpOptions[] = ([4, 6] as const).flatMap((family) =>
    [500, 4500, 0].map((port) => ({
      family,
      port,
      protocol: port === 0 ? ('esp' as const) : ('udp' as const),
    })),
  );
  readonly #answers: GatewayAnswers;
  readonly #paths = new Map<Connection, Path>();
  /** Those with a NAT in between: ESP goes in UDP. */
  readonly #translated = new WeakSet<Connection>();
  /** The connection of each Child SA, by our inbound SPI. */
  readonly #owners = new Map<number, Connection>();
  #cancelTimer: () => void = () => {};

  constructor(config: EmbeddedGatewayConfig) {
    this.#config = config;
    this.#answers = new GatewayAnswers(config);
    this.#pool4 = new Pool(config.pools.ip4);
    this.#pool6 = new Pool(config.pools.ip6);
    this.#endpoint = new Endpoint({
      ...ENDPOINT_DEFAULTS,
      cookieThreshold: config.cookies === true ? 0 : ENDPOINT_DEFAULTS.cookieThreshold,
      config: {
        role: 'responder',
        random: (length) => new Uint8Array(randomBytes(length)),
        proposals: config.ike === undefined ? defaultIkeProposals() : parseProposals(config.ike, 'IKE'),
        localId: must(parseIdentification(config.localId), 'localId'),
        findPsk: (peer) => this.#findPsk(peer),
        ...gatewayAuthentication(config),
        assign: (peer, request) => this.#assign(peer, request),
        child: {
          name: 'net',
          proposals: config.esp === undefined ? defaultEspProposals() : parseProposals(config.esp, 'ESP'),
          localTs: config.localTs.map(selector),
          remoteTs: [config.pools.ip4, config.pools.ip6].map(selector),
          replayWindow: 4096,
          hardLimit: {},
        },
        retransmit: { initialMs: 500, factor: 1.8, maxMs: 10_000, attempts: 6, jitter: 0.1 },
        natKeepaliveSec: 20,
        livenessSec: 30,
        encapsulation: 'auto',
        vendorIds: [TAKES_BURSTS],
      },
    });
    const platform = linuxPlatform();
    const tun = platform.openTun(config.tun);
    this.#dataPlane = platform.openDataPlane({
      tun,
      sockets: this.#sockets,
      events: {
        onIke: (datagram) => this.#receive(datagram),
        onExpired: () => {},
        onFatal: (what) => {
          throw new Error(what);
        },
      },
    });
  }

  #findPsk(peer: Identification): Uint8Array | undefined {
    const key = this.#config.keys[formatIdentification(peer)];
    return key === undefined ? undefined : utf8(key);
  }

  #assign(peer: Identification, request: ConfigRequest): AssignedConfig {
    const name = formatIdentification(peer);
    return {
      addresses: [
        ...(request.ip4 ? [{ address: this.#pool4.lease(name), length: 32 }] : []),
        ...(request.ip6 ? [{ address: this.#pool6.lease(name), length: 128 }] : []),
      ],
      dns: this.#config.dns.map((text) => must(parseIp(text), `dns ${text}`)),
      subnets: [],
      domains: [],
    };
  }

  #receive({ bytes, local, remote }: IkeDatagram): void {
    this.#endpoint.handleDatagram(this.#clock.now(), bytes, { local, remote });
    this.#drain();
  }

  #drain(): void {
    for (let next = this.#endpoint.pollEvent(); next; next = this.#endpoint.pollEvent()) {
      this.#on(next.connection, next.event);
    }
    for (;;) {
      const datagram = this.#endpoint.pollTransmit(this.#clock.now());
      if (datagram === undefined) break;
      const { socket, remote } = this.#udpPath(datagram.path);
      this.#dataPlane.sendIke(socket, remote, datagram.bytes, { keepalive: datagram.keepalive === true });
    }
    this.#cancelTimer();
    const deadline = this.#endpoint.pollTimeout();
    if (deadline === undefined) return;
    this.#cancelTimer = this.#clock.setTimer(deadline, () => {
      this.#endpoint.handleTimeout(this.#clock.now());
      this.#drain();
    });
  }

  #on(connection: Connection, event: ConnectionEvent): void {
    switch (event.type) {
      case 'path':
        this.#paths.set(connection, event.path);
        if (event.nat.local || event.nat.remote) this.#translated.add(connection);
        else this.#translated.delete(connection);
        for (const [spiIn, owner] of this.#owners) {
          if (owner === connection) this.#dataPlane.setPath(spiIn, this.#espPath(event.path, connection));
        }
        break;
      case 'child-installed': {
        const { child, standby } = event;
        const path = must(this.#paths.get(connection), 'a Child SA without a path');
        this.#owners.set(child.spiIn, connection);
        this.#dataPlane.installChild(child, this.#espPath(path, connection), { standby: standby ?? false });
        for (const keys of [child.keysIn, child.keysOut]) wipe(keys.encryption, keys.integrity);
        break;
      }
      case 'child-removed':
        this.#owners.delete(event.spiIn);
        this.#dataPlane.removeChild(event.spiIn);
        break;
      case 'question':
        void this.#answer(connection, event.id, event.question);
        break;
      case 'closed':
        this.#answers.forget(connection);
        this.#paths.delete(connection);
        break;
      default:
        break;
    }
  }

  async #answer(connection: Connection, id: number, question: Question): Promise<void> {
    const answer = await this.#answers.answer(connection, question);
    const now = this.#clock.now();
    this.#endpoint.command(now, connection, () => connection.answer(now, id, answer));
    this.#drain();
  }

  #espPath(path: Path, connection: Connection): EspPath {
    if (this.#translated.has(connection)) return this.#udpPath(path);
    const family = path.remote.address.includes(':') ? 6 : 4;
    return {
      socket: this.#sockets.findIndex((one) => one.protocol === 'esp' && one.family === family),
      remote: path.remote,
    };
  }

  #udpPath({ local, remote }: Path): EspPath {
    const family = remote.address.includes(':') ? 6 : 4;
    const socket = this.#sockets.findIndex((one) => one.family === family && one.port === local.port);
    return { socket, remote };
  }

  /** Summed over all Child SAs that are there. */
  counters() {
    const { children } = this.#dataPlane.stats();
    const sum = (
      name: 'bytesIn' | 'bytesOut' | 'packetsIn' | 'packetsOut' | 'replayDrops' | 'authFailures',
    ) => Number(children.reduce((total, child) => total + child[name], 0n));
    return {
      bytesIn: sum('bytesIn'),
      bytesOut: sum('bytesOut'),
      packetsIn: sum('packetsIn'),
      packetsOut: sum('packetsOut'),
      replayDrops: sum('replayDrops'),
      authFailures: sum('authFailures'),
      children: children.length,
      connections: this.#endpoint.connections.length,
      clients: [...this.#paths.values()].map(({ remote }) => remote.address),
    };
  }

  close(): void {
    this.#cancelTimer();
    this.#dataPlane.close();
  }
}

const config = JSON.parse(process.argv[2] ?? '') as EmbeddedGatewayConfig;
const gateway = new EmbeddedGateway(config);
process.stdout.write(`ready ${config.tun}\n`);
for await (const _line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(gateway.counters())}\n`);
}
gateway.close();
