/**
 * One connection to the helper: hello, calls, and what becomes of tunnels and profiles without gaps. Every answer and event is
 * checked against the contract: a helper that sends nonsense ends the connection and nothing of it is shown.
 * helper-client.ts opens one after the other. The command line has its own, which trades checking for a quick start.
 */
import { createConnection, type Socket } from 'node:net';
import {
  type CallName,
  calls,
  type LogEntry,
  type Params,
  type ProfileSummary,
  type Result,
  type Status,
} from '#core/ipc/contract.ts';
import { encodeFrame, FrameDecoder, FrameError } from '#core/ipc/frame.ts';
import { type ErrorResponse, type FromHelper, fromHelperSchema, hello } from '#core/ipc/messages.ts';
import { type FieldProblem, refusalDataSchema } from '#core/ipc/profile-calls.ts';
import { ERROR_CODES, PROTOCOL } from '#core/ipc/protocol.ts';
import { printable } from '#core/text/printable.ts';
import type { LinkProblem } from './bridge-contract.ts';

/** The helper answers everything at once; longer than this and it hangs. */
const ANSWER_WITHIN_MS = 15_000;

/** Why there is no connection (any more). */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly problem: LinkProblem;
  constructor(problem: LinkProblem, detail: string) {
    super(printable(detail, 512));
    this.problem = problem;
  }
}

/** The helper is well and says no. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** What is wrong with which field of a profile. */
  readonly problems: readonly FieldProblem[] | undefined;
  constructor(message: string, problems?: readonly FieldProblem[]) {
    super(message);
    this.problems = problems;
  }
}

/** What begins anew where `all` says so: the list's first page, and after which id it goes on. */
export type ProfilesNews =
  | { readonly all: readonly ProfileSummary[] | undefined; readonly next: string | undefined }
  | { readonly changed: readonly ProfileSummary[]; readonly removed: readonly string[] };

/** The newest lines that the helper kept, whenever following begins (anew); then one after the other. */
export type LogNews = { readonly snapshot: readonly LogEntry[] } | { readonly entry: LogEntry };

/** The topics that are followed from the first moment; the log only while `followLog` says so. */
const FOLLOWED = ['status', 'profiles'] as const;
type Followed = (typeof FOLLOWED)[number] | 'log';

export interface ConnectionOptions {
  /** `adit-ui 0.1.0`, for the helper's log. */
  readonly client: string;
  readonly onStatus: (status: Status) => void;
  /** The list first, undefined where the helper cannot tell changes of it; then what is another. */
  readonly onProfiles: (news: ProfilesNews) => void;
  readonly onLog?: (news: LogNews) => void;
  /** Once, when it has ended, unless `close` was called. */
  readonly onEnd: (error: LinkError) => void;
  /**
   * Milliseconds to listen before hello is sent. A helper that refuses its caller speaks and closes at once; a hello on
   * its way may then break the connection before its words are read.
   */
  readonly listenFirstMs?: number;
}

interface Pending {
  /** Called before anything that came later is looked at. */
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class HelperConnection {
  /** What it calls itself: `aditd 0.1.0`. */
  helper = '';
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  /** Of the last event or snapshot; a topic is not here while its subscription is on its way. */
  readonly #sequences = new Map<Followed, number>();
  #ended: LinkError | undefined;

  private constructor(path: string, options: ConnectionOptions) {
    this.#options = options;
    this.#socket = createConnection(path);
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#end(linkError(error)));
    this.#socket.on('close', () => this.#end(new LinkError('lost', 'the helper closed the connection')));
  }

  /** Connects, says hello and subscribes; the first status and profiles are told before this resolves. Throws LinkError. */
  static async open(path: string, options: ConnectionOptions): Promise<HelperConnection> {
    const connection = new HelperConnection(path, options);
    try {
      if (options.listenFirstMs !== undefined) await connection.#listen(options.listenFirstMs);
      const answer = await connection.#request('hello', { ...PROTOCOL, client: options.client });
      const greeting = hello.result.safeParse(answer);
      if (!greeting.success) throw new LinkError('nonsense', 'its hello is not of the contract');
      if (greeting.data.major !== PROTOCOL.major) {
        const detail = `it speaks protocol ${greeting.data.major}, this application ${PROTOCOL.major}`;
        throw new LinkError('incompatible', detail);
      }
      connection.helper = printable(greeting.data.helper, 64);
      for (const topic of FOLLOWED) await connection.#subscribe(topic);
      return connection;
    } catch (error) {
      connection.close();
      if (error instanceof LinkError) throw error;
      throw new LinkError('refused', error instanceof Error ? error.message : String(error));
    }
  }

  /** Throws RefusedError where the helper says no, LinkError where no answer of the contract comes. */
  async call<C extends CallName>(name: C, params: Params<C>): Promise<Result<C>> {
    return this.#understood(name, await this.#request(name, params));
  }

  #understood<C extends CallName>(name: C, answer: unknown): Result<C> {
    const result = calls[name].result.safeParse(answer);
    if (result.success) return result.data as Result<C>;
    const error = new LinkError('nonsense', `its answer to ${name} is not what the contract says`);
    this.#end(error);
    throw error;
  }

