/**
 * Listens on the system bus for PrepareForSleep of logind (org.freedesktop.login1(5)), or of elogind, which says the
 * same. Used by linux.ts. A client of our own: no child, and the bus may be missing without a word. It asks for
 * nothing but this signal.
 */
import { createConnection, type Socket } from 'node:net';
import {
  busCall,
  decodeMessage,
  ERROR,
  messageLength,
  METHOD_RETURN,
  SIGNAL,
  type BusMessage,
} from './dbus-message.ts';

/** Constant: what the environment says about a bus does not count in a privileged process. */
const SYSTEM_BUS = '/run/dbus/system_bus_socket';

const LOGIND = 'org.freedesktop.login1';
const PATH = '/org/freedesktop/login1';
const MATCH = `type='signal',sender='${LOGIND}',path='${PATH}',interface='${LOGIND}.Manager',member='PrepareForSleep'`;

const HELLO = 1;
const ADD_MATCH = 2;
const HAS_OWNER = 3;

export class LogindWatch {
  readonly #socket: Socket;
  readonly #prepare: (before: boolean) => void;
  #input: Uint8Array = new Uint8Array();
  #authenticated = false;
  #matched = false;
  #present = false;

  constructor(prepare: (before: boolean) => void, bus: string = SYSTEM_BUS) {
    this.#prepare = prepare;
    this.#socket = createConnection(bus);
    // The reason does not matter: there is no logind to listen to, and `working` says so.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => (this.#matched = false));
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    const uid = Buffer.from(String(process.geteuid?.() ?? 0)).toString('hex');
    this.#socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  }

  /** The bus is there, sends us the signal, and has somebody who gives it. */
  get working(): boolean {
    return this.#matched && this.#present;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#input = Buffer.concat([this.#input, bytes]);
      if (!this.#authenticated && !this.#authenticate()) return;
      for (let length = this.#next(); length !== undefined; length = this.#next()) {
        const message = decodeMessage(this.#input.subarray(0, length));
        this.#input = this.#input.subarray(length);
        this.#take(message);
      }
    } catch {
      // What speaks there is no message bus: as if there were none.
      this.close();
    }
  }

  /** The length of a message that is here as a whole. */
  #next(): number | undefined {
    const length = messageLength(this.#input);
    return length === undefined || length > this.#input.length ? undefined : length;
  }

  /** `OK GUID`, or the end of it. */
  #authenticate(): boolean {
    const end = this.#input.indexOf(0x0a);
    if (end < 0 && this.#input.length < 256) return false;
    if (Buffer.from(this.#input.subarray(0, 3)).toString('latin1') !== 'OK ') {
      this.close();
      return false;
    }
    this.#input = this.#input.subarray(end + 1);
    this.#authenticated = true;
    this.#socket.write('BEGIN\r\n');
    this.#socket.write(busCall(HELLO, 'Hello'));
    this.#socket.write(busCall(ADD_MATCH, 'AddMatch', MATCH));
    this.#socket.write(busCall(HAS_OWNER, 'NameHasOwner', LOGIND));
    return true;
  }

  #take({ type, replyTo, path, member, destination, flag }: BusMessage): void {
    if (type === METHOD_RETURN && replyTo === ADD_MATCH) this.#matched = true;
    else if (type === METHOD_RETURN && replyTo === HAS_OWNER) this.#present = flag === true;
    else if (type === ERROR) this.close();
    // Anybody may send us a signal by our name. Only the bus sends on a broadcast, by the match, and so from logind.
    else if (type === SIGNAL && destination === undefined && path === PATH && member === 'PrepareForSleep') {
      if (flag !== undefined) this.#prepare(flag);
    }
  }
}
