/**
 * The responder's door (RFC 7296): many connections behind one pair of ports. Finds the connection of a datagram by its
 * SPIs, makes one for a stranger's IKE_SA_INIT, asks for cookies under load, and bounds what strangers may cost. The same
 * handle and poll shape as a connection; the embedded gateway of the demo, the benchmark and the tests drive it.
 */
import { equal, toHex } from '#core/bytes/bytes.ts';
import { equalIdentification } from '#core/ike/identification.ts';
import type { Path } from '#core/net/address.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { createConnection, type Ikev2Connection } from './connection.ts';
import type { Connection, ConnectionEvent, Datagram, ResponderConfig } from './connection-types.ts';
import { DeadlineIndex } from './deadline-index.ts';
import { CookieJar } from './endpoint-cookie.ts';
import { HalfOpen } from './half-open.ts';
import { decodeMessage, peekHeader } from './message.ts';
import { find, findNotify, notify } from './payload-access.ts';
import type { IkeHeader, Payload } from './payload-types.ts';
import { RateLimit } from './rate-limit.ts';
import { refuseInClear } from './seal.ts';
import { isFirst } from './serving.ts';

export interface EndpointOptions {
  /** For every connection alike. */
  readonly config: ResponderConfig;
  /** So many half-open IKE SAs make us ask for cookies; 0 always asks. */
  readonly cookieThreshold: number;
  /** Half-open IKE SAs, in all and from one address; further IKE_SA_INIT requests get silence. */
  readonly maxHalfOpen: number;
  readonly maxHalfOpenPerAddress: number;
  /** How long an IKE SA may stay half-open. */
  readonly halfOpenMs: number;
}

export const ENDPOINT_DEFAULTS = {
  cookieThreshold: 32,
  maxHalfOpen: 512,
  maxHalfOpenPerAddress: 16,
  halfOpenMs: 30_000,
} as const satisfies Omit<EndpointOptions, 'config'>;

export interface EndpointEvent {
  readonly connection: Connection;
  readonly event: ConnectionEvent;
}

/** Datagrams that belong to no connection; all start at zero. */
interface EndpointCounters {
  /** No header, an IKE version below ours, or nothing that an initiator sends. */
  malformed: number;
  /** No connection has these SPIs. */
  unknownSpi: number;
  cookiesSent: number;
  /** IKE_SA_INIT requests beyond the bounds. */
  refused: number;
}

/** Error notifies to strangers, a second. They are hints: whoever misses one only waits longer. */
const STRANGERS_PER_SECOND = 10;
/** How long a closed connection still answers its last request, should the answer have been lost. */
const LINGER_MS = 30_000;

