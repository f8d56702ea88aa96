/**
 * The helper's contract from a client's side: calls with their types, events without gaps, and words for what goes
 * wrong on the way. Used by every command. Answers are not checked here against the contract, for that would load
 * the validator at every start; main.ts does it before JSON is printed, and when an answer makes a command stumble.
 */
import { createConnection, type Socket } from 'node:net';
import type { CallName, Event, Params, ProfileSummary, Result, Status } from '#core/ipc/contract.ts';
import { encodeFrame, FrameDecoder, FrameError } from '#core/ipc/frame.ts';
import type { HelloParams, HelloResult } from '#core/ipc/messages.ts';
import { PROTOCOL } from '#core/ipc/protocol.ts';
import { closed, connectionError, nonsense, RefusedError, refusalOf, unanswered } from './client-errors.ts';
import { CliError } from './errors.ts';
import { Queue } from './queue.ts';
import { version } from './version.ts';

/** Waiting longer than this for an answer means that the helper hangs: it answers everything at once. */
const ANSWER_WITHIN_MS = 15_000;

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** An answer kept for a check later: which call it answered, and what it was. */
export interface Answer {
  readonly name: CallName;
  readonly result: unknown;
}

export class Client {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Map<number, Pending>();
  readonly #events = new Map<Event['topic'], Queue<Event>>();
  #nextId = 1;
  #ended: CliError | undefined;
  /** The latest answer, for a check against the contract. */
  lastAnswer: Answer | undefined;

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#end(connectionError(path, error)));
    socket.on('close', () => this.#end(closed()));
  }

