/**
 * From what a profile says to an EapPeer with its methods, those inside tunnels included. The IKE task's configuration
 * (core/ikev2) and the importers speak EapPeerSettings.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import { EapType } from '#core/registry/eap-types.ts';
import type { PeerMethod } from './method.ts';
import { GtcPeer } from './methods/gtc.ts';
import { Md5Peer } from './methods/md5.ts';
import { MsChapV2Peer } from './methods/mschapv2-peer.ts';
import { peapPeer } from './methods/peap-peer.ts';
import { tlsPeer } from './methods/tls.ts';
import { type TtlsPasswordProtocol, ttlsEapPeer, ttlsPasswordPeer } from './methods/ttls-peer.ts';
import { EapPeer } from './peer.ts';

/** Methods that stand alone or inside a tunnel. */
export type PlainMethod = 'MD5' | 'GTC' | 'MSCHAPv2' | 'TLS';

export type EapMethodSettings =
  | { readonly type: PlainMethod }
  /** One password protocol, or the EAP methods that are allowed inside. */
  | { readonly type: 'TTLS'; readonly inner: TtlsPasswordProtocol | { readonly eap: readonly PlainMethod[] } }
  | {
      readonly type: 'PEAP';
      readonly inner: readonly Exclude<PlainMethod, 'MD5'>[];
      readonly requireCryptobinding?: boolean;
    };

export interface EapPeerSettings {
  readonly random: RandomBytes;
  /** The user, `DOMAIN\user` and `user@realm` included. */
  readonly user: string;
  /** Said outside of a tunnel in place of `user`. */
  readonly anonymous?: string;
  /** Absent: asked for when a method wants it. */
  readonly password?: string;
  /** Allowed methods in the order of preference, at least one. */
  readonly methods: readonly EapMethodSettings[];
  /** Methods that may follow the first: `['GTC']` for FortiGate's second factor. They always ask. */
  readonly chain?: readonly PlainMethod[];
  /** Octets of TLS in one packet; 1024. */
  readonly fragmentBytes?: number;
}

const OUTER = 1;
const INNER = 2;

export function createEapPeer(settings: EapPeerSettings): EapPeer {
  return new EapPeer({
    identity: settings.anonymous ?? settings.user,
    methods: new Map(
      settings.methods.map((method) => [EapType[method.type], () => createMethod(method, settings)]),
    ),
    chain: (settings.chain ?? []).map((type) => ({
      type: EapType[type],
      create: () => createPlain(type, { ...settings, password: undefined }, OUTER),
    })),
  });
}

type Credentials = Omit<EapPeerSettings, 'password'> & { readonly password?: string | undefined };

function createMethod(method: EapMethodSettings, settings: EapPeerSettings): PeerMethod {
  const tunnel = { tunnel: OUTER, fragmentBytes: settings.fragmentBytes };
  switch (method.type) {
    case 'TTLS': {
      const { user, password, random } = settings;
      if (typeof method.inner === 'string')
        return ttlsPasswordPeer(tunnel, method.inner, { user, password, random });
      return ttlsEapPeer(tunnel, createInner(method.inner.eap, settings));
    }
    case 'PEAP': {
      const { requireCryptobinding } = method;
      return peapPeer({ ...tunnel, requireCryptobinding }, createInner(method.inner, settings, 'legacy'));
    }
    default:
      return createPlain(method.type, settings, OUTER);
  }
}

const createInner = (types: readonly PlainMethod[], settings: EapPeerSettings, nak?: 'legacy'): EapPeer =>
  new EapPeer({
    identity: settings.user,
    methods: new Map(types.map((type) => [EapType[type], () => createPlain(type, settings, INNER)])),
    ...(nak === undefined ? {} : { nak }),
  });

function createPlain(type: PlainMethod, settings: Credentials, tunnel: number): PeerMethod {
  const { user, password, random, fragmentBytes } = settings;
  switch (type) {
    case 'MD5':
      return new Md5Peer(user, password);
    case 'GTC':
      return new GtcPeer(user, password);
    case 'MSCHAPv2':
      return new MsChapV2Peer(user, password, random);
    default:
      return tlsPeer(tunnel, fragmentBytes);
  }
}
