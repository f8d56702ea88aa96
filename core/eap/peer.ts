/**
 * The peer of an EAP conversation (RFC 3748, RFC 4137): feed it the packets of the authenticator, do what comes back.
 * IKEv2's `eap` task drives one from IKE_AUTH to its AUTH payload (RFC 7296 §2.16); TTLS and PEAP drive one inside.
 *
 * Below IKE a packet is neither lost nor repeated and comes from whoever holds the SA, so what RFC 3748 discards in
 * silence, because anyone on the wire could have sent it, ends the conversation here with its reason.
 */
import { EMPTY, equal, fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { EapType, eapTypes } from '#core/registry/eap-types.ts';
import { spoken } from '#core/text/printable.ts';
import type { EapFailure } from './failure.ts';
import type { EapKeys, PeerMethod, PeerStep } from './method.ts';
import {
  decodeEap,
  type EapMessage,
  type EapPacket,
  type EapResult,
  encodeEap,
  encodeNak,
  nameOfType,
} from './packet.ts';
import type { EapAnswer, EapQuestion } from './question.ts';

interface EapPeerConfig {
  /** Answers Identity: the anonymous outer one where the method hides the user's own. */
  readonly identity: string;
  /** EAP Type to a fresh method, in the order of preference. */
  readonly methods: ReadonlyMap<number, () => PeerMethod>;
  /** What may follow the first method, one after another, each after the one before has done its work. */
  readonly chain?: readonly { readonly type: number; readonly create: () => PeerMethod }[];
  /** `legacy` refuses expanded types as if they were unknown, which is what servers of PEAP expect (RFC 3748 §5.3.1). */
  readonly nak?: 'legacy';
}

export type EapPeerOutput =
  /** `notice` is a text of the server for the user. */
  | { readonly kind: 'send'; readonly packet: Uint8Array; readonly notice?: string }
  /** Come back with `answer`. */
  | { readonly kind: 'ask'; readonly question: EapQuestion }
  /** EAP-Success that announces another method of the chain (FortiGate): there is nothing of EAP to answer. */
  | { readonly kind: 'round-finished'; readonly next: string }
  | {
      readonly kind: 'finished';
      readonly keys: EapKeys;
      readonly methods: readonly string[];
      /** The server has taken over this password. */
      readonly changedPassword?: string;
    }
  | { readonly kind: 'failed'; readonly failure: EapFailure }
  /** A repeated request while its question is open, or anything after the end. */
  | { readonly kind: 'ignored'; readonly reason: string };

/** No conversation of ours is longer; a TLS flight in small fragments comes near a hundred. */
const MAX_REQUESTS = 512;

export class EapPeer {
  readonly #config: EapPeerConfig;
  readonly #done: string[] = [];
  /** Types that got a Nak since the last method began. */
  readonly #offered = new Set<string>();
  #method: PeerMethod | undefined;
  /** The request that a method is at work on, and the last one with its answer. */
  #asking: EapMessage | undefined;
  #lastRequest: Uint8Array = EMPTY;
  #lastResponse: Uint8Array = EMPTY;
  #requests = 0;
  #over = false;

  constructor(config: EapPeerConfig) {
    this.#config = config;
  }

  /** A method has done its work: EAP-Success would be believed. */
  get satisfied(): boolean {
    return this.#method?.satisfied ?? false;
  }

  /** Of the last method, while `satisfied`. */
  get keys(): EapKeys {
    return this.#method?.satisfied === true ? this.#method.keys : {};
  }

  get changedPassword(): string | undefined {
    return this.#method?.changedPassword;
  }

  /** The best explanation for a gateway that gives up now, with EAP-Failure or without. */
  get suspicion(): EapFailure {
    if (this.#offered.size > 0) return this.#notAllowed();
    if (this.#method?.suspicion !== undefined) return this.#method.suspicion;
    return { cause: 'refused', ...this.#current() };
  }

  #current(): { method?: string } {
    return this.#method === undefined ? {} : { method: eapTypes.nameOf(this.#method.type) };
  }

  #notAllowed(): EapFailure {
    const wanted = [...this.#config.methods.keys()].map((type) => eapTypes.nameOf(type));
    return { cause: 'method-not-allowed', offered: [...this.#offered], wanted };
  }

  receive(bytes: Uint8Array): EapPeerOutput {
    if (this.#over) return { kind: 'ignored', reason: 'the conversation is over' };
    if (this.#requests > 0 && equal(bytes, this.#lastRequest)) return this.#repeat();
    return this.#guard(() => {
      const packet: EapPacket = decodeEap(bytes);
      switch (packet.code) {
        case 'response':
          throw new DecodeError('EAP code', 'a response where a request belongs');
        case 'success':
          return this.#success(packet);
        case 'failure':
          return this.#fail(this.suspicion);
        default:
          this.#lastRequest = bytes.slice();
          return this.#request(packet);
      }
    });
  }

  /** Goes on where an `ask` stopped. */
  answer(answer: EapAnswer): EapPeerOutput {
    const request = this.#asking;
    const method = this.#method;
    if (this.#over || request === undefined || method === undefined) {
      return { kind: 'ignored', reason: 'nothing was asked' };
    }
    return this.#guard(() => this.#take(request, method.answer(answer)));
  }

  /** A repeated request has a single answer, however often it comes (RFC 3748 §4.1). */
  #repeat(): EapPeerOutput {
    if (this.#asking !== undefined)
      return { kind: 'ignored', reason: 'the same request waits for an answer' };
    return { kind: 'send', packet: this.#lastResponse };
  }

  #guard(work: () => EapPeerOutput): EapPeerOutput {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#fail({ cause: 'protocol-error', ...this.#current(), detail: error.message });
    }
  }

  #fail(failure: EapFailure): EapPeerOutput {
    this.#over = true;
    return { kind: 'failed', failure };
  }

  #success({ trailer }: EapResult): EapPeerOutput {
    const method = this.#method;
    if (method?.satisfied !== true) return this.#fail({ cause: 'premature-success', ...this.#current() });
    const next = trailer[0];
    if (next !== undefined && next === this.#nextOfChain()?.type) {
      return { kind: 'round-finished', next: eapTypes.nameOf(next) };
    }
    this.#over = true;
    const { keys, changedPassword } = method;
    return {
      kind: 'finished',
      keys,
      methods: [...this.#done, eapTypes.nameOf(method.type)],
      ...(changedPassword === undefined ? {} : { changedPassword }),
    };
  }

  #nextOfChain() {
    return this.#config.chain?.[this.#done.length];
  }

  #follower(type: number): (() => PeerMethod) | undefined {
    const next = this.#nextOfChain();
    return next?.type === type ? next.create : undefined;
  }

  #request(request: EapMessage): EapPeerOutput {
    this.#asking = undefined;
    if (++this.#requests > MAX_REQUESTS) throw new DecodeError('EAP', `more than ${MAX_REQUESTS} requests`);
    const type = request.vendor === 0 ? request.type : EapType.Expanded;
    switch (type) {
      case EapType.Identity:
        if (this.#method?.satisfied === false)
          throw new DecodeError('EAP type', 'Identity in the middle of a method');
        return this.#send(request, utf8(this.#config.identity));
      case EapType.Notification:
        return this.#send(request, EMPTY, spoken(fromUtf8(request.data)));
      case EapType.Nak:
        throw new DecodeError('EAP type', 'Nak in a request');
      default:
        return this.#toMethod(request, type);
    }
  }

  #toMethod(request: EapMessage, type: number): EapPeerOutput {
    const method = this.#method?.type === type ? this.#method : this.#begin(type);
    if (method !== undefined) return this.#take(request, method.request(request.data, request.identifier));
    this.#offered.add(nameOfType(request));
    const wanted = [...this.#config.methods.keys()].map((known) => ({ vendor: 0, type: known }));
    const expanded = request.expanded && this.#config.nak !== 'legacy';
    return this.#remember(encodeNak({ ...request, expanded }, wanted));
  }

  /** A method for `type`, where the configuration has one for this place; `undefined` is answered with Nak. */
  #begin(type: number): PeerMethod | undefined {
    const before = this.#method;
    if (before?.satisfied === false) {
      throw new DecodeError('EAP type', `${eapTypes.nameOf(type)} in the middle of another method`);
    }
    const next = before === undefined ? this.#config.methods.get(type) : this.#follower(type);
    if (next === undefined) return undefined;
    if (before !== undefined) this.#done.push(eapTypes.nameOf(before.type));
    this.#offered.clear();
    this.#method = next();
    return this.#method;
  }

  #take(request: EapMessage, step: PeerStep): EapPeerOutput {
    switch (step.do) {
      case 'respond':
        this.#asking = undefined;
        return this.#send(request, step.data, step.notice);
      case 'ask':
        this.#asking = request;
        return { kind: 'ask', question: step.question };
      default:
        return this.#fail(step.failure);
    }
  }

  #send(request: EapMessage, data: Uint8Array, notice?: string): EapPeerOutput {
    return this.#remember(encodeEap({ ...request, code: 'response', data }), notice);
  }

  #remember(packet: Uint8Array, notice?: string): EapPeerOutput {
    this.#lastResponse = packet;
    return { kind: 'send', packet, ...(notice === undefined ? {} : { notice }) };
  }
}
