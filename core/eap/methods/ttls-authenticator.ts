/** The authenticator's half of TTLS version 0 (RFC 5281): takes whatever the peer sends first. The twin of ttls-peer.ts. */
import { concat, EMPTY, equalConstantTime, fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { MsChapV2Error } from '#core/registry/mschapv2-errors.ts';
import type { EapAuthenticator, EapAuthenticatorOutput } from '../authenticator.ts';
import type { EapFailure } from '../failure.ts';
import type { AuthenticatorMethod, EapUsers } from '../method.ts';
import { decodeEap } from '../packet.ts';
import type { EapAnswer } from '../question.ts';
import type { TlsOpened } from '../tls-tunnel.ts';
import { authenticatorStep } from './inner.ts';
import { authenticatorResponse, ntPasswordHash, ntResponse } from './mschapv2-crypto.ts';
import { failureOf } from './mschapv2-exchange.ts';
import { type FailureText, formatFailure, readResponseValue } from './mschapv2-packet.ts';
import { TlsAuthenticator } from './tls-authenticator.ts';
import { type Avps, decodeAvps, encodeAvps } from './ttls-avp.ts';
import { chapValue, implicitChallenge, TTLS_EXPORTS } from './ttls-peer.ts';
import { type AuthenticatorPhase, type AuthenticatorPhaseStep, keysOf } from './tunnel.ts';

interface TtlsAuthenticatorOptions {
  readonly tunnel: number;
  readonly users: EapUsers;
  /** The conversation inside, for an identity that the peer has given. */
  readonly inner: (identity: string) => EapAuthenticator;
  readonly fragmentBytes?: number | undefined;
}

export const ttlsAuthenticator = (options: TtlsAuthenticatorOptions): AuthenticatorMethod =>
  new TlsAuthenticator(
    {
      type: EapType.TTLS,
      tunnel: options.tunnel,
      exports: TTLS_EXPORTS,
      fragmentBytes: options.fragmentBytes,
    },
    new TtlsAuthenticatorPhase(options),
  );

const wrap = (packet: Uint8Array): Uint8Array => encodeAvps([['eapMessage', packet]]);

const wrongPassword = (protocol: string, user: string): AuthenticatorPhaseStep => ({
  do: 'fail',
  failure: { cause: 'wrong-password', method: `TTLS/${protocol}`, user, retry: false },
});

class TtlsAuthenticatorPhase implements AuthenticatorPhase {
  readonly #options: TtlsAuthenticatorOptions;
  #tunnel: TlsOpened | undefined;
  #inner: EapAuthenticator | undefined;
  /** An MS-CHAPv2 result is on its way; the peer's empty packet ends the conversation. */
  #result: 'none' | 'proven' | EapFailure = 'none';

  constructor(options: TtlsAuthenticatorOptions) {
    this.#options = options;
  }

  opened(tunnel: TlsOpened): AuthenticatorPhaseStep {
    this.#tunnel = tunnel;
    return { do: 'write', data: EMPTY };
  }

  acknowledged(): AuthenticatorPhaseStep {
    if (this.#result === 'proven') return this.#succeed();
    if (this.#result !== 'none') return { do: 'fail', failure: this.#result };
    throw new DecodeError('TTLS', 'the peer has nothing to say');
  }

  received(data: Uint8Array): AuthenticatorPhaseStep {
    const avps = decodeAvps(data);
    const packet = avps.get('eapMessage');
    if (packet !== undefined) return this.#eap(packet);
    const user = fromUtf8(avps.get('userName') ?? EMPTY);
    if (avps.has('userPassword')) return this.#pap(avps, user);
    if (avps.has('chapPassword')) return this.#chap(avps, user);
    if (avps.has('msChap2Response')) return this.#msChapV2(avps, user);
    throw new DecodeError('TTLS', 'no password and no EAP-Message');
  }

  answer(answer: EapAnswer): AuthenticatorPhaseStep {
    if (this.#inner === undefined) throw new Error('TTLS did not ask');
    return this.#innerStep(this.#inner.answer(answer));
  }

  #opened(): TlsOpened {
    if (this.#tunnel === undefined) throw new Error('data before the tunnel is open');
    return this.#tunnel;
  }

  #succeed(): AuthenticatorPhaseStep {
    return { do: 'succeed', keys: keysOf(this.#opened()) };
  }

  #pap(avps: Avps, user: string): AuthenticatorPhaseStep {
    const padded = avps.get('userPassword') ?? EMPTY;
    const known = this.#options.users.find(user);
    const expected = utf8(known?.password ?? '');
    const fits = equalConstantTime(padded, concat(expected, new Uint8Array(-expected.length & 15)));
    return fits && known !== undefined ? this.#succeed() : wrongPassword('PAP', user);
  }

  #chap(avps: Avps, user: string): AuthenticatorPhaseStep {
    const implicit = implicitChallenge(this.#opened());
    const known = this.#options.users.find(user);
    const expected = concat(implicit.identifier, chapValue(implicit, known?.password ?? ''));
    const fits =
      equalConstantTime(avps.get('chapPassword') ?? EMPTY, expected) &&
      equalConstantTime(avps.get('chapChallenge') ?? EMPTY, implicit.challenge);
    return fits && known !== undefined ? this.#succeed() : wrongPassword('CHAP', user);
  }

  #msChapV2(avps: Avps, user: string): AuthenticatorPhaseStep {
    const { challenge, identifier } = implicitChallenge(this.#opened());
    const reader = new Reader(avps.get('msChap2Response') ?? EMPTY);
    const ident = reader.bytes(1, 'MS-CHAP2-Response');
    reader.skip(1, 'MS-CHAP2-Response');
    const response = readResponseValue(reader);
    const known = this.#options.users.find(user);
    const hash = ntPasswordHash(known?.password ?? '');
    const challenges = { authenticator: challenge, peer: response.peerChallenge, user };
    const fits =
      equalConstantTime(response.ntResponse, ntResponse(challenges, hash)) &&
      equalConstantTime(ident, identifier) &&
      equalConstantTime(avps.get('msChapChallenge') ?? EMPTY, challenge);
    if (fits && known !== undefined) {
      this.#result = 'proven';
      const proof = utf8(authenticatorResponse(challenges, hash, response.ntResponse));
      return { do: 'write', data: encodeAvps([['msChap2Success', concat(identifier, proof)]]) };
    }
    const refusal: FailureText = { code: MsChapV2Error.AUTHENTICATION_FAILURE, retry: false, version: 3 };
    this.#result = failureOf(refusal, user);
    return {
      do: 'write',
      data: encodeAvps([['msChapError', concat(identifier, utf8(formatFailure(refusal)))]]),
    };
  }

  /** The first packet is the answer to an Identity request that nobody sent. */
  #eap(packet: Uint8Array): AuthenticatorPhaseStep {
    if (this.#inner !== undefined) return this.#innerStep(this.#inner.receive(packet));
    const identity = decodeEap(packet);
    if (!('data' in identity) || identity.type !== EapType.Identity) {
      throw new DecodeError('TTLS', 'EAP begins without an Identity');
    }
    this.#inner = this.#options.inner(fromUtf8(identity.data));
    return this.#innerStep(this.#inner.start());
  }

  #innerStep(output: EapAuthenticatorOutput): AuthenticatorPhaseStep {
    return authenticatorStep(output, wrap, () => this.#succeed());
  }
}
