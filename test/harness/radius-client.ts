/**
 * Enough of a RADIUS client (RFC 2865, RFC 3579) to carry EAP to a server, as a gateway with eap-radius does, and to read
 * the keys in its Access-Accept (RFC 2548 §2.4). Only for tests, inside a namespace.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const CODES: Readonly<Record<number, 'accept' | 'reject' | 'challenge'>> = {
  2: 'accept',
  3: 'reject',
  11: 'challenge',
};
const Attribute = {
  userName: 1,
  state: 24,
  vendorSpecific: 26,
  eapMessage: 79,
  messageAuthenticator: 80,
} as const;
const MICROSOFT = 311;
const Mppe = { sendKey: 16, recvKey: 17 } as const;
const MAX_ATTRIBUTE = 253;

interface RadiusAnswer {
  readonly code: 'accept' | 'reject' | 'challenge';
  readonly eap: Buffer;
  /** MS-MPPE-Recv-Key and then MS-MPPE-Send-Key, as the server of an EAP method has them in its MSK. */
  readonly msk: Buffer;
}

export class RadiusClient implements AsyncDisposable {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  readonly #secret: string;
  #identifier = 0;
  #state: Buffer | undefined;

  constructor(port: number, secret: string) {
    this.#port = port;
    this.#secret = secret;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  /** Sends one EAP response to 127.0.0.1 and waits up to five seconds for what the server says. */
  async ask(userName: string, eap: Uint8Array): Promise<RadiusAnswer> {
    const authenticator = randomBytes(16);
    this.#identifier = (this.#identifier + 1) & 0xff;
    const attributes = [attribute(Attribute.userName, Buffer.from(userName))];
    for (let at = 0; at < eap.length; at += MAX_ATTRIBUTE) {
      attributes.push(attribute(Attribute.eapMessage, eap.subarray(at, at + MAX_ATTRIBUTE)));
    }
    if (this.#state !== undefined) attributes.push(attribute(Attribute.state, this.#state));
    attributes.push(attribute(Attribute.messageAuthenticator, Buffer.alloc(16)));
    const packet = Buffer.concat([Buffer.from([1, this.#identifier, 0, 0]), authenticator, ...attributes]);
    packet.writeUInt16BE(packet.length, 2);
    createHmac('md5', this.#secret)
      .update(packet)
      .digest()
      .copy(packet, packet.length - 16);
    this.#socket.send(packet, this.#port, '127.0.0.1');
    const [answer] = (await once(this.#socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [
      Buffer,
    ];
    return this.#read(answer, authenticator);
  }

  #read(answer: Buffer, authenticator: Buffer): RadiusAnswer {
    const code = CODES[answer[0] ?? 0];
    if (code === undefined) throw new Error(`RADIUS code ${answer[0]}`);
    const eap: Buffer[] = [];
    const keys = new Map<number, Buffer>();
    for (let at = 20; at < answer.length; at += answer[at + 1] ?? 0) {
      const value = answer.subarray(at + 2, at + (answer[at + 1] ?? 2));
      if (answer[at] === Attribute.eapMessage) eap.push(value);
      if (answer[at] === Attribute.state) this.#state = value;
      if (answer[at] === Attribute.vendorSpecific && value.readUInt32BE(0) === MICROSOFT) {
        keys.set(value[4] ?? 0, this.#decrypt(value.subarray(6), authenticator));
      }
    }
    const key = (type: number) => keys.get(type) ?? Buffer.alloc(0);
    return { code, eap: Buffer.concat(eap), msk: Buffer.concat([key(Mppe.recvKey), key(Mppe.sendKey)]) };
  }

  /** RFC 2548 §2.4.2: a salt, then blocks under a chain of MD5; the first octet is the key's length. */
  #decrypt(value: Buffer, authenticator: Buffer): Buffer {
    let last: Buffer = Buffer.concat([authenticator, value.subarray(0, 2)]);
    const plain: Buffer[] = [];
    for (let at = 2; at < value.length; at += 16) {
      const block = value.subarray(at, at + 16);
      const pad = createHash('md5').update(this.#secret).update(last).digest();
      plain.push(Buffer.from(block.map((octet, i) => octet ^ (pad[i] ?? 0))));
      last = block;
    }
    const whole = Buffer.concat(plain);
    return whole.subarray(1, 1 + (whole[0] ?? 0));
  }
}

const attribute = (type: number, value: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([type, value.length + 2]), value]);
