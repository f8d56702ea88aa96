/**
 * Couples one Connection with its sockets and the clock: what comes in is fed to it, then its events are drained,
 * then its datagrams sent, then the timer armed for its next deadline. No decision is made here: the core returns,
 * the driver acts. Used by tunnel/association.ts.
 */
import type {
  Connection,
  ConnectionEvent,
  Datagram,
  RekeyTarget,
  Usage,
} from '#core/ikev2/connection-types.ts';
import type { Answer } from '#core/ikev2/questions.ts';
import type { Path } from '#core/net/address.ts';
import type { Clock } from './clock.ts';

interface DriverOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly send: (datagram: Datagram) => void;
  /** May call the driver again: that input is taken at once and its effects follow in the same turn. */
  readonly onEvent: (event: ConnectionEvent) => void;
  /** The engine threw, which it never should: its state is unknown and the driver does nothing more. */
  readonly onFault: (error: unknown) => void;
}

export class Driver {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #send: DriverOptions['send'];
  readonly #onEvent: DriverOptions['onEvent'];
  readonly #onFault: DriverOptions['onFault'];
  #turning = false;
  #broken = false;
  #cancelTimer: () => void = () => {};

  constructor({ connection, clock, send, onEvent, onFault }: DriverOptions) {
    this.#connection = connection;
    this.#clock = clock;
    this.#send = send;
    this.#onEvent = onEvent;
    this.#onFault = onFault;
  }

  initiate(path: Path): void {
    this.#input((now) => this.#connection.initiate(now, path));
  }

  receive(bytes: Uint8Array, path: Path): void {
    this.#input((now) => this.#connection.handleDatagram(now, bytes, path));
  }

  noteUsage(spiIn: number, usage: Usage): void {
    this.#input((now) => this.#connection.noteUsage(now, spiIn, usage));
  }

  rekey(what: RekeyTarget): void {
    this.#input((now) => this.#connection.rekey(now, what));
  }

  noteInboundTraffic(): void {
    this.#input((now) => this.#connection.noteInboundTraffic(now));
  }

  roam(path: Path): void {
    this.#input((now) => this.#connection.roam(now, path));
  }

  checkLiveness(): void {
    this.#input((now) => this.#connection.checkLiveness(now));
  }

  /** One Child SA, or the IKE SA with all of them. */
  delete(spiIn?: number): void {
    this.#input((now) => this.#connection.delete(now, spiIn));
  }

  /** The answer to a question event. One that comes too late, or to another question, changes nothing. */
  answer(id: number, answer: Answer): void {
    this.#input((now) => this.#connection.answer(now, id, answer));
  }

  abandon(): void {
    this.#input((now) => this.#connection.abandon(now));
  }

  #input(act: (now: number) => void): void {
    if (this.#broken) return;
    try {
      act(this.#clock.now());
      if (this.#turning) return;
      this.#turning = true;
      this.#drain();
      this.#turning = false;
      this.#arm();
    } catch (error) {
      this.#broken = true;
      this.#cancelTimer();
      this.#onFault(error);
    }
  }

  #drain(): void {
    for (;;) {
      for (let event = this.#connection.pollEvent(); event; event = this.#connection.pollEvent()) {
        this.#onEvent(event);
      }
      const datagram = this.#connection.pollTransmit(this.#clock.now());
      if (!datagram) return;
      this.#send(datagram);
    }
  }

  #arm(): void {
    this.#cancelTimer();
    const deadline = this.#connection.pollTimeout();
    this.#cancelTimer =
      deadline === undefined
        ? () => {}
        : this.#clock.setTimer(deadline, () => this.#input((now) => this.#connection.handleTimeout(now)));
  }
}
