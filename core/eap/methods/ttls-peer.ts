/**
 * The peer's half of TTLS version 0 (RFC 5281, RFC 9427 for TLS 1.3): inside the tunnel it sends a password in one of
 * three shapes, or an EAP conversation, as attributes.
 */
import { md5 } from '@noble/hashes/legacy.js';
import { concat, EMPTY, equal, fromUtf8, type RandomBytes, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { spoken } from '#core/text/printable.ts';
import { type EapFailure, wrongPassword } from '../failure.ts';
import type { EapKeys, PeerMethod } from '../method.ts';
import { encodeEap } from '../packet.ts';
import type { EapPeer } from '../peer.ts';
import type { EapAnswer } from '../question.ts';
import type { TlsExport, TlsOpened } from '../tls-tunnel.ts';
import { peerStep } from './inner.ts';
import { answerChallenge, type Attempt, failureOf, notProven, provesPassword } from './mschapv2-exchange.ts';
import { encodeResponseValue, parseFailure, parseSuccess } from './mschapv2-packet.ts';
import { TlsPeer } from './tls-peer.ts';
import { type AvpName, type Avps, decodeAvps, encodeAvps } from './ttls-avp.ts';
import { COMMITMENT, keyMaterial, keysOf, type PeerPhase, type PhaseStep } from './tunnel.ts';

export type TtlsPasswordProtocol = 'PAP' | 'CHAP' | 'MSCHAPv2';

const CHALLENGE_BYTES = 16;
const PAP_BLOCK = 16;

/** The keys, and the challenge that both ends know without sending it: 16 octets and an identifier (§11.1). */
export const TTLS_EXPORTS: readonly TlsExport[] = [
  keyMaterial(EapType.TTLS, 'ttls keying material'),
  {
    length: CHALLENGE_BYTES + 1,
    upTo12: { label: 'ttls challenge' },
    from13: { label: 'ttls challenge', context: EMPTY },
  },
];

interface ImplicitChallenge {
  readonly challenge: Uint8Array;
  readonly identifier: Uint8Array;
}

export function implicitChallenge({ exported }: TlsOpened): ImplicitChallenge {
  const octets = exported[1];
  if (octets?.length !== CHALLENGE_BYTES + 1) throw new Error('a TTLS tunnel without its challenge');
  return { challenge: octets.subarray(0, CHALLENGE_BYTES), identifier: octets.subarray(CHALLENGE_BYTES) };
}

/** CHAP's answer (RFC 1994 §4.1). */
export const chapValue = ({ challenge, identifier }: ImplicitChallenge, password: string): Uint8Array =>
  md5(concat(identifier, utf8(password), challenge));

const papPassword = (password: string): Uint8Array => {
  const octets = utf8(password);
  return concat(octets, new Uint8Array(-octets.length & (PAP_BLOCK - 1)));
};

interface TtlsPeerOptions {
  readonly tunnel: number;
  readonly fragmentBytes?: number | undefined;
}

const peerOf = ({ tunnel, fragmentBytes }: TtlsPeerOptions, phase: PeerPhase): PeerMethod =>
  new TlsPeer({ type: EapType.TTLS, tunnel, exports: TTLS_EXPORTS, fragmentBytes }, phase);

/** A password, straight; asked for inside the tunnel where it is not known. */
export const ttlsPasswordPeer = (
  options: TtlsPeerOptions,
  protocol: TtlsPasswordProtocol,
  credentials: { readonly user: string; readonly password: string | undefined; readonly random: RandomBytes },
): PeerMethod => peerOf(options, new TtlsPasswordPhase(protocol, credentials));

/** `inner` is the conversation inside. */
export const ttlsEapPeer = (options: TtlsPeerOptions, inner: EapPeer): PeerMethod =>
  peerOf(options, new TtlsEapPhase(inner));

class TtlsPasswordPhase implements PeerPhase {
  satisfied = false;
  suspicion: EapFailure | undefined;
  readonly #protocol: TtlsPasswordProtocol;
  readonly #user: string;
  readonly #random: RandomBytes;
  readonly #password: string | undefined;
  #tunnel: TlsOpened | undefined;
  #attempt: Attempt | undefined;

  constructor(protocol: TtlsPasswordProtocol, credentials: Parameters<typeof ttlsPasswordPeer>[2]) {
    this.#protocol = protocol;
    this.#user = credentials.user;
    this.#password = credentials.password;
    this.#random = credentials.random;
  }

  get #method(): string {
    return `TTLS/${this.#protocol}`;
  }

  get keys(): EapKeys {
    return this.#tunnel === undefined ? {} : keysOf(this.#tunnel);
  }

  opened(tunnel: TlsOpened): PhaseStep {
    this.#tunnel = tunnel;
    if (this.#password !== undefined) return this.#send(tunnel, this.#password);
    return {
      do: 'ask',
      question: { kind: 'password', method: this.#method, user: this.#user, retry: false },
    };
  }

  answer(answer: EapAnswer): PhaseStep {
    if (answer.kind === 'password' && this.#tunnel !== undefined)
      return this.#send(this.#tunnel, answer.password);
    return { do: 'fail', failure: { cause: 'secret-missing', what: 'password' } };
  }

  #send(tunnel: TlsOpened, password: string): PhaseStep {
    // PAP and CHAP have no answer of their own; MS-CHAPv2 has to prove itself first.
    this.satisfied = this.#protocol !== 'MSCHAPv2';
    this.suspicion = wrongPassword(this.#method, this.#user);
    const avps: [AvpName, Uint8Array][] = [['userName', utf8(this.#user)], ...this.#avps(tunnel, password)];
    return { do: 'write', data: encodeAvps(avps) };
  }

  #avps(tunnel: TlsOpened, password: string): [AvpName, Uint8Array][] {
    const implicit = implicitChallenge(tunnel);
    const { challenge, identifier } = implicit;
    switch (this.#protocol) {
      case 'PAP':
        return [['userPassword', papPassword(password)]];
      case 'CHAP':
        return [
          ['chapChallenge', challenge],
          ['chapPassword', concat(identifier, chapValue(implicit, password))],
        ];
      default:
        this.#attempt = answerChallenge(this.#user, password, challenge, this.#random);
        return [
          ['msChapChallenge', challenge],
          ['msChap2Response', concat(identifier, Uint8Array.of(0), encodeResponseValue(this.#attempt))],
        ];
    }
  }

  received(data: Uint8Array): PhaseStep {
    if (equal(data, COMMITMENT)) return { do: 'write', data: EMPTY };
    const avps = decodeAvps(data);
    const failure = this.#judge(avps);
    if (failure !== undefined) return { do: 'fail', failure };
    const reply = avps.get('replyMessage');
    return {
      do: 'write',
      data: EMPTY,
      ...(reply === undefined ? {} : { notice: spoken(fromUtf8(reply)) }),
    };
  }

  /** What the server says about an MS-CHAPv2 response: both texts follow an octet of identifier (RFC 2548 §2.1.5, §2.3.3). */
  #judge(avps: Avps): EapFailure | undefined {
    const refusal = avps.get('msChapError');
    if (refusal !== undefined) {
      this.satisfied = false;
      this.suspicion = failureOf(parseFailure(fromUtf8(refusal.subarray(1))), this.#user);
    }
    const success = avps.get('msChap2Success');
    if (success === undefined) return undefined;
    if (this.#attempt === undefined) throw new DecodeError('AVP', 'MS-CHAP2-Success to nothing');
    if (!provesPassword(this.#attempt, parseSuccess(fromUtf8(success.subarray(1))).proof)) return notProven();
    this.satisfied = true;
    return undefined;
  }
}

/** §11.2.1: the peer opens with its identity as if it had been asked, then both talk EAP. */
export const IDENTITY_REQUEST = encodeEap({
  code: 'request',
  identifier: 0,
  vendor: 0,
  type: EapType.Identity,
  expanded: false,
  data: EMPTY,
});

const wrap = (packet: Uint8Array): Uint8Array => encodeAvps([['eapMessage', packet]]);

class TtlsEapPhase implements PeerPhase {
  readonly #inner: EapPeer;
  #tunnel: TlsOpened | undefined;

  constructor(inner: EapPeer) {
    this.#inner = inner;
  }

  get satisfied(): boolean {
    return this.#inner.satisfied;
  }

  get suspicion(): EapFailure {
    return this.#inner.suspicion;
  }

  get changedPassword(): string | undefined {
    return this.#inner.changedPassword;
  }

  get keys(): EapKeys {
    return this.#tunnel === undefined ? {} : keysOf(this.#tunnel);
  }

  opened(tunnel: TlsOpened): PhaseStep {
    this.#tunnel = tunnel;
    return peerStep(this.#inner.receive(IDENTITY_REQUEST), wrap);
  }

  received(data: Uint8Array): PhaseStep {
    if (equal(data, COMMITMENT)) return { do: 'write', data: EMPTY };
    const packet = decodeAvps(data).get('eapMessage');
    if (packet === undefined) return { do: 'write', data: EMPTY };
    return peerStep(this.#inner.receive(packet), wrap);
  }

  answer(answer: EapAnswer): PhaseStep {
    return peerStep(this.#inner.answer(answer), wrap);
  }
}
