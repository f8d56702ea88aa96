/** A TLS session of the authenticator inside EAP: the twin of tls-peer.ts. */
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { eapTypes } from '#core/registry/eap-types.ts';
import type { EapFailure } from '../failure.ts';
import type { AuthenticatorMethod, AuthenticatorStep } from '../method.ts';
import type { EapAnswer } from '../question.ts';
import type { TlsOpen, TlsReply, TlsRequest } from '../tls-tunnel.ts';
import { fragmentBytesOf, TlsFraming } from './tls-framing.ts';
import type { TlsSessionOptions } from './tls-peer.ts';
import type { AuthenticatorPhase, AuthenticatorPhaseStep } from './tunnel.ts';

export class TlsAuthenticator implements AuthenticatorMethod {
  readonly type: number;
  readonly #phase: AuthenticatorPhase;
  readonly #options: TlsSessionOptions;
  readonly #framing: TlsFraming;
  #state: 'unopened' | 'handshake' | 'open' | 'lost' = 'unopened';
  #identifier = 0;
  #waiting: 'tls' | 'phase' | undefined;
  #output: Uint8Array = EMPTY;
  #inbox: Uint8Array[] = [];
  #tlsFailure: EapFailure | undefined;

  constructor(options: TlsSessionOptions, phase: AuthenticatorPhase) {
    this.type = options.type;
    this.#options = options;
    this.#phase = phase;
    this.#framing = new TlsFraming(fragmentBytesOf(options.tunnel, options.fragmentBytes));
  }

  start(): AuthenticatorStep {
    return { do: 'request', data: this.#framing.start() };
  }

  response(data: Uint8Array, identifier: number): AuthenticatorStep {
    this.#identifier = identifier;
    const framed = this.#framing.receive(data);
    switch (framed.kind) {
      case 'fragment':
        return { do: 'request', data: this.#framing.acknowledge() };
      case 'go-on':
        return { do: 'request', data: this.#framing.next() };
      default:
        return this.#message(framed.bytes);
    }
  }

  #message(input: Uint8Array): AuthenticatorStep {
    if (this.#tlsFailure !== undefined) return { do: 'fail', failure: this.#tlsFailure };
    if (this.#state === 'unopened') {
      this.#state = 'handshake';
      const { type, exports } = this.#options;
      return this.#ask({ input, write: EMPTY, open: { role: 'server', method: type, exports } });
    }
    if (input.length > 0) return this.#ask({ input, write: EMPTY });
    if (this.#state === 'open') return this.#goOn(this.#phase.acknowledged(this.#identifier));
    throw new DecodeError('TLS message', 'is empty in the middle of the handshake');
  }

  #ask(request: Omit<TlsRequest, 'tunnel'> & { readonly open?: TlsOpen }): AuthenticatorStep {
    this.#waiting = 'tls';
    return { do: 'ask', question: { kind: 'tls', request: { tunnel: this.#options.tunnel, ...request } } };
  }

  answer(answer: EapAnswer): AuthenticatorStep {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === 'phase') return this.#goOn(this.#phase.answer(answer));
    if (answer.kind !== 'tls') throw new DecodeError('TLS', 'nobody runs the tunnel');
    return this.#tlsAnswered(answer.reply);
  }

  #tlsAnswered({ output, application, opened, failure }: TlsReply): AuthenticatorStep {
    this.#output = concat(this.#output, output);
    if (failure !== undefined) {
      this.#state = 'lost';
      this.#tlsFailure = { cause: 'tls', method: eapTypes.nameOf(this.type), tls: failure };
      return this.#output.length > 0 ? this.#request() : { do: 'fail', failure: this.#tlsFailure };
    }
    if (application.length > 0) this.#inbox.push(application);
    if (opened === undefined) return this.#goOn();
    this.#state = 'open';
    this.#framing.alwaysLength = false;
    return this.#goOn(this.#phase.opened(opened, this.#identifier));
  }

  #goOn(step?: AuthenticatorPhaseStep): AuthenticatorStep {
    for (let next = step; ; ) {
      if (next?.do === 'fail' || next?.do === 'succeed') return next;
      if (next?.do === 'ask') {
        this.#waiting = 'phase';
        return next;
      }
      if (next !== undefined && next.data.length > 0) return this.#ask({ input: EMPTY, write: next.data });
      const data = this.#state === 'open' ? this.#inbox.shift() : undefined;
      if (data === undefined) return this.#request();
      next = this.#phase.received(data, this.#identifier);
    }
  }

  #request(): AuthenticatorStep {
    const data = this.#framing.send(this.#output);
    this.#output = EMPTY;
    return { do: 'request', data };
  }
}
