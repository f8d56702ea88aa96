/**
 * A helper without tunnels: the real frames over a real socket, the contract's schemas on everything that comes in
 * and goes out, and answers that a test writes. Speaks hello by itself. For tests of clients.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CallName,
  calls,
  type Event,
  eventSchema,
  type Params,
  type Result,
} from '#core/ipc/contract.ts';
import { encodeFrame, FrameDecoder } from '#core/ipc/frame.ts';
import type { RefusalData } from '#core/ipc/profile-calls.ts';
import { hello, type Request, requestSchema } from '#core/ipc/messages.ts';
import { ERROR_CODES, PROTOCOL } from '#core/ipc/protocol.ts';

/** Refuses a call with a code of the contract. */
export class Refusal extends Error {
  readonly code: number;
  readonly data: RefusalData | undefined;
  constructor(code: keyof typeof ERROR_CODES, message: string, data?: RefusalData) {
    super(message);
    this.code = ERROR_CODES[code];
    this.data = data;
  }
}

export type Answers = { readonly [C in CallName]?: (params: Params<C>, peer: FakePeer) => Result<C> };

/** An event before the fake numbers it. */
export type FakeEvent = Event extends infer E ? (E extends Event ? Omit<E, 'sequence'> : never) : never;

/** One client's connection. */
export class FakePeer {
  readonly #socket: Socket;
  readonly #sequence = new Map<string, number>();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Octets as they are: for nonsense. */
  sendRaw(octets: Uint8Array | string): void {
    this.#socket.write(octets);
  }

  send(message: unknown): void {
    this.#socket.write(encodeFrame(message));
  }

  /** With the next sequence number, or after `skip` lost ones. */
  sendEvent(event: FakeEvent, skip = 0): void {
    const sequence = (this.#sequence.get(event.topic) ?? 0) + 1 + skip;
    this.#sequence.set(event.topic, sequence);
    const checked = eventSchema.parse({ ...event, sequence });
    this.send({ jsonrpc: '2.0', method: 'event', params: checked });
  }

  /** A subscription that begins anew counts its events anew. */
  begin(topic: FakeEvent['topic']): void {
    this.#sequence.delete(topic);
  }

  end(): void {
    this.#socket.destroySoon();
  }
}

export interface FakeHelperOptions {
  readonly answers?: Answers;
  /** Instead of everything: called for each connection. */
  readonly onConnect?: (peer: FakePeer) => void;
  /** Answers go out as they are: for those that break the contract. */
  readonly unchecked?: true;
  /** In place of our own protocol's. */
  readonly major?: number;
  /** The socket; default is one in a folder of its own. */
  readonly path?: string;
}

export class FakeHelper {
  /** Every call that came, hello apart, in order. */
  readonly received: { readonly name: string; readonly params: unknown }[] = [];
  readonly path: string;
  readonly #directory: string;
  readonly #server: Server;
  readonly #options: FakeHelperOptions;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Map<string, (() => void)[]>();

  private constructor(options: FakeHelperOptions) {
    this.#options = options;
    this.#directory = mkdtempSync(join(tmpdir(), 'adit-fake-'));
    this.path = options.path ?? join(this.#directory, 'aditd.sock');
    this.#server = createServer((socket) => this.#admit(socket));
  }

  static async start(options: FakeHelperOptions): Promise<FakeHelper> {
    const helper = new FakeHelper(options);
    await new Promise<void>((resolve, reject) => {
      helper.#server.once('error', reject);
      helper.#server.listen(helper.path, resolve);
    });
    return helper;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#directory, { recursive: true });
  }

  /** Resolves when a call of this name has come. */
  called(name: CallName): Promise<void> {
    if (this.received.some((call) => call.name === name)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
    });
  }

  #admit(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    const peer = new FakePeer(socket);
    if (this.#options.onConnect) {
      this.#options.onConnect(peer);
      return;
    }
    const decoder = new FrameDecoder();
    socket.on('data', (chunk: Buffer) => {
      for (const message of decoder.feed(chunk)) this.#answer(requestSchema.parse(message), peer);
    });
  }

  #answer({ id, method, params }: Request, peer: FakePeer): void {
    if (method === hello.method) {
      hello.params.parse(params);
      peer.send({
        jsonrpc: '2.0',
        id,
        result: { ...PROTOCOL, major: this.#options.major ?? PROTOCOL.major, helper: 'fake' },
      });
      return;
    }
    const name = method as CallName;
    const checked: unknown = calls[name].params.parse(params);
    this.received.push({ name, params: checked });
    try {
      const answer = this.#options.answers?.[name] as
        | ((given: unknown, peer: FakePeer) => unknown)
        | undefined;
      if (!answer) throw new Refusal('unknownCall', `the fake has no answer for ${name}`);
      const result = answer(checked, peer);
      peer.send({
        jsonrpc: '2.0',
        id,
        result: this.#options.unchecked ? result : calls[name].result.parse(result),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message, data } = error;
      peer.send({ jsonrpc: '2.0', id, error: { code, message, data } });
    }
    for (const resolve of this.#waiting.get(name) ?? []) resolve();
    this.#waiting.delete(name);
  }
}
