/**
 * A desktop's session bus as far as somebody asks it for a tray: signs in whoever connects, and answers whether the
 * StatusNotifier watcher has a host. D-Bus 1.0 over a Unix socket (dbus.freedesktop.org/doc/dbus-specification.html).
 * For tests of electron/tray-host.ts and of the application.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `present` has a host, `absent` a watcher without one, `nobody` no watcher: a desktop without a tray. */
export type Desktop = 'present' | 'absent' | 'nobody';

const ERRORS = 'org.freedesktop.DBus.Error';
const RETURN = 2;
const ERROR = 3;
/** Header fields by code. */
const MEMBER = 3;
const ERROR_NAME = 4;
const REPLY_SERIAL = 5;
const SIGNATURE = 8;

const aligned = (at: number, to: number): number => Math.ceil(at / to) * to;

export class SessionBus {
  /** For DBUS_SESSION_BUS_ADDRESS. */
  readonly address: string;
  desktop: Desktop;
  /** How often it was asked for the tray. */
  asked = 0;
  readonly #server: Server;
  readonly #directory: string;
  readonly #clients = new Set<Socket>();

  private constructor(desktop: Desktop, server: Server, directory: string) {
    this.desktop = desktop;
    this.#server = server;
    this.#directory = directory;
    this.address = `unix:path=${join(directory, 'bus')}`;
  }

  static async start(desktop: Desktop): Promise<SessionBus> {
    const directory = mkdtempSync(join(tmpdir(), 'adit-bus-'));
    const server = createServer();
    const bus = new SessionBus(desktop, server, directory);
    server.on('connection', (socket) => bus.#serve(socket));
    await new Promise<void>((resolve) => server.listen(join(directory, 'bus'), resolve));
    return bus;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    socket.on('close', () => this.#clients.delete(socket));
    socket.on('error', () => undefined);
    let octets = Buffer.alloc(0);
    let isIn = false;
    socket.on('data', (chunk: Buffer) => {
      octets = Buffer.concat([octets, chunk]);
      while (!isIn) {
        const end = octets.indexOf('\r\n');
        if (end < 0) return;
        const line = octets.toString('latin1', 0, end).replace('\0', '');
        octets = octets.subarray(end + 2);
        isIn = line === 'BEGIN';
        if (!isIn) socket.write(`${signInAnswer(line)}\r\n`);
      }
      for (let size = messageSize(octets); size > 0 && octets.length >= size; size = messageSize(octets)) {
        this.#answer(octets.subarray(0, size), socket);
        octets = octets.subarray(size);
      }
    });
  }

  #answer(message: Buffer, socket: Socket): void {
    const serial = message.readUInt32LE(8);
    const member = textField(message, MEMBER);
    if (member === 'Hello') socket.write(reply(RETURN, serial, 's', string(':1.1')));
    else if (member === 'Get') this.#answerTray(serial, socket);
    else socket.write(reply(ERROR, serial, 's', string('not here'), `${ERRORS}.UnknownMethod`));
  }

  #answerTray(serial: number, socket: Socket): void {
    this.asked++;
    if (this.desktop === 'nobody') {
      const text = 'The name org.kde.StatusNotifierWatcher was not provided by any .service files';
      socket.write(reply(ERROR, serial, 's', string(text), `${ERRORS}.ServiceUnknown`));
      return;
    }
    // A variant: its signature `b`, then the boolean at a multiple of four.
    socket.write(
      reply(RETURN, serial, 'v', Buffer.from([1, 98, 0, 0, this.desktop === 'present' ? 1 : 0, 0, 0, 0])),
    );
  }
}

function signInAnswer(line: string): string {
  if (line === 'AUTH') return 'REJECTED EXTERNAL';
  if (line === 'AUTH EXTERNAL') return 'DATA';
  if (line.startsWith('AUTH EXTERNAL') || line.startsWith('DATA')) return `OK ${'0'.repeat(31)}1`;
  return line === 'NEGOTIATE_UNIX_FD' ? 'AGREE_UNIX_FD' : 'ERROR';
}

/** Octets of the message that `octets` begins with; 0 while that cannot be told. */
function messageSize(octets: Buffer): number {
  if (octets.length < 16) return 0;
  return aligned(16 + octets.readUInt32LE(12), 8) + octets.readUInt32LE(4);
}

/** A header field that is a text: an array of (code, signature, value), each at a multiple of eight. */
function textField(message: Buffer, wanted: number): string | undefined {
  const end = 16 + message.readUInt32LE(12);
  for (let at = 16; at < end; at = aligned(at, 8)) {
    const code = message.readUInt8(at);
    const type = String.fromCharCode(message.readUInt8(at + 2));
    at += 4;
    if (type === 'u') {
      at += 4;
      continue;
    }
    const size = type === 'g' ? message.readUInt8(at) : message.readUInt32LE(at);
    const from = at + (type === 'g' ? 1 : 4);
    if (code === wanted) return message.toString('utf8', from, from + size);
    at = from + size + 1;
  }
  return undefined;
}

function string(text: string): Buffer {
  const octets = Buffer.from(`${text}\0`);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(octets.length - 1);
  return Buffer.concat([size, octets]);
}

function reply(type: number, to: number, signature: string, body: Buffer, error?: string): Buffer {
  const serial = Buffer.alloc(4);
  serial.writeUInt32LE(to);
  const fields = [
    field(REPLY_SERIAL, 'u', serial),
    field(SIGNATURE, 'g', Buffer.from([signature.length, ...Buffer.from(signature), 0])),
    ...(error === undefined ? [] : [field(ERROR_NAME, 's', string(error))]),
  ];
  const header = fields.reduce((all, one) => Buffer.concat([padded(all, 8), one]), Buffer.alloc(0));
  const fixed = Buffer.alloc(16);
  fixed.write('l', 'latin1');
  fixed.writeUInt8(type, 1);
  fixed.writeUInt8(1, 3);
  fixed.writeUInt32LE(body.length, 4);
  fixed.writeUInt32LE(to, 8);
  fixed.writeUInt32LE(header.length, 12);
  return Buffer.concat([padded(Buffer.concat([fixed, header]), 8), body]);
}

const field = (code: number, type: string, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), value]);

const padded = (octets: Buffer, to: number): Buffer =>
  Buffer.concat([octets, Buffer.alloc(aligned(octets.length, to) - octets.length)]);