  /** Connects and says hello. Throws CliError that names the socket and what to do. */
  static async connect(path: string): Promise<Client> {
    const client = new Client(createConnection(path), path);
    const params: HelloParams = { ...PROTOCOL, client: `adit ${version()}` };
    const answer = (await client.#request('hello', params).catch(async (error: unknown) => {
      throw error instanceof RefusedError ? error : ((await refusalAt(path)) ?? error);
    })) as Partial<HelloResult> | null;
    if (answer?.major !== PROTOCOL.major) {
      client.close();
      throw new CliError(
        `The helper speaks protocol ${String(answer?.major)}, this adit speaks ${PROTOCOL.major}.`,
        'Bring both to the same version.',
      );
    }
    return client;
  }

  /** The helper's answer to a call of the contract. Throws RefusedError, or CliError where no answer comes. */
  call<C extends CallName>(name: C, params: Params<C>): Promise<Result<C>> {
    return this.#call(name, params);
  }

  /** All profiles, as many answers as that takes. */
  async profiles(): Promise<ProfileSummary[]> {
    const all: ProfileSummary[] = [];
    for (let after: string | undefined; ; ) {
      const { profiles, next } = await this.call('profiles.list', after === undefined ? {} : { after });
      all.push(...profiles);
      if (next === undefined) return all;
      // A helper that goes round in circles would keep us for ever.
      if (after !== undefined && next <= after) throw nonsense(this.#path, 'its list of profiles has no end');
      after = next;
    }
  }

  /** The state of all tunnels, now and after every change; never ends by itself. */
  statuses(): AsyncGenerator<Status, never> {
    return this.#follow(
      'status',
      (answer) => (answer.status ? [answer.status] : []),
      (event) => (event.topic === 'status' ? event.status : undefined),
    );
  }

  /** The log: what the helper remembers, then `undefined`, then each line as it comes. */
  async *logEntries(): AsyncGenerator<LogEntry | undefined> {
    let seen = '';
    const lines = this.#follow<LogLine>(
      'log',
      ({ log = [] }) => {
        const again = seen !== '';
        return [...log.map((entry) => ({ entry, again })), { entry: undefined, again }];
      },
      (event) => (event.topic === 'log' ? { entry: event.entry, again: false } : undefined),
    );
    for await (const { entry, again } of lines) {
      // After a gap the helper tells its memory again; what was read before is passed over.
      if (again && (entry === undefined || entry.time <= seen)) continue;
      seen = entry?.time ?? seen;
      yield entry;
    }
  }

  close(): void {
    this.#ended ??= new CliError('The connection was closed.');
    this.#socket.destroy();
  }

  /** Subscribes, and again wherever an event is missing; snapshot and events in order. */
  async *#follow<T>(
    topic: Event['topic'],
    ofSnapshot: (answer: Result<'events.subscribe'>) => readonly T[],
    ofEvent: (event: Event) => T | undefined,
  ): AsyncGenerator<T, never> {
    for (;;) {
      const queue = new Queue<Event>();
      // Events belong to this subscription from its answer on; what comes before belongs to the one that had a gap.
      const answer = await this.#call('events.subscribe', { topic }, () => this.#events.set(topic, queue));
      yield* ofSnapshot(answer);
      for (let { sequence } = answer; ; sequence++) {
        const event = await queue.next();
        if (event.sequence !== sequence + 1) break;
        const value = ofEvent(event);
        if (value !== undefined) yield value;
      }
    }
  }

  async #call<C extends CallName>(name: C, params: Params<C>, onAnswer?: () => void): Promise<Result<C>> {
    const result = await this.#request(name, params, onAnswer);
    this.lastAnswer = { name, result };
    return result as Result<C>;
  }

  /** `onAnswer` runs as soon as the answer is read, before anything that follows it on the wire. */
  #request(name: string, params: unknown, onAnswer: () => void = () => {}): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      const timer = setTimeout(() => {
        this.#end(unanswered(name, ANSWER_WITHIN_MS));
        this.#socket.destroy();
      }, ANSWER_WITHIN_MS);
      const settle = (): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      this.#pending.set(id, {
        resolve: (result) => {
          settle();
          onAnswer();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      this.#send({ jsonrpc: '2.0', id, method: name, params }, name);
    });
  }

  #send(message: unknown, name: string): void {
    try {
      this.#socket.write(encodeFrame(message));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#end(new CliError(`${name} is too large to be sent: ${error.message}.`));
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      for (const message of this.#decoder.feed(chunk)) this.#handle(message);
    } catch (error) {
      const detail = error instanceof FrameError ? error.message : 'it is no message of the contract';
      this.#end(nonsense(this.#path, detail));
      this.#socket.destroy();
    }
  }

  #handle(message: unknown): void {
    if (!isRecord(message) || message.jsonrpc !== '2.0') throw new TypeError('no JSON-RPC');
    const { id, error, method, params } = message;
    if (method === 'event' && isRecord(params) && typeof params.sequence === 'number') {
      this.#events.get(params.topic as Event['topic'])?.push(params as Event);
    } else if (isRecord(error)) {
      this.#refused(id, error);
    } else if (typeof id === 'number' && 'result' in message) {
      this.#pending.get(id)?.resolve(message.result);
    } else {
      throw new TypeError('neither answer nor event');
    }
  }

  #refused(id: unknown, error: Readonly<Record<string, unknown>>): void {
    const refusal = refusalOf(error);
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending) pending.reject(refusal);
    // Without an id it is the connection that is refused.
    else this.#end(refusal);
  }

  /** The first reason counts; all who wait hear it. */
  #end(reason: CliError): void {
    if (this.#ended) return;
    this.#ended = reason;
    for (const { reject } of this.#pending.values()) reject(reason);
    for (const queue of this.#events.values()) queue.fail(reason);
  }
}

export type LogEntry = NonNullable<Result<'events.subscribe'>['log']>[number];

/** `again` where it may have been read before. */
interface LogLine {
  readonly entry: LogEntry | undefined;
  readonly again: boolean;
}

const REFUSES_WITHIN_MS = 500;

/**
 * What a helper says that refuses everybody like us: it speaks and closes before it reads, so that our hello may
 * break the connection before its words are read. A second one that sends nothing hears them.
 */
function refusalAt(path: string): Promise<RefusedError | undefined> {
  const decoder = new FrameDecoder();
  const socket = createConnection(path);
  return new Promise<RefusedError | undefined>((resolve) => {
    socket.setTimeout(REFUSES_WITHIN_MS, () => resolve(undefined));
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
    socket.on('data', (chunk: Buffer) => {
      try {
        const [message] = decoder.feed(chunk);
        if (isRecord(message) && isRecord(message.error)) resolve(refusalOf(message.error));
      } catch {
        resolve(undefined);
      }
    });
  }).finally(() => socket.destroy());
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
