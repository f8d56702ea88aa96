/**
 * A client of the helper's socket without manners: sends what a test wants, octet by octet where it wants, and keeps
 * everything that comes back. cli/client.ts is the one with manners.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Event } from '#core/ipc/contract.ts';
import { PROTOCOL } from '#core/ipc/contract.ts';
import { FrameDecoder, encodeFrame } from '#core/ipc/frame.ts';

export interface Answer {
  readonly id: number | null;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export class RawClient {
  readonly socket: Socket;
  readonly events: Event[] = [];
  /** What came, in order. */
  readonly arrivals: ('answer' | 'event')[] = [];
  readonly #answers: Answer[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];
  readonly #decoder = new FrameDecoder();
  readonly #closed = Promise.withResolvers<void>();
  #id = 0;

  private constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('data', (chunk: Buffer) =>
      this.#decoder.feed(chunk).forEach((frame) => this.#take(frame)),
    );
    // Being cut off is what many tests are about; `closed` tells.
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.#closed.resolve());
  }

  /** Connected, nothing sent. */
  static async connect(path: string): Promise<RawClient> {
    const client = new RawClient(path);
    onTestFinished(() => {
      client.socket.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      client.socket.once('connect', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  /** Connected and greeted. */
  static async greeted(path: string): Promise<RawClient> {
    const client = await RawClient.connect(path);
    const answer = await client.call('hello', { ...PROTOCOL, client: 'test' });
    if (answer.error) throw new Error(answer.error.message);
    return client;
  }

  /** Resolves when the helper has ended the connection. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  send(frame: unknown): void {
    this.socket.write(encodeFrame(frame));
  }

  async call(method: string, params?: unknown): Promise<Answer> {
    this.send({ jsonrpc: '2.0', id: ++this.#id, method, ...(params === undefined ? {} : { params }) });
    return this.answer();
  }

  /** The next answer that nobody has taken. */
  answer(): Promise<Answer> {
    const ready = this.#answers.shift();
    return ready ? Promise.resolve(ready) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(frame: unknown): void {
    const message = frame as Answer & { readonly method?: string; readonly params?: Event };
    this.arrivals.push(message.method === 'event' ? 'event' : 'answer');
    if (message.method === 'event' && message.params) {
      this.events.push(message.params);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting) waiting(message);
    else this.#answers.push(message);
  }
}