export class Endpoint {
  readonly counters: EndpointCounters = { malformed: 0, unknownSpi: 0, cookiesSent: 0, refused: 0 };
  readonly #options: EndpointOptions;
  readonly #cookies: CookieJar;
  readonly #strangers = new RateLimit(STRANGERS_PER_SECOND);
  /** By our SPI in hex; by several where an IKE SA was rekeyed. */
  readonly #connections = new Map<string, Ikev2Connection>();
  /** The SPIs under which a connection stands there. */
  readonly #spis = new Map<Ikev2Connection, ReadonlySet<string>>();
  /** By initiator SPI and address, to recognise a repeated first request; and the way back. */
  readonly #firsts = new Map<string, Ikev2Connection>();
  readonly #firstKeys = new Map<Ikev2Connection, string>();
  /** Inbound SPIs in use: the data plane knows Child SAs of all connections by them. */
  readonly #childSpis = new Set<number>();
  readonly #halfOpen = new HalfOpen<Ikev2Connection>();
  readonly #deadlines = new DeadlineIndex<Ikev2Connection>();
  readonly #outgoing: Datagram[] = [];
  readonly #events: EndpointEvent[] = [];

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#cookies = new CookieJar(options.config.random);
  }

  /** All that are not closed. */
  get connections(): Connection[] {
    return [...this.#spis.keys()].filter(({ state }) => state !== 'closed');
  }

  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  handleDatagram(now: number, bytes: Uint8Array, path: Path): void {
    const header = peekHeader(bytes);
    if (header === undefined || !this.#plausible(now, header, path)) {
      this.counters.malformed++;
      return;
    }
    if (isFirst(header)) return this.#greet(now, header, bytes, path);
    // Who began a rekeying is the initiator of what it made (§2.18), and that may be us.
    const connection = this.#connections.get(toHex(header.fromInitiator ? header.spiR : header.spiI));
    if (connection === undefined && !header.fromInitiator) {
      this.counters.malformed++;
      return undefined;
    }
    if (connection === undefined) {
      this.counters.unknownSpi++;
      if (!header.response) this.#hint(now, header, path, NotifyType.INVALID_IKE_SPI);
      return undefined;
    }
    return this.#with(now, connection, () => connection.handleDatagram(now, bytes, path));
  }

  /** Version 2. A request of a higher version is told ours (§2.5). */
  #plausible(now: number, header: IkeHeader, path: Path): boolean {
    if (header.majorVersion > 2 && !header.response) {
      this.#hint(now, header, path, NotifyType.INVALID_MAJOR_VERSION);
    }
    return header.majorVersion === 2;
  }

  /** IKE_SA_INIT: the first message of an IKE SA, or a repetition of it. */
  #greet(now: number, header: IkeHeader, bytes: Uint8Array, path: Path): void {
    const key = `${toHex(header.spiI)} ${path.remote.address}`;
    const earlier = this.#firsts.get(key);
    if (earlier !== undefined && equal(earlier.firstRequest, bytes)) {
      return this.#with(now, earlier, () => earlier.handleDatagram(now, bytes, path));
    }
    if (!this.#hasRoom(path.remote.address)) {
      this.counters.refused++;
      return undefined;
    }
    if (this.#halfOpen.size >= this.#options.cookieThreshold && !this.#hasCookie(now, header, bytes, path)) {
      return undefined;
    }
    const { config, halfOpenMs } = this.#options;
    const connection = createConnection(config, {
      halfOpenMs,
      spiTaken: (spiIn) => this.#childSpis.has(spiIn),
    });
    connection.handleDatagram(now, bytes, path);
    if (connection.state !== 'idle') {
      this.#spis.set(connection, new Set());
      this.#firsts.set(key, connection);
      this.#firstKeys.set(connection, key);
      this.#halfOpen.add(connection, path.remote.address);
    }
    // A refusal leaves no state behind; its answer and its event go out all the same.
    return this.#settle(now, connection);
  }

  #hasRoom(address: string): boolean {
    const { maxHalfOpen, maxHalfOpenPerAddress } = this.#options;
    return this.#halfOpen.size < maxHalfOpen && this.#halfOpen.of(address) < maxHalfOpenPerAddress;
  }

  /** Whether the request brings a cookie of ours; if not, it is answered with one. */
  #hasCookie(now: number, header: IkeHeader, bytes: Uint8Array, path: Path): boolean {
    const decoded = decodeMessage(bytes);
    const payloads = decoded.outcome === 'ok' ? decoded.message.payloads : [];
    const nonce = find(payloads, 'NONCE');
    if (nonce === undefined) {
      this.counters.malformed++;
      return false;
    }
    const subject = { nonceI: nonce.data, address: path.remote.address, spiI: header.spiI };
    const cookie = findNotify(payloads, NotifyType.COOKIE);
    if (cookie !== undefined && this.#cookies.accepts(now, cookie.data, subject)) return true;
    this.counters.cookiesSent++;
    this.#answer(header, path, notify(NotifyType.COOKIE, this.#cookies.bake(now, subject)));
    return false;
  }

  /** A hint outside of any SA, if strangers have not had enough of them (§1.5). */
  #hint(now: number, header: IkeHeader, path: Path, type: number): void {
    if (this.#strangers.take(now)) this.#answer(header, path, notify(type));
  }

  #answer(header: IkeHeader, path: Path, payload: Payload): void {
    this.#outgoing.push({ path, bytes: refuseInClear(header, payload) });
  }

  handleTimeout(now: number): void {
    for (const connection of this.#deadlines.due(now)) {
      if (connection.state === 'closed') this.#forget(connection);
      else this.#with(now, connection, () => connection.handleTimeout(now));
    }
  }

  /** Gives a command to a connection, such as `delete`; whatever follows from it comes out of here. */
  command(now: number, connection: Connection, act: (connection: Connection) => void): void {
    const ours = [...this.#spis.keys()].find((candidate) => candidate === connection);
    if (ours !== undefined) this.#with(now, ours, () => act(ours));
  }

  #with(now: number, connection: Ikev2Connection, act: () => void): void {
    act();
    this.#settle(now, connection);
  }

  /** Takes what a connection has to say and books its state. */
  #settle(now: number, connection: Ikev2Connection): void {
    for (let event = connection.pollEvent(); event; event = connection.pollEvent()) {
      this.#events.push({ connection, event });
      this.#note(now, connection, event);
    }
    for (let datagram = connection.pollTransmit(now); datagram; datagram = connection.pollTransmit(now)) {
      this.#outgoing.push(datagram);
    }
    this.#route(connection);
    if (connection.state !== 'ike-auth' && connection.state !== 'asking') this.#halfOpen.delete(connection);
    if (connection.state !== 'closed') this.#deadlines.set(connection, connection.pollTimeout());
  }

  /** Keeps the SPIs of a connection up to date: rekeying adds one, and an old one goes some time after it. */
  #route(connection: Ikev2Connection): void {
    const before = this.#spis.get(connection);
    if (before === undefined) return;
    const after = new Set(connection.localSpis.map(toHex));
    for (const spi of before) if (!after.has(spi)) this.#connections.delete(spi);
    for (const spi of after) this.#connections.set(spi, connection);
    this.#spis.set(connection, after);
  }

  #note(now: number, connection: Ikev2Connection, event: ConnectionEvent): void {
    switch (event.type) {
      case 'ike-established':
        return this.#replaceOlder(now, connection);
      case 'child-installed':
        this.#childSpis.add(event.child.spiIn);
        return undefined;
      case 'child-removed':
        this.#childSpis.delete(event.spiIn);
        return undefined;
      case 'closed':
        return this.#deadlines.set(connection, now + LINGER_MS);
      default:
        return undefined;
    }
  }

  /** INITIAL_CONTACT (§2.4): whatever else this identity had with us is gone on its side, so nobody is to be told. */
  #replaceOlder(now: number, connection: Ikev2Connection): void {
    const { remoteId, initialContact } = connection.life.sa;
    if (!initialContact || remoteId === undefined) return;
    for (const other of this.#spis.keys()) {
      const { remoteId: otherId, state } = other.life.sa;
      if (other === connection || state === 'closed' || otherId === undefined) continue;
      if (!equalIdentification(otherId, remoteId)) continue;
      this.#with(now, other, () =>
        other.end(now, {
          cause: 'closed-by-peer',
          detail: 'replaced by a new IKE SA (INITIAL_CONTACT)',
        }),
      );
    }
  }

  /** The last trace of a closed connection. */
  #forget(connection: Ikev2Connection): void {
    this.#deadlines.set(connection, undefined);
    for (const spi of this.#spis.get(connection) ?? []) this.#connections.delete(spi);
    this.#spis.delete(connection);
    const key = this.#firstKeys.get(connection);
    this.#firstKeys.delete(connection);
    // A later first request may have taken the place under the same key.
    if (key !== undefined && this.#firsts.get(key) === connection) this.#firsts.delete(key);
  }

  pollTransmit(_now: number): Datagram | undefined {
    return this.#outgoing.shift();
  }

  pollTimeout(): number | undefined {
    return this.#deadlines.earliest();
  }

  pollEvent(): EndpointEvent | undefined {
    return this.#events.shift();
  }
}
