/**
 * What leaves a client beside its tunnels: programs talk to everybody all the time (chatter.ts), and everything that comes out of
 * the client's adapter is captured at the other end of the wire. What is neither a tunnel's nor how a network is
 * joined is a leak, told as `udp 192.0.2.1 4500`. Used by test/interop/lockdown.test.ts.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { formatIp } from '#core/net/address.ts';
import type { Host } from './host.ts';
import { readFrames } from './pcap.ts';
import { type Daemon, until } from './process.ts';
import type { World } from './world.ts';

const CHATTER = fileURLToPath(new URL('chatter.ts', import.meta.url));
const WORD = 'heard by everybody';

export interface End {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
}

interface Wire {
  readonly world: World;
  readonly client: Host;
  /** Who looks, and where: the other end of the client's `eth0`. */
  readonly router: Host;
  readonly device: string;
  /** Where the tunnels' own packets may go. */
  readonly gateways: readonly string[];
}

/** Neighbour discovery (RFC 4861 §4) and listener reports (RFC 2710, 3810), by ICMPv6 type. */
const JOINING = new Set([131, 132, 133, 135, 136, 143]);
const PROTOCOL = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [50, 'esp'],
  [58, 'icmpv6'],
]);
const GATEWAY_PORTS = new Set([500, 4500]);
/** So long each look takes at least: fifty rounds of the chatter. */
const LOOK_MS = 1000;

export class Leaks implements AsyncDisposable {
  readonly #wire: Wire;
  readonly #hardware: string;
  readonly #chatter: Daemon;
  #looks = 0;

  private constructor(wire: Wire, hardware: string, chatter: Daemon) {
    this.#wire = wire;
    this.#hardware = hardware;
    this.#chatter = chatter;
  }

  /** From now on the client's programs talk to `ends`. */
  static async on(wire: Wire, ends: readonly End[]): Promise<Leaks> {
    const address = await wire.client.run(['cat', '/sys/class/net/eth0/address']);
    const words = ends.flatMap(({ protocol, address: to, port }) => [protocol, to, String(port)]);
    const chatter = wire.client.start([process.execPath, CHATTER, ...words]);
    await until('the programs talk', () => chatter.output.includes('talking'), {
      context: () => chatter.output,
    });
    return new Leaks(wire, address.trim(), chatter);
  }

  /** What leaked while `act` ran, each kind once, and how many of the tunnels' own packets were seen. */
  async during(act: () => Promise<unknown> = () => Promise.resolve()) {
    const { world, router, device } = this.#wire;
    const capture = await world.capture(router, device, `leaks-${++this.#looks}`);
    await Promise.all([act(), new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
    if (!this.#chatter.running) throw new Error(`the programs are silent: ${this.#chatter.output}`);
    const frames = readFrames(await readFile(await capture.stop()));
    const seen = frames.flatMap(({ bytes }) => (this.#isClients(bytes) ? [this.#told(bytes)] : []));
    const leaks = [...new Set(seen.flatMap((told) => told ?? []))].toSorted();
    return { leaks, tunnelled: seen.filter((told) => told === undefined).length };
  }

  #isClients(frame: Buffer): boolean {
    return frame.toString('hex', 6, 12) === this.#hardware.replaceAll(':', '');
  }

  /** Undefined of what a tunnel sent; nothing of what a network is joined with. */
  #told(frame: Buffer): readonly string[] | undefined {
    const packet = frame.subarray(14);
    const version = frame.readUInt16BE(12);
    if (version === 0x0806) return [];
    if (version !== 0x0800 && version !== 0x86dd) return [`ethernet ${version}`];
    const [protocol, to, payload] = ipParts(packet, version === 0x0800);
    const kind = PROTOCOL.get(protocol) ?? `protocol ${protocol}`;
    const port = kind === 'udp' || kind === 'tcp' ? payload.readUInt16BE(2) : undefined;
    const says = packet.includes(WORD);
    const isGateway = this.#wire.gateways.includes(to);
    if (!says && isGateway && (kind === 'esp' || (kind === 'udp' && GATEWAY_PORTS.has(port ?? 0)))) {
      return undefined;
    }
    if (kind === 'icmpv6' && JOINING.has(payload.readUInt8(0))) return [];
    return [[kind, to, port].filter((part) => part !== undefined).join(' ')];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#chatter.stop('SIGTERM', 1000).then(() => undefined);
  }
}

/** Protocol, destination and payload. A hop-by-hop header, which listener reports have, is passed over. */
function ipParts(packet: Buffer, isFour: boolean): readonly [protocol: number, to: string, payload: Buffer] {
  const text = (at: number, length: number): string =>
    formatIp(Uint8Array.from(packet.subarray(at, at + length)));
  if (isFour) {
    return [packet.readUInt8(9), text(16, 4), packet.subarray((packet.readUInt8(0) & 0x0f) * 4)];
  }
  const next = packet.readUInt8(6);
  if (next !== 0) return [next, text(24, 16), packet.subarray(40)];
  return [packet.readUInt8(40), text(24, 16), packet.subarray(40 + 8 + packet.readUInt8(41) * 8)];
}
