/**
 * An IKEv2 connection: one IKE SA with its Child SAs, initiator or responder (RFC 7296). Pure: the driver feeds it
 * datagrams and time and drains datagrams, a deadline and events; see connection-types.ts. After `closed` the driver
 * drains pollTransmit once more: the answer to the peer's Delete still has to go out.
 *
 * Its parts: succession.ts has an IKE SA and what replaces it; lifecycle.ts keeps state and deadlines of one along machine.ts; responses.ts and serving.ts read the peer and run
 * the tasks of exchanges.ts; requests.ts sends what we ask, window.ts keeps what we answered; ike-sa.ts is what all of
 * them share.
 */
import { equal } from '#core/bytes/bytes.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Path } from '#core/net/address.ts';
import type {
  ChildConfig,
  Connection,
  ConnectionConfig,
  ConnectionCounters,
  ConnectionEvent,
  ConnectionState,
  Datagram,
  RekeyTarget,
  Usage,
} from './connection-types.ts';
import { planInit, planLiveness } from './exchanges.ts';
import type { Child, ConnectionHost, IkeSa } from './ike-sa.ts';
import type { Lifecycle } from './lifecycle.ts';
import { peekHeader } from './message.ts';
import type { IkeHeader } from './payload-types.ts';
import type { Answer } from './questions.ts';
import { roam } from './roaming.ts';
import { handleResponse } from './responses.ts';
import { handleRequest } from './serving.ts';
import { Succession } from './succession.ts';
import { newWish } from './wishes.ts';

/** A connection at rest. An initiator waits for `initiate`, a responder for an IKE_SA_INIT request. */
export function createConnection(config: ConnectionConfig, host: ConnectionHost = {}): Ikev2Connection {
  return new Ikev2Connection(config, host);
}

export class Ikev2Connection implements Connection {
  /** For tests that look inside. */
  readonly succession: Succession;

  constructor(config: ConnectionConfig, host: ConnectionHost) {
    this.succession = new Succession(config, host);
  }

  /** The IKE SA that the connection lives by. For endpoint.ts, and for tests that look inside. */
  get life(): Lifecycle {
    return this.succession.current;
  }

