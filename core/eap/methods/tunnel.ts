/**
 * What happens inside an open TLS tunnel, apart from the tunnel: EAP-TLS (nothing), TTLS (attributes) and PEAP (EAP). The
 * two TLS sessions (tls-peer.ts, tls-authenticator.ts) drive phases through these interfaces.
 */
import { fromHex } from '#core/bytes/bytes.ts';
import type { EapFailure } from '../failure.ts';
import type { EapKeys } from '../method.ts';
import type { EapAnswer, EapQuestion } from '../question.ts';
import type { TlsExport, TlsOpened } from '../tls-tunnel.ts';

export type PhaseStep =
  /** Send application data; nothing is an empty packet, which lets the other end go on. */
  | { readonly do: 'write'; readonly data: Uint8Array; readonly notice?: string }
  | { readonly do: 'ask'; readonly question: EapQuestion }
  | { readonly do: 'fail'; readonly failure: EapFailure };

/** The peer's side. Octets come from inside the tunnel; all of it may throw DecodeError. */
export interface PeerPhase {
  readonly satisfied: boolean;
  readonly suspicion: EapFailure | undefined;
  readonly changedPassword?: string | undefined;
  /** Read when `satisfied`. */
  readonly keys: EapKeys;
  opened(tunnel: TlsOpened): PhaseStep;
  /** `identifier` is that of the EAP packet around. */
  received(data: Uint8Array, identifier: number): PhaseStep;
  answer(answer: EapAnswer): PhaseStep;
}

export type AuthenticatorPhaseStep =
  | { readonly do: 'write'; readonly data: Uint8Array }
  | { readonly do: 'ask'; readonly question: EapQuestion }
  | { readonly do: 'succeed'; readonly keys: EapKeys }
  | { readonly do: 'fail'; readonly failure: EapFailure };

/** The authenticator's side. */
export interface AuthenticatorPhase {
  opened(tunnel: TlsOpened, identifier: number): AuthenticatorPhaseStep;
  /** An empty packet: the peer has what was sent and says nothing. */
  acknowledged(identifier: number): AuthenticatorPhaseStep;
  received(data: Uint8Array, identifier: number): AuthenticatorPhaseStep;
  answer(answer: EapAnswer): AuthenticatorPhaseStep;
}

const KEY_BYTES = 64;

/**
 * What EAP derives from a tunnel: 64 octets of MSK, 64 of EMSK. Up to TLS 1.2 each method has its own label (RFC 5216
 * §2.3, RFC 5281 §8), from 1.3 on they share one and the type is the context (RFC 9190 §2.3, RFC 9427 §2.1).
 */
export const keyMaterial = (type: number, label: string): TlsExport => ({
  length: 2 * KEY_BYTES,
  upTo12: { label },
  from13: { label: 'EXPORTER_EAP_TLS_Key_Material', context: Uint8Array.of(type) },
});

export function keysOf({ exported }: TlsOpened): Required<EapKeys> {
  const material = exported[0];
  if (material?.length !== 2 * KEY_BYTES) throw new Error('a tunnel without its key material');
  return { msk: material.slice(0, KEY_BYTES), emsk: material.slice(KEY_BYTES) };
}

export const isTls13 = ({ version }: TlsOpened): boolean => version === 'TLSv1.3';

/** RFC 9190 §2.5: with this octet the server promises that it sends no more handshake messages. */
export const COMMITMENT: Uint8Array = fromHex('00');
