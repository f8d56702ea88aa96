/**
 * The peer's half of PEAP version 0 ([MS-PEAP], draft-kamath-pppext-peapv0-00, RFC 9427 for TLS 1.3): an EAP conversation
 * inside the tunnel, and at its end a result in TLVs. The result of the server is believed only after the inner method
 * has done its work: a tunnel alone proves nothing about a password.
 */
import { EapType } from '#core/registry/eap-types.ts';
import { EMPTY, equal } from '#core/bytes/bytes.ts';
import type { EapFailure } from '../failure.ts';
import type { EapKeys, PeerMethod } from '../method.ts';
import type { EapPeer } from '../peer.ts';
import type { EapAnswer } from '../question.ts';
import type { TlsExport, TlsOpened } from '../tls-tunnel.ts';
import { peerStep } from './inner.ts';
import { compress, expand, tlvPacket, tlvsOf } from './peap-header.ts';
import { bind, compoundKeys, compoundMsk, decodeTlvs, encodeTlvs, type Tlvs, verifies } from './peap-tlv.ts';
import { TlsPeer } from './tls-peer.ts';
import { COMMITMENT, keyMaterial, keysOf, type PeerPhase, type PhaseStep } from './tunnel.ts';

export const PEAP_EXPORTS: readonly TlsExport[] = [keyMaterial(EapType.PEAP, 'client EAP encryption')];

interface PeapPeerOptions {
  readonly tunnel: number;
  readonly fragmentBytes?: number | undefined;
  /** Refuse a server that does not bind the inner method to the tunnel (FreeRADIUS 3 cannot, NPS does). */
  readonly requireCryptobinding?: boolean | undefined;
}

export const peapPeer = (options: PeapPeerOptions, inner: EapPeer): PeerMethod =>
  new TlsPeer(
    {
      type: EapType.PEAP,
      tunnel: options.tunnel,
      exports: PEAP_EXPORTS,
      fragmentBytes: options.fragmentBytes,
    },
    new PeapPeerPhase(inner, options.requireCryptobinding ?? false),
  );

class PeapPeerPhase implements PeerPhase {
  satisfied = false;
  readonly #inner: EapPeer;
  readonly #requireCryptobinding: boolean;
  #tunnel: TlsOpened | undefined;
  #keys: EapKeys = {};

  constructor(inner: EapPeer, requireCryptobinding: boolean) {
    this.#inner = inner;
    this.#requireCryptobinding = requireCryptobinding;
  }

  get keys(): EapKeys {
    return this.#keys;
  }

  get suspicion(): EapFailure {
    return this.#inner.suspicion;
  }

  get changedPassword(): string | undefined {
    return this.#inner.changedPassword;
  }

  opened(tunnel: TlsOpened): PhaseStep {
    this.#tunnel = tunnel;
    return { do: 'write', data: EMPTY };
  }

  received(data: Uint8Array, identifier: number): PhaseStep {
    if (equal(data, COMMITMENT)) return { do: 'write', data: EMPTY };
    const { bytes, packet } = expand(data, 'request', identifier);
    const tlvs = tlvsOf(packet);
    if (tlvs !== undefined) return this.#conclude(decodeTlvs(tlvs), packet.identifier);
    return peerStep(this.#inner.receive(bytes), compress);
  }

  answer(answer: EapAnswer): PhaseStep {
    return peerStep(this.#inner.answer(answer), compress);
  }

  #conclude({ result, cryptobinding }: Tlvs, identifier: number): PhaseStep {
    const answer = (tlvs: Tlvs): PhaseStep => ({
      do: 'write',
      data: tlvPacket('response', identifier, encodeTlvs(tlvs)),
    });
    if (result !== 'success' || this.#tunnel === undefined) return answer({ result: 'failure' });
    if (!this.#inner.satisfied) {
      return { do: 'fail', failure: { cause: 'premature-success', method: 'PEAP' } };
    }
    const outer = keysOf(this.#tunnel);
    if (cryptobinding === undefined) {
      if (this.#requireCryptobinding) return unbound('it sends no cryptobinding');
      this.satisfied = true;
      this.#keys = outer;
      return answer({ result });
    }
    const keys = compoundKeys(outer.msk, this.#inner.keys.msk ?? EMPTY);
    if (!verifies(keys, 'request', cryptobinding)) return unbound('its cryptobinding does not verify');
    this.satisfied = true;
    this.#keys = { msk: compoundMsk(keys) };
    return answer({ result, cryptobinding: bind(keys, 'response', cryptobinding.nonce) });
  }
}

/** Somebody may sit between the tunnel and the inner method. */
const unbound = (detail: string): PhaseStep => ({
  do: 'fail',
  failure: { cause: 'server-not-authenticated', method: 'PEAP', detail },
});
