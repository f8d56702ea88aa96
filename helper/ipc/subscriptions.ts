/**
 * What one client listens to. Each topic starts with a snapshot in the answer and goes on as events, numbered per
 * client and topic without a gap, so that a client that misses one knows it.
 */
import type { Event } from '#core/ipc/contract.ts';

type Topic = Event['topic'];
/** An event before it has its number. */
type Unnumbered = Event extends infer E ? (E extends Event ? Omit<E, 'sequence'> : never) : never;

interface Subscription {
  sequence: number;
  readonly end: () => void;
}

export class Subscriptions {
  readonly #send: (event: Event) => void;
  readonly #topics = new Map<Topic, Subscription>();

  constructor(send: (event: Event) => void) {
    this.#send = send;
  }

  /**
   * Begins a topic, anew where it ran already. `start` connects the source and returns how to disconnect it;
   * the returned number belongs to the snapshot: the first event has the next one.
   */
  begin(topic: Topic, start: (emit: (event: Unnumbered) => void) => () => void): number {
    this.end(topic);
    const subscription: Subscription = {
      sequence: 0,
      end: start((event) => {
        subscription.sequence++;
        this.#send({ ...event, sequence: subscription.sequence });
      }),
    };
    this.#topics.set(topic, subscription);
    return subscription.sequence;
  }

  end(topic: Topic): void {
    this.#topics.get(topic)?.end();
    this.#topics.delete(topic);
  }

  endAll(): void {
    for (const topic of this.#topics.keys()) this.end(topic);
  }
}
