/**
 * UDP between fake data planes, in memory and in order, with the faults a test asks for. Nothing moves by itself: a test
 * calls deliver(), or gives a `wake` that does.
 */
import type { SocketAddress } from '#core/net/address.ts';

export interface FakeDatagram {
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  readonly bytes: Uint8Array;
}

/** `corrupt` turns the last bit over; `delay` puts the datagram behind all that are under way. */
export type Fault = 'pass' | 'drop' | 'duplicate' | 'corrupt' | 'delay';

export interface FakeNetworkOptions {
  /** Asked once for each datagram as it is sent, with its number from zero. Absent: nothing goes wrong. */
  readonly fault?: (datagram: FakeDatagram, number: number) => Fault;
  /** Called when something is under way and nothing was, e.g. `queueMicrotask`. Absent: the test calls deliver(). */
  readonly wake?: (deliver: () => void) => void;
}

type Receiver = (datagram: FakeDatagram) => void;

/** More deliveries in one go than this is two ends answering each other without end. */
const MAX_DELIVERIES = 100_000;

export class FakeNetwork {
  readonly #fault: NonNullable<FakeNetworkOptions['fault']>;
  readonly #wake: FakeNetworkOptions['wake'];
  readonly #receivers = new Map<string, Receiver>();
  #queue: FakeDatagram[] = [];
  #delayed: FakeDatagram[] = [];
  #sent = 0;
  /** Everything that was sent, faults or not, for a test to look at. */
  readonly log: FakeDatagram[] = [];

  constructor(options: FakeNetworkOptions = {}) {
    this.#fault = options.fault ?? (() => 'pass');
    this.#wake = options.wake;
  }

  /** False when the place is taken. */
  bind(at: SocketAddress, receiver: Receiver): boolean {
    const place = placeOf(at);
    if (this.#receivers.has(place)) return false;
    this.#receivers.set(place, receiver);
    return true;
  }

  unbind(at: SocketAddress): void {
    this.#receivers.delete(placeOf(at));
  }

  send(datagram: FakeDatagram): void {
    this.log.push(datagram);
    const idle = this.#queue.length + this.#delayed.length === 0;
    switch (this.#fault(datagram, this.#sent++)) {
      case 'drop':
        return;
      case 'duplicate':
        this.#queue.push(datagram, datagram);
        break;
      case 'corrupt':
        this.#queue.push({ ...datagram, bytes: corrupted(datagram.bytes) });
        break;
      case 'delay':
        this.#delayed.push(datagram);
        break;
      case 'pass':
        this.#queue.push(datagram);
        break;
    }
    if (idle) this.#wake?.(() => this.deliver());
  }

  /** Hands over what is under way, and what that gives rise to. Returns how many arrived at a socket. */
  deliver(): number {
    let arrived = 0;
    for (let deliveries = 0; ; deliveries++) {
      if (this.#queue.length === 0) {
        this.#queue = this.#delayed;
        this.#delayed = [];
      }
      const datagram = this.#queue.shift();
      if (!datagram) return arrived;
      if (deliveries === MAX_DELIVERIES) throw new Error('the fake network never comes to rest');
      const receiver = this.#receivers.get(placeOf(datagram.to));
      if (!receiver) continue;
      arrived += 1;
      receiver(datagram);
    }
  }
}

const placeOf = ({ address, port }: SocketAddress): string => `${address} ${port}`;

function corrupted(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const last = copy.length - 1;
  if (last >= 0) copy[last] = (copy[last] as number) ^ 1;
  return copy;
}
