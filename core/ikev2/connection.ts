/**
 * An IKEv2 connection: one IKE SA with its Child SAs, initiator or responder (RFC 7296). Pure: the driver feeds it
 * datagrams and time and drains datagrams, a deadline and events; see connection-types.ts. After `closed` the driver
 * drains pollTransmit once more: the answer to the peer's Delete still has to go out.
 *
 * Its parts: lifecycle.ts keeps state and deadlines along machine.ts; responses.ts and serving.ts read the peer and run
 * the tasks of exchanges.ts; requests.ts sends what we ask, window.ts keeps what we answered; ike-sa.ts is what all of
 * them share.
 */
import { equal } from '#core/bytes/bytes.ts';
import type { Path } from '#core/net/address.ts';
import type {
  Connection,
  ConnectionConfig,
  ConnectionCounters,
  ConnectionEvent,
  ConnectionState,
  Datagram,
} from './connection-types.ts';
import { planDeleteChild, planInit, planLiveness } from './exchanges.ts';
import type { ConnectionHost, IkeSa } from './ike-sa.ts';
import { Lifecycle } from './lifecycle.ts';
import { peekHeader } from './message.ts';
import type { IkeHeader } from './payload-types.ts';
import type { Answer } from './questions.ts';
import { handleResponse } from './responses.ts';
import { handleRequest } from './serving.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';

/** A connection at rest. An initiator waits for `initiate`, a responder for an IKE_SA_INIT request. */
export function createConnection(config: ConnectionConfig, host: ConnectionHost = {}): Ikev2Connection {
  return new Ikev2Connection(config, host);
}

export class Ikev2Connection implements Connection {
  /** For endpoint.ts, and for tests that look inside. */
  readonly life: Lifecycle;

  constructor(config: ConnectionConfig, host: ConnectionHost) {
    this.life = new Lifecycle(config, host);
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
    life.rearm();
  }

  handleDatagram(now: number, bytes: Uint8Array, path: Path): void {
    const { counters } = this.#sa;
    // A repeated request needs no keys, so even a closed SA answers its last one: the answer to a Delete may be lost.
    const kept = this.life.answers.responseTo(bytes);
    if (kept !== undefined) {
      counters.retransmitsReceived++;
      this.life.send(now, kept, path);
    } else if (this.state !== 'closed') {
      this.#receive(now, bytes, path);
    }
    this.life.rearm();
  }

  #receive(now: number, bytes: Uint8Array, path: Path): void {
    // While the peer is being authenticated a message may wait for an answer from outside; receive buffers are reused.
    const kept = this.state === 'ike-auth' ? bytes.slice() : bytes;
    const header = peekHeader(kept);
    if (header === undefined) {
      this.#sa.counters.malformed++;
    } else if (!this.#concerns(header)) {
      this.#sa.counters.outOfWindow++;
    } else if (header.response) {
      handleResponse(this.life, { now, header, bytes: kept, path });
    } else {
      handleRequest(this.life, { now, header, bytes: kept, path });
    }
  }

  /** Whether the header names this SA. As long as we have no SPI of the peer, its half says nothing. */
  #concerns({ spiI, spiR, fromInitiator }: IkeHeader): boolean {
    const sa = this.#sa;
    if (fromInitiator === sa.isInitiator) return false;
    if (sa.state === 'idle') return !sa.isInitiator;
    return equal(spiI, sa.spiI) && (sa.state === 'ike-sa-init' || equal(spiR, sa.spiR));
  }

  handleTimeout(now: number): void {
    this.life.handleTimeout(now);
  }

  answer(now: number, id: number, answer: Answer): boolean {
    const taken = this.life.answer(now, id, answer);
    this.life.rearm();
    return taken;
  }

  noteInboundTraffic(now: number): void {
    this.life.alive(now);
    this.life.rearm();
  }

  checkLiveness(now: number): void {
    // A request under way asks already.
    if (this.state !== 'established' || !this.life.requests.idle) return;
    this.life.ask(now, planLiveness(this.life.requests.window));
    this.life.rearm();
  }

  delete(now: number, spiIn?: number): void {
    if (spiIn === undefined) this.#deleteIkeSa(now);
    else this.#deleteChild(now, spiIn);
    this.life.rearm();
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
        if (!this.#sa.isInitiator) return this.life.close(now);
        return this.life.leave(now, [DELETE_IKE_SA]);
      case 'established':
        return this.life.leave(now, [DELETE_IKE_SA]);
    }
  }

  #deleteChild(now: number, spiIn: number): void {
    const child = this.#sa.children.get(spiIn);
    if (this.state !== 'established' || child === undefined) return;
    this.life.ask(now, planDeleteChild(this.#sa, child, this.life.requests.window));
  }

  abandon(now: number): void {
    if (this.state === 'closed') return;
    this.life.close(now);
    this.life.silence();
  }

  pollTransmit(_now: number): Datagram | undefined {
    return this.life.outgoing.shift();
  }

  pollTimeout(): number | undefined {
    return this.life.nextDeadline;
  }

  pollEvent(): ConnectionEvent | undefined {
    return this.#sa.events.shift();
  }
}
