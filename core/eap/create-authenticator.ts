/** From settings to an EapAuthenticator with its methods, for pair tests and the embedded gateway: the twin of create-peer.ts. */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { EapAuthenticator } from './authenticator.ts';
import type { PlainMethod } from './create-peer.ts';
import type { AuthenticatorMethod, EapUsers } from './method.ts';
import { GtcAuthenticator } from './methods/gtc.ts';
import { Md5Authenticator } from './methods/md5.ts';
import { MsChapV2Authenticator } from './methods/mschapv2-authenticator.ts';
import { peapAuthenticator } from './methods/peap-authenticator.ts';
import { tlsAuthenticator } from './methods/tls.ts';
import { ttlsAuthenticator } from './methods/ttls-authenticator.ts';

export type AuthenticatorMethodSettings =
  | { readonly type: PlainMethod }
  /** Password protocols are all served; `inner` are the EAP methods. */
  | { readonly type: 'TTLS'; readonly inner: readonly PlainMethod[] }
  | { readonly type: 'PEAP'; readonly inner: readonly PlainMethod[]; readonly cryptobinding: boolean };

export interface EapAuthenticatorSettings {
  readonly random: RandomBytes;
  readonly users: EapUsers;
  /** In the order in which they are offered, at least one. */
  readonly methods: readonly AuthenticatorMethodSettings[];
  /** Known from IKE: no Identity request is made. */
  readonly identity?: string;
  readonly fragmentBytes?: number;
}

const OUTER = 1;
const INNER = 2;

export function createEapAuthenticator(settings: EapAuthenticatorSettings): EapAuthenticator {
  return new EapAuthenticator({
    methods: new Map(
      settings.methods.map((method) => [
        EapType[method.type],
        (identity) => createMethod(method, settings, identity),
      ]),
    ),
    ...(settings.identity === undefined ? {} : { identity: settings.identity }),
  });
}

function createMethod(
  method: AuthenticatorMethodSettings,
  settings: EapAuthenticatorSettings,
  identity: string,
): AuthenticatorMethod {
  const { users, random, fragmentBytes } = settings;
  switch (method.type) {
    case 'TTLS': {
      const inner = (name: string) => createInner(method.inner, settings, name);
      return ttlsAuthenticator({ tunnel: OUTER, users, inner, fragmentBytes });
    }
    case 'PEAP': {
      const { cryptobinding } = method;
      const inner = createInner(method.inner, settings);
      return peapAuthenticator({ tunnel: OUTER, random, inner, cryptobinding, fragmentBytes });
    }
    default:
      return createPlain(method.type, settings, identity, OUTER);
  }
}

const createInner = (
  types: readonly PlainMethod[],
  settings: EapAuthenticatorSettings,
  identity?: string,
): EapAuthenticator =>
  new EapAuthenticator({
    methods: new Map(
      types.map((type) => [EapType[type], (name) => createPlain(type, settings, name, INNER)]),
    ),
    ...(identity === undefined ? {} : { identity }),
  });

function createPlain(
  type: PlainMethod,
  settings: EapAuthenticatorSettings,
  identity: string,
  tunnel: number,
): AuthenticatorMethod {
  const { users, random, fragmentBytes } = settings;
  switch (type) {
    case 'MD5':
      return new Md5Authenticator(users, identity, random);
    case 'GTC':
      return new GtcAuthenticator(users, identity);
    case 'MSCHAPv2':
      return new MsChapV2Authenticator(users, identity, random);
    default:
      return tlsAuthenticator(tunnel, fragmentBytes);
  }
}
