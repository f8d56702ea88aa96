/**
 * What a profile needs beside itself before it can connect: which secrets, which of them are not there, and how the
 * gateway proves itself where the profile leaves that open. Importers, the store and the tunnel ask here.
 */
import {
  type GatewayAuthentication,
  gatewayAuthenticationSchema,
  type Profile,
  type SecretName,
} from '#core/profile/profile.ts';

/** How the gateway proves itself: as the profile says, or else as we do, with the system's trust anchors. */
export function gatewayAuthenticationOf({
  gateway,
  authentication,
}: Pick<Profile, 'gateway' | 'authentication'>): GatewayAuthentication {
  if (gateway.authentication) return gateway.authentication;
  const method = authentication.method === 'psk' ? 'psk' : 'certificate';
  return gatewayAuthenticationSchema.parse({ method });
}

type Login = Extract<Profile['authentication'], { readonly methods: unknown }>;

/** What a login may use: our certificate (for EAP-TLS, outside or inside of a tunnel), a password, or either. */
export function loginUses({ methods, innerMethod }: Login): {
  readonly certificate: boolean;
  readonly password: boolean;
} {
  const inner = innerMethod === 'eap-tls';
  const byCertificate = methods.map((one) => one === 'tls' || (inner && (one === 'ttls' || one === 'peap')));
  return {
    certificate: byCertificate.includes(true),
    password: methods.length === 0 || byCertificate.includes(false),
  };
}

/** Secrets and the certificate, by the names that reports and summaries use. */
export type Need = SecretName | 'certificate';

/**
 * What has to be asked for. A PKCS#12 file counts as certificate and key; whether its password is empty is known only
 * after opening it, which is the helper's work.
 */
export function missingFor(
  profile: Pick<Profile, 'gateway' | 'authentication' | 'ike'>,
  secrets: Partial<Readonly<Record<SecretName, unknown>>>,
): Need[] {
  const { authentication } = profile;
  const has = (name: SecretName): boolean => secrets[name] !== undefined;
  const missing: Need[] = [];
  const keyed = authentication.method === 'psk' || gatewayAuthenticationOf(profile).method === 'psk';
  if (keyed && !has('psk')) missing.push('psk');
  // Also where a gateway may do without it: nobody connects unprotected for want of a key that the profile names.
  if (profile.ike.ppk && !has('ppk')) missing.push('ppk');
  if (authentication.method === 'psk') return missing;
  const login = authentication.method === 'certificate' ? undefined : loginUses(authentication);
  if (login?.password === true && !has('password')) missing.push('password');
  const certified = authentication.method !== 'eap' || login?.certificate;
  if (!certified) return missing;
  if (has('pkcs12')) return has('pkcs12Password') ? missing : [...missing, 'pkcs12Password'];
  if (authentication.certificate === undefined) missing.push('certificate');
  if (!has('privateKey')) missing.push('privateKey');
  return missing;
}
