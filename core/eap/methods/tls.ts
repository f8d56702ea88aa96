/**
 * EAP-TLS (RFC 5216, RFC 9190 for TLS 1.3): both ends show certificates and nothing happens in the tunnel. With TLS 1.3
 * the handshake ends for the client before the server has looked at its certificate, so the server's last word is one
 * octet of application data, and the peer believes no EAP-Success before it.
 */
import { EMPTY, equal } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { EapType } from '#core/registry/eap-types.ts';
import type { AuthenticatorMethod, EapKeys, PeerMethod } from '../method.ts';
import type { TlsOpened } from '../tls-tunnel.ts';
import { TlsAuthenticator } from './tls-authenticator.ts';
import { TlsPeer, type TlsSessionOptions } from './tls-peer.ts';
import {
  type AuthenticatorPhase,
  type AuthenticatorPhaseStep,
  COMMITMENT,
  isTls13,
  keyMaterial,
  keysOf,
  type PeerPhase,
  type PhaseStep,
} from './tunnel.ts';

const optionsOf = (tunnel: number, fragmentBytes?: number): TlsSessionOptions => ({
  type: EapType.TLS,
  tunnel,
  exports: [keyMaterial(EapType.TLS, 'client EAP encryption')],
  fragmentBytes,
});

export const tlsPeer = (tunnel: number, fragmentBytes?: number): PeerMethod =>
  new TlsPeer(optionsOf(tunnel, fragmentBytes), new TlsPeerPhase());

export const tlsAuthenticator = (tunnel: number, fragmentBytes?: number): AuthenticatorMethod =>
  new TlsAuthenticator(optionsOf(tunnel, fragmentBytes), new TlsAuthenticatorPhase());

class TlsPeerPhase implements PeerPhase {
  readonly suspicion = undefined;
  satisfied = false;
  #tunnel: TlsOpened | undefined;

  get keys(): EapKeys {
    return this.#tunnel === undefined ? {} : keysOf(this.#tunnel);
  }

  opened(tunnel: TlsOpened): PhaseStep {
    this.#tunnel = tunnel;
    this.satisfied = !isTls13(tunnel);
    return { do: 'write', data: EMPTY };
  }

  received(data: Uint8Array): PhaseStep {
    if (this.satisfied || !equal(data, COMMITMENT)) {
      throw new DecodeError('EAP-TLS', `${data.length} octets of application data`);
    }
    this.satisfied = true;
    return { do: 'write', data: EMPTY };
  }

  answer(): PhaseStep {
    throw new Error('EAP-TLS asks nothing');
  }
}

class TlsAuthenticatorPhase implements AuthenticatorPhase {
  #tunnel: TlsOpened | undefined;

  opened(tunnel: TlsOpened): AuthenticatorPhaseStep {
    this.#tunnel = tunnel;
    return { do: 'write', data: isTls13(tunnel) ? COMMITMENT : EMPTY };
  }

  acknowledged(): AuthenticatorPhaseStep {
    if (this.#tunnel === undefined) throw new Error('acknowledged before it was opened');
    return { do: 'succeed', keys: keysOf(this.#tunnel) };
  }

  received(data: Uint8Array): AuthenticatorPhaseStep {
    throw new DecodeError('EAP-TLS', `${data.length} octets of application data`);
  }

  answer(): AuthenticatorPhaseStep {
    throw new Error('EAP-TLS asks nothing');
  }
}
