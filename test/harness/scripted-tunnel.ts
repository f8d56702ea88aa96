/**
 * TLS that a test writes itself: the peer's tunnel opens at once, and what "the server" puts into it is whatever the test
 * says. For the phases inside TTLS and PEAP, and for servers that no library would play.
 */
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import { encodeEap } from '#core/eap/packet.ts';
import type { EapPeer, EapPeerOutput } from '#core/eap/peer.ts';
import type { EapAnswer } from '#core/eap/question.ts';
import type { TlsOpen, TlsOpened, TlsReply, TlsRequest } from '#core/eap/tls-tunnel.ts';

/** Of the tunnel's keys: what `exported` holds in every scripted tunnel. */
export const KEY_MATERIAL: Uint8Array = Uint8Array.from({ length: 128 }, (_, i) => i);
export const CHALLENGE: Uint8Array = new Uint8Array(17).fill(0xc4);

const RECORD = Uint8Array.of(0x17, 3, 3);

export class ScriptedTunnel {
  readonly #peer: EapPeer;
  readonly #type: number;
  readonly #version: TlsOpened['version'];
  #identifier = 1;
  /** What the server sends with the next record. */
  #application: Uint8Array = EMPTY;
  /** What the peer asked for when it opened the tunnel. */
  open: TlsOpen | undefined;
  /** Application data that the peer wrote, in order. */
  readonly written: Uint8Array[] = [];

  constructor(peer: EapPeer, type: number, version: TlsOpened['version'] = 'TLSv1.2') {
    this.#peer = peer;
    this.#type = type;
    this.#version = version;
  }

  /** The outer EAP packet with these octets behind its flags. */
  request(flags: number, data: Uint8Array = EMPTY): Uint8Array {
    this.#identifier++;
    return encodeEap({
      code: 'request',
      identifier: this.#identifier,
      vendor: 0,
      type: this.#type,
      expanded: false,
      data: concat(Uint8Array.of(flags), data),
    });
  }

  /** Start; the tunnel is open with the answer. */
  begin(): EapPeerOutput {
    return this.#settle(this.#peer.receive(this.request(0x20)));
  }

  /** Puts application data into the tunnel. */
  send(application: Uint8Array): EapPeerOutput {
    this.#application = application;
    return this.#settle(this.#peer.receive(this.request(0, RECORD)));
  }

  /** Answers a question that is not about TLS. */
  answer(answer: EapAnswer): EapPeerOutput {
    return this.#settle(this.#peer.answer(answer));
  }

  #settle(output: EapPeerOutput): EapPeerOutput {
    let last = output;
    while (last.kind === 'ask' && last.question.kind === 'tls') {
      last = this.#peer.answer({ kind: 'tls', reply: this.#reply(last.question.request) });
    }
    return last;
  }

  #reply({ open, input, write }: TlsRequest): TlsReply {
    if (write.length > 0) this.written.push(write);
    const application = input.length > 0 ? this.#application : EMPTY;
    if (open === undefined) return { output: write.length > 0 ? RECORD : EMPTY, application };
    this.open = open;
    const opened = { version: this.#version, exported: [KEY_MATERIAL, CHALLENGE], chain: [] };
    return { output: RECORD, application, opened };
  }
}