  get #sa(): IkeSa {
    return this.life.sa;
  }

  get state(): ConnectionState {
    return this.#sa.state;
  }

  get spiI(): Uint8Array {
    return this.#sa.spiI;
  }

  get spiR(): Uint8Array {
    return this.#sa.spiR;
  }

  /** Our SPIs of all IKE SAs that a datagram may still be for. */
  get localSpis(): readonly Uint8Array[] {
    return this.succession.all.map(({ sa }) => (sa.isInitiator ? sa.spiI : sa.spiR));
  }

  get mobike(): boolean {
    return this.#sa.where.mobike;
  }

  get lastInbound(): number {
    return this.life.lastInbound;
  }

  get counters(): Readonly<ConnectionCounters> {
    return this.#sa.counters;
  }

  /** The IKE_SA_INIT request that made this SA, or was sent for it; empty when there is none any more. */
  get firstRequest(): Uint8Array {
    return this.#sa.initRequest;
  }

  /** Once, and for initiators: anything else is a mistake of the caller's and throws. */
  initiate(now: number, path: Path): void {
    const { life } = this;
    if (!this.#sa.isInitiator) throw new Error('a responder does not initiate');
    life.enter(now, 'initiate');
    this.#sa.spiI = this.#sa.newIkeSpi();
    this.#sa.path = path;
    life.ask(now, planInit(this.#sa, life.requests.window));
    this.#rearm();
  }

  handleDatagram(now: number, bytes: Uint8Array, path: Path): void {
    const { counters } = this.#sa;
    // A repeated request needs no keys, so even a closed SA answers its last one: the answer to a Delete may be lost.
    const asked = this.succession.all.find(({ answers }) => answers.hasAnswered(bytes));
    if (asked !== undefined) {
      counters.retransmitsReceived++;
      asked.send(now, asked.answers.repeat(), path);
    } else if (this.state !== 'closed') {
      this.#receive(now, bytes, path);
    }
    this.#rearm();
  }

  #receive(now: number, bytes: Uint8Array, path: Path): void {
    // While the peer is being authenticated a message may wait for an answer from outside; receive buffers are reused.
    const kept = this.state === 'ike-auth' ? bytes.slice() : bytes;
    const header = peekHeader(kept);
    if (header === undefined) {
      this.#sa.counters.malformed++;
      return;
    }
    const life = this.succession.living.find(({ sa }) => concerns(sa, header));
    if (life === undefined) this.#sa.counters.outOfWindow++;
    else if (header.response) handleResponse(life, { now, header, bytes: kept, path });
    else handleRequest(life, { now, header, bytes: kept, path });
  }

  handleTimeout(now: number): void {
    for (const life of this.succession.living) life.handleTimeout(now);
    this.#rearm();
  }

  #rearm(): void {
    for (const life of this.succession.living) life.rearm();
  }

  answer(now: number, id: number, answer: Answer): boolean {
    const taken = this.life.answer(now, id, answer);
    this.#rearm();
    return taken;
  }

  noteInboundTraffic(now: number): void {
    this.life.alive(now);
    this.#rearm();
  }

  noteUsage(now: number, spiIn: number, usage: Usage): void {
    const child = this.#sa.children.get(spiIn);
    if (child === undefined) return;
    const { bytes, packets } = child.softLimit;
    const reached = [
      bytes !== undefined && usage.bytes >= bytes,
      packets !== undefined && usage.packets >= packets,
    ];
    if (!reached.includes(true)) return;
    // Once: a refusal is followed by waiting, however often the counters are told.
    child.softLimit = {};
    this.#renewChild(now, child);
  }

  rekey(now: number, what: RekeyTarget): void {
    if (this.state !== 'established') return;
    if ('ike' in what) {
      this.#sa.rekeyAt = now;
      this.#tend(now);
      return;
    }
    const child = this.#sa.children.get(what.spiIn);
    if (child !== undefined) this.#renewChild(now, child);
  }

  #renewChild(now: number, child: Child): void {
    child.rekeyAt = now;
    this.#tend(now);
  }

  createChild(now: number, child: ChildConfig): void {
    if (this.state !== 'established') return;
    const { localTs, remoteTs } = child;
    this.#sa.wishes.children.push({ ...newWish(now), config: child, localTs, remoteTs });
    this.#tend(now);
  }

  #tend(now: number): void {
    this.life.tend(now);
    this.#rearm();
  }

  roam(now: number, path: Path): void {
    roam(this.succession, now, path);
    this.#rearm();
  }

  checkLiveness(now: number): void {
    if (this.state !== 'established') return;
    // A request under way asks already, unless it waits for the driver since nothing answered over a new path.
    if (this.life.requests.idle) this.life.ask(now, planLiveness(this.life.requests.window));
    else for (const life of this.succession.living) life.resume(now);
    this.#rearm();
  }

  delete(now: number, spiIn?: number): void {
    if (spiIn === undefined) this.#deleteIkeSa(now);
    else this.#deleteChild(now, spiIn);
    this.#rearm();
  }

  #deleteIkeSa(now: number): void {
    switch (this.state) {
      case 'deleting':
      case 'closed':
        return;
      case 'idle':
      case 'ike-sa-init':
        return this.life.close(now);
      case 'asking':
        return this.life.giveUp(now);
      case 'ike-auth':
        // Our IKE_AUTH may have made an SA over there already: its answer is awaited, then deleted. A responder has none.
        if (!this.#sa.isInitiator || this.#sa.additional.length > 0) return this.life.close(now);
        return this.succession.leave(now);
      case 'established':
        return this.succession.leave(now);
    }
  }

  #deleteChild(now: number, spiIn: number): void {
    const child = this.#sa.children.get(spiIn);
    if (this.state !== 'established' || child?.deletion !== 'no') return;
    child.deletion = 'due';
    this.life.tend(now);
  }

  abandon(now: number): void {
    if (this.state === 'closed') return;
    this.end(now);
    for (const life of this.succession.all) life.silence();
  }

  /** Closes without a word to the peer, for a reason of the caller's. */
  end(now: number, failure?: Failure): void {
    this.succession.end(now, failure);
  }

  pollTransmit(_now: number): Datagram | undefined {
    return this.succession.outgoing.shift();
  }

  pollTimeout(): number | undefined {
    const deadlines = this.succession.living.flatMap(({ nextDeadline }) => nextDeadline ?? []);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  pollEvent(): ConnectionEvent | undefined {
    return this.#sa.events.shift();
  }
}

/** Whether the header names this SA. As long as we have no SPI of the peer, its half says nothing. */
function concerns(sa: IkeSa, { spiI, spiR, fromInitiator }: IkeHeader): boolean {
  if (fromInitiator === sa.isInitiator) return false;
  if (sa.state === 'idle') return !sa.isInitiator;
  return equal(spiI, sa.spiI) && (sa.state === 'ike-sa-init' || equal(spiR, sa.spiR));
}
