/**
 * The authenticator of an EAP conversation (RFC 3748): the twin of peer.ts. IKEv2's responder task drives one for the
 * pair tests and the embedded gateway; PEAP and TTLS drive one inside.
 */
import { EMPTY, fromUtf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { EapType, eapTypes } from '#core/registry/eap-types.ts';
import type { EapFailure } from './failure.ts';
import type { AuthenticatorMethod, AuthenticatorStep, EapKeys } from './method.ts';
import { decodeEap, decodeNak, type EapMessage, encodeEap, nameOfType } from './packet.ts';
import type { EapAnswer, EapQuestion } from './question.ts';

interface EapAuthenticatorConfig {
  /** EAP Type to a fresh method for an identity, in the order in which they are offered. */
  readonly methods: ReadonlyMap<number, (identity: string) => AuthenticatorMethod>;
  /** Known already (IDi): no Identity request is made. */
  readonly identity?: string;
}

export type EapAuthenticatorOutput =
  | { readonly kind: 'send'; readonly packet: Uint8Array }
  | { readonly kind: 'ask'; readonly question: EapQuestion }
  /** `packet` is EAP-Success. */
  | {
      readonly kind: 'finished';
      readonly packet: Uint8Array;
      readonly identity: string;
      readonly method: string;
      readonly keys: EapKeys;
    }
  /** `packet` is EAP-Failure. */
  | { readonly kind: 'failed'; readonly packet: Uint8Array; readonly failure: EapFailure };

export class EapAuthenticator {
  readonly #config: EapAuthenticatorConfig;
  #identity: string | undefined;
  #method: AuthenticatorMethod | undefined;
  /** Types that were offered and are not to be offered again. */
  readonly #refused = new Set<number>();
  #identifier = 0;
  #asking = false;
  #over = false;

  constructor(config: EapAuthenticatorConfig) {
    this.#config = config;
    this.#identity = config.identity;
  }

  /** Who the peer says to be; `undefined` until it has. */
  get identity(): string | undefined {
    return this.#identity;
  }

  /** Of the last request. PEAP needs it: it carries packets without their header. */
  get identifier(): number {
    return this.#identifier;
  }

  /** The first request. */
  start(): EapAuthenticatorOutput {
    if (this.#identity === undefined) return this.#send(EapType.Identity, EMPTY);
    return this.#guard(() => this.#offer([...this.#config.methods.keys()]));
  }

  receive(bytes: Uint8Array): EapAuthenticatorOutput {
    return this.#guard(() => {
      const packet = decodeEap(bytes);
      if (packet.code !== 'response') throw new DecodeError('EAP code', `${packet.code} from a peer`);
      if (this.#over || this.#asking) throw new DecodeError('EAP code', 'a response that nothing waits for');
      if (packet.identifier !== this.#identifier) {
        throw new DecodeError('EAP identifier', `${packet.identifier} instead of ${this.#identifier}`);
      }
      return this.#response(packet);
    });
  }

  /** Goes on where an `ask` stopped. */
  answer(answer: EapAnswer): EapAuthenticatorOutput {
    const method = this.#method;
    if (method === undefined || !this.#asking) throw new Error('the authenticator did not ask');
    this.#asking = false;
    return this.#guard(() => this.#take(method.type, method.answer(answer)));
  }

  #guard(work: () => EapAuthenticatorOutput): EapAuthenticatorOutput {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#fail({ cause: 'protocol-error', detail: error.message });
    }
  }

  #response(response: EapMessage): EapAuthenticatorOutput {
    const method = this.#method;
    if (this.#identity === undefined) {
      if (response.type !== EapType.Identity) throw new DecodeError('EAP type', 'no Identity');
      this.#identity = fromUtf8(response.data);
      return this.#offer([...this.#config.methods.keys()]);
    }
    if (method === undefined) throw new Error('a conversation with an identity has a method');
    if (response.vendor === 0 && response.type === EapType.Nak) return this.#nak(response, method);
    if (response.vendor !== 0 || response.type !== method.type) {
      throw new DecodeError('EAP type', `${nameOfType(response)} instead of ${eapTypes.nameOf(method.type)}`);
    }
    return this.#take(method.type, method.response(response.data, response.identifier));
  }

  #nak(response: EapMessage, { type }: AuthenticatorMethod): EapAuthenticatorOutput {
    this.#refused.add(type);
    const wanted = decodeNak(response);
    const both = [...this.#config.methods.keys()].filter((known) =>
      wanted.some((want) => want.vendor === 0 && want.type === known),
    );
    if (both.some((known) => !this.#refused.has(known))) return this.#offer(both);
    return this.#fail({
      cause: 'method-not-allowed',
      offered: [...this.#config.methods.keys()].map((known) => eapTypes.nameOf(known)),
      wanted: wanted.map(nameOfType),
    });
  }

  #offer(types: readonly number[]): EapAuthenticatorOutput {
    const type = types.find((candidate) => !this.#refused.has(candidate));
    const create = type === undefined ? undefined : this.#config.methods.get(type);
    if (create === undefined) throw new Error('an authenticator offers at least one method');
    this.#method = create(this.#identity ?? '');
    return this.#take(this.#method.type, this.#method.start((this.#identifier + 1) & 0xff));
  }

  #take(type: number, step: AuthenticatorStep): EapAuthenticatorOutput {
    switch (step.do) {
      case 'request':
        return this.#send(type, step.data);
      case 'ask':
        this.#asking = true;
        return { kind: 'ask', question: step.question };
      case 'fail':
        return this.#fail(step.failure);
      default:
        this.#over = true;
        return {
          kind: 'finished',
          packet: this.#result('success'),
          identity: this.#identity ?? '',
          method: eapTypes.nameOf(type),
          keys: step.keys,
        };
    }
  }

  #fail(failure: EapFailure): EapAuthenticatorOutput {
    this.#over = true;
    return { kind: 'failed', packet: this.#result('failure'), failure };
  }

  /** Success and Failure carry the identifier of the response they answer (§4.2). */
  #result(code: 'success' | 'failure'): Uint8Array {
    return encodeEap({ code, identifier: this.#identifier, trailer: EMPTY });
  }

  #send(type: number, data: Uint8Array): EapAuthenticatorOutput {
    this.#identifier = (this.#identifier + 1) & 0xff;
    const packet = encodeEap({
      code: 'request',
      identifier: this.#identifier,
      vendor: 0,
      type,
      expanded: false,
      data,
    });
    return { kind: 'send', packet };
  }
}
