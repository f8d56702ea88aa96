/**
 * A TLS session of the peer inside EAP: fragments, the handshake as questions, then a phase inside the tunnel. EAP-TLS,
 * TTLS and PEAP are this class with three phases (RFC 5216 §2.1, RFC 5281 §7, draft-kamath-pppext-peapv0-00).
 */
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { eapTypes } from '#core/registry/eap-types.ts';
import type { EapFailure } from '../failure.ts';
import type { EapKeys, PeerMethod, PeerStep } from '../method.ts';
import type { EapAnswer } from '../question.ts';
import type { TlsExport, TlsOpen, TlsReply, TlsRequest } from '../tls-tunnel.ts';
import { fragmentBytesOf, TlsFraming } from './tls-framing.ts';
import type { PeerPhase, PhaseStep } from './tunnel.ts';

export interface TlsSessionOptions {
  readonly type: number;
  /** 1, or 2 inside another tunnel. */
  readonly tunnel: number;
  readonly exports: readonly TlsExport[];
  /** Of the outer tunnel. */
  readonly fragmentBytes?: number | undefined;
}

export class TlsPeer implements PeerMethod {
  readonly type: number;
  readonly #phase: PeerPhase;
  readonly #options: TlsSessionOptions;
  readonly #framing: TlsFraming;
  #state: 'unopened' | 'handshake' | 'open' | 'lost' = 'unopened';
  #identifier = 0;
  /** Whose question is open. */
  #waiting: 'tls' | 'phase' | undefined;
  /** Records to send with the next response, and application data that the phase has not seen. */
  #output: Uint8Array = EMPTY;
  #inbox: Uint8Array[] = [];
  #notice: string | undefined;
  #tlsFailure: EapFailure | undefined;

  constructor(options: TlsSessionOptions, phase: PeerPhase) {
    this.type = options.type;
    this.#options = options;
    this.#phase = phase;
    this.#framing = new TlsFraming(fragmentBytesOf(options.tunnel, options.fragmentBytes));
  }

  get satisfied(): boolean {
    return this.#state === 'open' && this.#phase.satisfied;
  }

  get suspicion(): EapFailure | undefined {
    return this.#tlsFailure ?? this.#phase.suspicion;
  }

  get keys(): EapKeys {
    return this.#phase.keys;
  }

  get changedPassword(): string | undefined {
    return this.#phase.changedPassword;
  }

  request(data: Uint8Array, identifier: number): PeerStep {
    this.#identifier = identifier;
    const framed = this.#framing.receive(data);
    switch (framed.kind) {
      case 'fragment':
        return { do: 'respond', data: this.#framing.acknowledge() };
      case 'go-on':
        return { do: 'respond', data: this.#framing.next() };
      default:
        return this.#message(framed.bytes, framed.start);
    }
  }

  #message(input: Uint8Array, start: boolean): PeerStep {
    if (this.#state === 'unopened') {
      if (!start) throw new DecodeError('TLS flags', 'the first packet does not say Start');
      this.#state = 'handshake';
      const { type, exports } = this.#options;
      return this.#ask({ input, write: EMPTY, open: { role: 'client', method: type, exports } });
    }
    // After our alert, or for nothing: an empty answer keeps the conversation going to its end.
    if (this.#state === 'lost' || input.length === 0) return this.#respond();
    return this.#ask({ input, write: EMPTY });
  }

  #ask(request: Omit<TlsRequest, 'tunnel'> & { readonly open?: TlsOpen }): PeerStep {
    this.#waiting = 'tls';
    return { do: 'ask', question: { kind: 'tls', request: { tunnel: this.#options.tunnel, ...request } } };
  }

  answer(answer: EapAnswer): PeerStep {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === 'phase') return this.#goOn(this.#phase.answer(answer));
    if (answer.kind !== 'tls') throw new DecodeError('TLS', 'nobody runs the tunnel');
    return this.#tlsAnswered(answer.reply);
  }

  #tlsAnswered({ output, application, opened, failure }: TlsReply): PeerStep {
    this.#output = concat(this.#output, output);
    if (failure !== undefined) {
      this.#state = 'lost';
      this.#tlsFailure = { cause: 'tls', method: eapTypes.nameOf(this.type), tls: failure };
      // Our alert still goes out, and one of the server's is acknowledged (RFC 5216 §2.1.3): EAP-Failure comes back.
      const goesOn = this.#output.length > 0 || failure.reason === 'alert';
      return goesOn ? this.#respond() : { do: 'fail', failure: this.#tlsFailure };
    }
    if (application.length > 0) this.#inbox.push(application);
    if (opened === undefined) return this.#goOn();
    this.#state = 'open';
    this.#framing.alwaysLength = false;
    return this.#goOn(this.#phase.opened(opened));
  }

  /** Does what the phase wants, hands it what has come, and sends what there is when nothing is left. */
  #goOn(step?: PhaseStep): PeerStep {
    for (let next = step; ; ) {
      if (next?.do === 'fail') return next;
      if (next?.do === 'ask') {
        this.#waiting = 'phase';
        return next;
      }
      if (next?.notice !== undefined) this.#notice = next.notice;
      if (next !== undefined && next.data.length > 0) return this.#ask({ input: EMPTY, write: next.data });
      const data = this.#state === 'open' ? this.#inbox.shift() : undefined;
      if (data === undefined) return this.#respond();
      next = this.#phase.received(data, this.#identifier);
    }
  }

  #respond(): PeerStep {
    const data = this.#framing.send(this.#output);
    const notice = this.#notice;
    this.#output = EMPTY;
    this.#notice = undefined;
    return { do: 'respond', data, ...(notice === undefined ? {} : { notice }) };
  }
}
