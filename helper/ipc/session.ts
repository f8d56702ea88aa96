/**
 * One client's connection, from its first frame to its end. Bounds: two seconds to say hello, one request at a time
 * (reading stops while one is worked on), and a client that lets answers and events pile up is dropped. Whatever a
 * client sends costs at most its own connection.
 */
import type { Socket } from 'node:net';
import { ERROR_CODES, PROTOCOL } from '#core/ipc/contract.ts';
import type { Event, Permission } from '#core/ipc/contract.ts';
import { FrameDecoder, FrameError, encodeFrame } from '#core/ipc/frame.ts';
import { hello, requestSchema } from '#core/ipc/messages.ts';
import type { ErrorResponse, HelloResult, Notification, Request, Response } from '#core/ipc/messages.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log/log.ts';
import { faultText } from '../log/fault.ts';
import { CallError } from './call-error.ts';
import { dismiss } from './dismiss.ts';
import { fieldProblem } from './dispatch.ts';
import type { Caller, Dispatch } from './dispatch.ts';
import { Subscriptions } from './subscriptions.ts';

const HELLO_WITHIN_MS = 2000;
const LARGEST_BACKLOG = 1 << 20;

export interface SessionDeps {
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  readonly log: Logger;
  /** `aditd 0.1.0` */
  readonly version: string;
}

export class Session {
  readonly #socket: Socket;
  readonly #deps: SessionDeps;
  readonly #caller: Caller;
  readonly #decoder = new FrameDecoder();
  readonly #waiting: unknown[] = [];
  /** Events that arose while a request was worked on: they follow its answer, which may be the snapshot before them. */
  readonly #held: Event[] = [];
  readonly #cancelHelloTimer: () => void;
  #greeted = false;
  #working = false;
  #ended = false;

  /** The socket is paused and its peer's permission known; reading starts here. */
  constructor(
    socket: Socket,
    peer: { readonly uid: number; readonly permission: Permission },
    deps: SessionDeps,
  ) {
    this.#socket = socket;
    this.#deps = deps;
    this.#caller = {
      viewer: { uid: peer.uid, admin: peer.permission === 'admin' },
      permission: peer.permission,
      subscriptions: new Subscriptions((event) => this.#sendEvent(event)),
    };
    this.#cancelHelloTimer = deps.clock.setTimer(deps.clock.now() + HELLO_WITHIN_MS, () =>
      this.#refuse(null, 'protocol', `no hello within ${HELLO_WITHIN_MS / 1000} s`),
    );
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('close', () => this.#end());
    socket.resume();
  }

  get uid(): number {
    return this.#caller.viewer.uid;
  }

  /** Ends the connection at once. */
  close(): void {
    this.#end();
    this.#socket.destroy();
  }

  #end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#cancelHelloTimer();
    this.#caller.subscriptions.endAll();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#waiting.push(...this.#decoder.feed(chunk));
    } catch (error) {
      this.#refuse(null, 'parse', error instanceof FrameError ? error.message : 'the frame cannot be read');
      return;
    }
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    this.#socket.pause();
    while (this.#waiting.length > 0) {
      await this.#handle(this.#waiting.shift());
      for (const event of this.#held.splice(0)) this.#notify(event);
    }
    this.#working = false;
    if (!this.#ended) this.#socket.resume();
  }

  async #handle(frame: unknown): Promise<void> {
    const request = requestSchema.safeParse(frame);
    if (!request.success) {
      this.#refuse(null, 'protocol', `this is no request: ${fieldProblem(request.error)}`);
    } else if (this.#greeted) {
      await this.#answer(request.data);
    } else {
      this.#greet(request.data);
    }
  }

  #greet({ id, method, params }: Request): void {
    const said = hello.params.safeParse(params);
    if (method !== hello.method || !said.success || said.data.major !== PROTOCOL.major) {
      const expected = `the first call must be hello with major ${PROTOCOL.major}`;
      const problem = said.success ? `major ${said.data.major}` : fieldProblem(said.error);
      this.#refuse(id, 'protocol', method === hello.method ? `${expected} (${problem})` : expected);
      return;
    }
    this.#greeted = true;
    this.#cancelHelloTimer();
    this.#deps.log.debug(`uid ${this.uid} connected: ${said.data.client ?? 'a client without a name'}`);
    this.#sendResult(id, { ...PROTOCOL, helper: this.#deps.version } satisfies HelloResult);
  }

  async #answer({ id, method, params }: Request): Promise<void> {
    try {
      this.#sendResult(id, await this.#deps.dispatch(method, params, this.#caller));
    } catch (error) {
      if (error instanceof CallError) {
        this.#sendError(id, error);
      } else {
        this.#deps.log.error(`${method} failed inside the helper: ${faultText(error)}`);
        this.#sendError(id, {
          code: ERROR_CODES.internal,
          message: 'the helper failed at this call; its log says more',
        });
      }
    }
  }

  #sendResult(id: number, result: unknown): void {
    this.#send({ jsonrpc: '2.0', id, result });
  }

  #sendError(
    id: number,
    { code, message, data }: Pick<CallError, 'code' | 'message'> & { data?: unknown },
  ): void {
    const error = { code, message, ...(data === undefined ? {} : { data }) };
    this.#send({ jsonrpc: '2.0', id, error });
  }

  #sendEvent(event: Event): void {
    if (this.#working) this.#held.push(event);
    else this.#notify(event);
  }

  #notify(event: Event): void {
    this.#send({ jsonrpc: '2.0', method: 'event', params: event });
  }

  #send(message: Response | ErrorResponse | Notification): void {
    if (this.#ended) return;
    const frame = framed(message);
    if (!frame) {
      this.#tooLarge(message);
      return;
    }
    this.#socket.write(frame);
    if (this.#socket.writableLength > LARGEST_BACKLOG) {
      this.close();
      this.#deps.log.warn(`uid ${this.uid} does not read what it asked for and was dropped`);
    }
  }

  /** A call is refused instead. Nothing can stand for an event: its connection ends. */
  #tooLarge(message: Response | ErrorResponse | Notification): void {
    if ('id' in message) {
      const error = { code: ERROR_CODES.internal, message: 'the answer does not fit a frame' };
      this.#send({ jsonrpc: '2.0', id: message.id, error });
      return;
    }
    this.close();
    this.#deps.log.warn(`an event for uid ${this.uid} does not fit a frame: its connection was ended`);
  }

  /** Says why and ends the connection. */
  #refuse(id: number | null, reason: keyof typeof ERROR_CODES, message: string): void {
    if (this.#ended) return;
    this.#end();
    const refusal: ErrorResponse = { jsonrpc: '2.0', id, error: { code: ERROR_CODES[reason], message } };
    dismiss(this.#socket, encodeFrame(refusal), this.#deps.clock);
  }
}

/** `undefined` where it is larger than a frame may be: much of it may be what others sent us. */
function framed(message: Response | ErrorResponse | Notification): Uint8Array | undefined {
  try {
    return encodeFrame(message);
  } catch (error) {
    if (error instanceof FrameError && error.fault === 'too-large') return undefined;
    throw error;
  }
}
