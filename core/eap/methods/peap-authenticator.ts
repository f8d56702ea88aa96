/** The authenticator's half of PEAP version 0: the twin of peap-peer.ts. */
import { EMPTY, type RandomBytes } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { EapType } from '#core/registry/eap-types.ts';
import type { EapAuthenticator, EapAuthenticatorOutput } from '../authenticator.ts';
import type { AuthenticatorMethod, EapKeys } from '../method.ts';
import type { EapAnswer } from '../question.ts';
import type { TlsOpened } from '../tls-tunnel.ts';
import { authenticatorStep } from './inner.ts';
import { compress, expand, tlvPacket, tlvsOf } from './peap-header.ts';
import { PEAP_EXPORTS } from './peap-peer.ts';
import {
  bind,
  type CompoundKeys,
  compoundKeys,
  compoundMsk,
  decodeTlvs,
  encodeTlvs,
  verifies,
} from './peap-tlv.ts';
import { TlsAuthenticator } from './tls-authenticator.ts';
import { type AuthenticatorPhase, type AuthenticatorPhaseStep, isTls13, keysOf } from './tunnel.ts';

const NONCE_BYTES = 32;

interface PeapAuthenticatorOptions {
  readonly tunnel: number;
  readonly random: RandomBytes;
  /** The conversation inside; it asks for the identity itself. */
  readonly inner: EapAuthenticator;
  /** Bind the inner method to the tunnel, as NPS does. */
  readonly cryptobinding: boolean;
  readonly fragmentBytes?: number | undefined;
}

export const peapAuthenticator = (options: PeapAuthenticatorOptions): AuthenticatorMethod =>
  new TlsAuthenticator(
    {
      type: EapType.PEAP,
      tunnel: options.tunnel,
      exports: PEAP_EXPORTS,
      fragmentBytes: options.fragmentBytes,
    },
    new PeapAuthenticatorPhase(options),
  );

class PeapAuthenticatorPhase implements AuthenticatorPhase {
  readonly #options: PeapAuthenticatorOptions;
  #tunnel: TlsOpened | undefined;
  #started = false;
  #identifier = 0;
  /** Set when the result is out and the peer has to confirm it. */
  #bound: CompoundKeys | undefined;

  constructor(options: PeapAuthenticatorOptions) {
    this.#options = options;
  }

  opened(tunnel: TlsOpened, identifier: number): AuthenticatorPhaseStep {
    this.#tunnel = tunnel;
    // Up to TLS 1.2 our Finished goes out now and the peer has to see it first.
    return isTls13(tunnel) ? this.#begin(identifier) : { do: 'write', data: EMPTY };
  }

  acknowledged(identifier: number): AuthenticatorPhaseStep {
    if (this.#started) throw new DecodeError('PEAP', 'the peer has nothing to say');
    return this.#begin(identifier);
  }

  #begin(identifier: number): AuthenticatorPhaseStep {
    this.#started = true;
    return this.#step(this.#options.inner.start(), identifier);
  }

  received(data: Uint8Array, identifier: number): AuthenticatorPhaseStep {
    this.#identifier = identifier;
    const { bytes, packet } = expand(data, 'response', identifier);
    const tlvs = tlvsOf(packet);
    if (tlvs !== undefined) return this.#conclude(tlvs);
    // Without a header there is no identifier either: the inner conversation counts on its own.
    return this.#step(this.#options.inner.receive(withIdentifier(bytes, this.#options.inner)), identifier);
  }

  answer(answer: EapAnswer): AuthenticatorPhaseStep {
    return this.#step(this.#options.inner.answer(answer), this.#identifier);
  }

  #step(output: EapAuthenticatorOutput, identifier: number): AuthenticatorPhaseStep {
    return authenticatorStep(output, compress, (keys) => this.#result(keys, identifier));
  }

  #result(inner: EapKeys, identifier: number): AuthenticatorPhaseStep {
    const keys = compoundKeys(keysOf(this.#opened()).msk, inner.msk ?? EMPTY);
    this.#bound = keys;
    const binding = this.#options.cryptobinding
      ? { cryptobinding: bind(keys, 'request', this.#options.random(NONCE_BYTES)) }
      : {};
    const tlvs = encodeTlvs({ result: 'success', ...binding });
    return { do: 'write', data: tlvPacket('request', identifier, tlvs) };
  }

  #conclude(data: Uint8Array): AuthenticatorPhaseStep {
    const { result, cryptobinding } = decodeTlvs(data);
    const keys = this.#bound;
    if (keys === undefined) throw new DecodeError('PEAP', 'a result before the inner method is done');
    if (result !== 'success') return { do: 'fail', failure: { cause: 'refused', method: 'PEAP' } };
    if (!this.#options.cryptobinding) return { do: 'succeed', keys: keysOf(this.#opened()) };
    if (cryptobinding === undefined || !verifies(keys, 'response', cryptobinding)) {
      throw new DecodeError('Cryptobinding TLV', 'is missing or does not verify');
    }
    return { do: 'succeed', keys: { msk: compoundMsk(keys) } };
  }

  #opened(): TlsOpened {
    if (this.#tunnel === undefined) throw new Error('data before the tunnel is open');
    return this.#tunnel;
  }
}

/** `packet` as the answer to the last request of `inner`. */
function withIdentifier(packet: Uint8Array, inner: EapAuthenticator): Uint8Array {
  const copy = packet.slice();
  copy[1] = inner.identifier;
  return copy;
}
