/** From the names of EAP methods in a profile to the engine's settings, what runs inside tunnels included. */
import type { EapMethodSettings, PlainMethod } from '#core/eap/create-peer.ts';
import type { Profile } from '#core/profile/profile.ts';

type Login = Extract<Profile['authentication'], { readonly methods: unknown }>;
type Name = Login['methods'][number];

/**
 * What a profile without a wish takes, the best first. Not MD5: it makes no key and proves nothing of the server. GTC sends
 * what is typed as it is, but to a gateway that has proven itself.
 */
const SOUND: readonly Name[] = ['mschapv2', 'peap', 'ttls', 'gtc'];

/** `certified`: there is a certificate for TLS, inside a tunnel as well. */
export function eapMethods(names: readonly Name[], certified: boolean): EapMethodSettings[] {
  const wanted: readonly Name[] =
    names.length > 0 ? names : [...(certified ? (['tls'] as const) : []), ...SOUND];
  return [...new Set(wanted)].map((name) => ROWS[name](certified));
}

const tls = (certified: boolean): readonly 'TLS'[] => (certified ? ['TLS'] : []);

const ROWS: Readonly<Record<Name, (certified: boolean) => EapMethodSettings>> = {
  mschapv2: () => ({ type: 'MSCHAPv2' }),
  md5: () => ({ type: 'MD5' }),
  gtc: () => ({ type: 'GTC' }),
  tls: () => ({ type: 'TLS' }),
  // Inside of TLS, MD5 does no harm, and strongSwan begins with it.
  ttls: (certified) => {
    const inner: readonly PlainMethod[] = ['MSCHAPv2', ...tls(certified), 'GTC', 'MD5'];
    return { type: 'TTLS', inner: { eap: inner } };
  },
  peap: (certified) => ({ type: 'PEAP', inner: ['MSCHAPv2', ...tls(certified), 'GTC'] }),
};
