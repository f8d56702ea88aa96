/**
 * A client of strongSwan's vici protocol: how the lab asks charon what it has, without parsing text for people.
 * Protocol: a 32-bit length, a packet type, a name where the type has one, then a tree of sections, values and lists.
 * Used by strongswan.ts.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

type ViciValue = string | readonly string[] | ViciMessage;
export interface ViciMessage {
  readonly [key: string]: ViciValue;
}

const PACKET = {
  request: 0,
  response: 1,
  unknownCommand: 2,
  register: 3,
  confirm: 5,
  unknownEvent: 6,
  event: 7,
};
const ELEMENT = { sectionStart: 1, sectionEnd: 2, keyValue: 3, listStart: 4, listItem: 5, listEnd: 6 };

export class Vici implements Disposable {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  readonly #waiting: ((packet: Buffer | Error) => void)[] = [];
  readonly #packets: Buffer[] = [];
  #ended: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('close', () => this.#end(new Error('charon closed the vici socket')));
    socket.on('error', (error) => this.#end(error));
  }

  /** Rejects while charon does not listen yet. */
  static async connect(path: string): Promise<Vici> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new Vici(socket);
  }

  /** One command, one answer. Throws what charon names as `errmsg` when it says `success = no`. */
  async command(name: string, argument: ViciMessage = {}): Promise<ViciMessage> {
    this.#send(PACKET.request, name, encode(argument));
    const answer = await this.#take();
    if (answer[0] !== PACKET.response) throw new Error(`vici: charon does not know ${name}`);
    const message = decode(answer.subarray(1));
    if (message['success'] === 'no') throw new ViciRefusal(name, message);
    return message;
  }

  /** A command that streams its result as events called `event`; returns their messages in order. */
  async stream(name: string, event: string, argument: ViciMessage = {}): Promise<ViciMessage[]> {
    this.#send(PACKET.register, event, Buffer.alloc(0));
    if ((await this.#take())[0] !== PACKET.confirm) throw new Error(`vici: charon has no event ${event}`);
    this.#send(PACKET.request, name, encode(argument));
    const messages: ViciMessage[] = [];
    for (;;) {
      const packet = await this.#take();
      if (packet[0] !== PACKET.event) break;
      const nameLength = packet[1] ?? 0;
      messages.push(decode(packet.subarray(2 + nameLength)));
    }
    // The registration ends with the connection: strongswan.ts opens one for each question.
    return messages;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #send(type: number, name: string, body: Buffer): void {
    const head = Buffer.alloc(6);
    head.writeUInt32BE(2 + name.length + body.length, 0);
    head.writeUInt8(type, 4);
    head.writeUInt8(name.length, 5);
    this.#socket.write(Buffer.concat([head, Buffer.from(name, 'latin1'), body]));
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE(0);
      if (this.#received.length < 4 + length) return;
      const packet = this.#received.subarray(4, 4 + length);
      this.#received = this.#received.subarray(4 + length);
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#packets.push(packet);
      else waiter(packet);
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiter of this.#waiting.splice(0)) waiter(this.#ended);
  }

  async #take(): Promise<Buffer> {
    const ready = this.#packets.shift();
    if (ready !== undefined) return ready;
    if (this.#ended !== undefined) throw this.#ended;
    const packet = await new Promise<Buffer | Error>((resolve) => this.#waiting.push(resolve));
    if (packet instanceof Error) throw packet;
    return packet;
  }
}

/** charon's `success = no`. */
class ViciRefusal extends Error {
  override readonly name = 'ViciRefusal';
  readonly answer: ViciMessage;
  constructor(command: string, answer: ViciMessage) {
    const reason = answer['errmsg'];
    super(`vici ${command}: ${typeof reason === 'string' ? reason : 'refused'}`);
    this.answer = answer;
  }
}

function encode(message: ViciMessage): Buffer {
  const parts: Buffer[] = [];
  const name = (type: number, key: string) =>
    parts.push(Buffer.from([type, key.length]), Buffer.from(key, 'latin1'));
  const value = (text: string) => {
    const bytes = Buffer.from(text);
    parts.push(Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes);
  };
  for (const [key, item] of Object.entries(message)) {
    if (typeof item === 'string') {
      name(ELEMENT.keyValue, key);
      value(item);
    } else if (Array.isArray(item)) {
      name(ELEMENT.listStart, key);
      for (const text of item as readonly string[]) {
        parts.push(Buffer.from([ELEMENT.listItem]));
        value(text);
      }
      parts.push(Buffer.from([ELEMENT.listEnd]));
    } else {
      name(ELEMENT.sectionStart, key);
      parts.push(encode(item as ViciMessage), Buffer.from([ELEMENT.sectionEnd]));
    }
  }
  return Buffer.concat(parts);
}

function decode(bytes: Buffer): ViciMessage {
  let at = 0;
  const name = () => {
    const length = bytes.readUInt8(at);
    at += 1 + length;
    return bytes.toString('latin1', at - length, at);
  };
  const value = () => {
    const length = bytes.readUInt16BE(at);
    at += 2 + length;
    return bytes.toString('utf8', at - length, at);
  };
  const section = (): ViciMessage => {
    const message: Record<string, ViciValue> = {};
    while (at < bytes.length) {
      const type = bytes.readUInt8(at++);
      if (type === ELEMENT.sectionEnd) break;
      const key = name();
      if (type === ELEMENT.sectionStart) message[key] = section();
      else if (type === ELEMENT.keyValue) message[key] = value();
      else if (type === ELEMENT.listStart) {
        const items: string[] = [];
        while (bytes.readUInt8(at++) === ELEMENT.listItem) items.push(value());
        message[key] = items;
      } else throw new Error(`vici: element ${type} at ${at}`);
    }
    return message;
  };
  return section();
}