  /** Begins, or ends, telling `onLog`. Throws as `call` does. */
  async followLog(on: boolean): Promise<void> {
    if (on) {
      await this.#subscribe('log');
      return;
    }
    this.#sequences.delete('log');
    await this.call('events.unsubscribe', { topic: 'log' });
  }

  /** Ends it in silence: `onEnd` is not called. */
  close(): void {
    this.#finish(new LinkError('lost', 'the connection was closed'));
  }

  #listen(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#socket.off('close', onClose);
        resolve();
      }, ms);
      const onClose = (): void => {
        clearTimeout(timer);
        reject(this.#ended ?? new LinkError('lost', 'the helper closed the connection'));
      };
      this.#socket.once('close', onClose);
    });
  }

  /** The snapshot is heard at once: an event may follow it in the same breath. */
  async #subscribe(topic: Followed): Promise<void> {
    this.#sequences.delete(topic);
    await this.#request('events.subscribe', { topic }, (answer) => {
      const { sequence, status, profiles, next, log } = this.#understood('events.subscribe', answer);
      this.#sequences.set(topic, sequence);
      if (topic === 'profiles') this.#options.onProfiles({ all: profiles, next });
      else if (topic === 'log') this.#options.onLog?.({ snapshot: log ?? [] });
      else if (status) this.#options.onStatus(status);
    });
  }

  #request(method: string, params: unknown, hear?: (answer: unknown) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      const id = this.#nextId++;
      let frame: Uint8Array;
      try {
        frame = encodeFrame({ jsonrpc: '2.0', id, method, params });
      } catch (error) {
        reject(error instanceof FrameError ? new RefusedError(`${method}: ${error.message}`) : error);
        return;
      }
      const timer = setTimeout(() => {
        this.#end(new LinkError('lost', `no answer to ${method} within ${ANSWER_WITHIN_MS / 1000} seconds`));
      }, ANSWER_WITHIN_MS);
      const settle = (answer: unknown): void => {
        try {
          hear?.(answer);
          resolve(answer);
        } catch (error) {
          reject(error);
        }
      };
      this.#pending.set(id, { resolve: settle, reject, timer });
      this.#socket.write(frame);
    });
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      for (const value of this.#decoder.feed(chunk)) {
        const message = fromHelperSchema.safeParse(value);
        if (!message.success) throw new LinkError('nonsense', 'a message is not of the contract');
        this.#handle(message.data);
      }
    } catch (error) {
      if (error instanceof LinkError) this.#end(error);
      else if (error instanceof FrameError) this.#end(new LinkError('nonsense', error.message));
      else throw error;
    }
  }

  #handle(message: FromHelper): void {
    if ('params' in message) {
      const event = message.params;
      const last = this.#sequences.get(event.topic);
      if (last === undefined) return;
      if (event.sequence !== last + 1) {
        this.#subscribe(event.topic).catch((error: unknown) => {
          this.#end(error instanceof LinkError ? error : new LinkError('lost', String(error)));
        });
        return;
      }
      this.#sequences.set(event.topic, event.sequence);
      if (event.topic === 'status') this.#options.onStatus(event.status);
      else if (event.topic === 'log') this.#options.onLog?.({ entry: event.entry });
      else this.#options.onProfiles({ changed: event.changed, removed: event.removed });
    } else if ('error' in message) {
      this.#refused(message);
    } else {
      this.#settle(message.id)?.resolve(message.result);
    }
  }

  #refused({ id, error: { code, message, data } }: ErrorResponse): void {
    const text = message
      .split('\n')
      .map((line) => printable(line, 1024))
      .join('\n');
    if (code === ERROR_CODES.protocol) this.#end(new LinkError('incompatible', text));
    // Without an id it is the connection that is refused.
    else if (id === null) this.#end(new LinkError('refused', text));
    else this.#settle(id)?.reject(new RefusedError(text, refusalDataSchema.safeParse(data).data?.problems));
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }

  #end(error: LinkError): void {
    if (this.#ended) return;
    const wasOpen = this.helper !== '';
    this.#finish(error);
    if (wasOpen) this.#options.onEnd(error);
  }

  /** The first reason counts; all who wait hear it. */
  #finish(error: LinkError): void {
    this.#ended ??= error;
    this.#socket.destroy();
    for (const id of this.#pending.keys()) this.#settle(id)?.reject(this.#ended);
  }
}

const PROBLEMS: Readonly<Record<string, LinkProblem>> = {
  ENOENT: 'missing',
  ECONNREFUSED: 'missing',
  EACCES: 'refused',
  EPERM: 'refused',
  ENOTSOCK: 'nonsense',
  EPROTOTYPE: 'nonsense',
};

const linkError = (error: NodeJS.ErrnoException): LinkError =>
  new LinkError(PROBLEMS[error.code ?? ''] ?? 'lost', error.message);
