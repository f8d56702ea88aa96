/** From the names of EAP methods in a profile to the engine's settings, what runs inside tunnels included. */
import type { EapMethodSettings } from '#core/eap/create-peer.ts';
import type { EapInnerMethod, Profile } from '#core/profile/profile.ts';

type Login = Extract<Profile['authentication'], { readonly methods: unknown }>;
type Name = Login['methods'][number];
type TtlsInner = Extract<EapMethodSettings, { type: 'TTLS' }>['inner'];
type PeapInner = Extract<EapMethodSettings, { type: 'PEAP' }>['inner'];

/**
 * What a profile without a wish takes, the best first. Not MD5: it makes no key and proves nothing of the server. GTC sends
 * what is typed as it is, but to a gateway that has proven itself.
 */
const SOUND: readonly Name[] = ['mschapv2', 'peap', 'ttls', 'gtc'];

/** `certified`: there is a certificate for TLS, inside a tunnel as well. */
export function eapMethods(
  { methods, innerMethod }: Pick<Login, 'methods' | 'innerMethod'>,
  certified: boolean,
): EapMethodSettings[] {
  const wanted: readonly Name[] =
    methods.length > 0 ? methods : [...(certified ? (['tls'] as const) : []), ...SOUND];
  return [...new Set(wanted)].map((name) => ROWS[name](certified, innerMethod));
}

const tls = (certified: boolean): readonly 'TLS'[] => (certified ? ['TLS'] : []);

/** What a name means to each of the tunnels. */
const TTLS_INNER: Readonly<Record<EapInnerMethod, TtlsInner>> = {
  pap: 'PAP',
  chap: 'CHAP',
  mschapv2: 'MSCHAPv2',
  'eap-mschapv2': { eap: ['MSCHAPv2'] },
  'eap-gtc': { eap: ['GTC'] },
  'eap-md5': { eap: ['MD5'] },
  'eap-tls': { eap: ['TLS'] },
};
const IN_PEAP: Readonly<Partial<Record<EapInnerMethod, PeapInner>>> = {
  'eap-mschapv2': ['MSCHAPv2'],
  'eap-gtc': ['GTC'],
  'eap-tls': ['TLS'],
};

type Row = (certified: boolean, inner: EapInnerMethod | undefined) => EapMethodSettings;

const ROWS: Readonly<Record<Name, Row>> = {
  mschapv2: () => ({ type: 'MSCHAPv2' }),
  md5: () => ({ type: 'MD5' }),
  gtc: () => ({ type: 'GTC' }),
  tls: () => ({ type: 'TLS' }),
  // Inside of TLS, MD5 does no harm, and strongSwan begins with it.
  ttls: (certified, inner) => ({
    type: 'TTLS',
    inner: inner === undefined ? { eap: ['MSCHAPv2', ...tls(certified), 'GTC', 'MD5'] } : TTLS_INNER[inner],
  }),
  peap: (certified, inner) => ({
    type: 'PEAP',
    inner: (inner && IN_PEAP[inner]) ?? ['MSCHAPv2', ...tls(certified), 'GTC'],
  }),
};
