/**
 * What we prove ourselves with: from the profile, from what is stored with it, from what came with `up`, and, for what is
 * still missing, from the person. Everything is known before the first datagram, but for what only the gateway asks for
 * (one-time codes, new passwords). Gathered once for the life of a tunnel (life.ts), so that nobody is asked again when it
 * reconnects; copies, so that the store may change meanwhile; wiped at the end.
 */
import { utf8, wipe } from '#core/bytes/bytes.ts';
import type { Certificate } from '#core/pki/certificate.ts';
import type { Failure } from '#core/failure/failure.ts';
import { gatewayAuthenticationOf, loginUses, missingFor } from '#core/profile/needs.ts';
import type { Profile } from '#core/profile/profile.ts';
import { allSecrets, type StoredProfile } from '../stored-profile.ts';
import { Secret } from '../secret.ts';
import { withoutAbsent } from '../without-absent.ts';
import type * as CertifiedModule from './certified.ts';
import { demand, lacking } from './demand.ts';
import { faultFailure, TunnelError } from './failures.ts';
import type { Certified, OwnCertificate } from './own-certificate.ts';
import type { Person } from './person.ts';

/** What `up` gave for this time; it counts in place of what is stored. */
export interface Given {
  readonly psk?: Secret;
  readonly user?: string;
  readonly password?: Secret;
}

export class Credentials {
  readonly psk: Secret | undefined;
  /** Post-quantum (RFC 8784). */
  readonly ppk: Secret | undefined;
  readonly user: string | undefined;
  readonly own: OwnCertificate | undefined;
  /** Whom the profile trusts to vouch for the gateway, decoded. */
  readonly authorities: readonly Certificate[];
  /** Undefined where both ends prove themselves by a pre-shared key. */
  readonly certified: CertifiedParts | undefined;
  #password: Secret | undefined;

  /** Takes the password and the key over, and copies of the pre-shared keys. */
  constructor(parts: {
    readonly psk?: Secret | undefined;
    readonly ppk?: Secret | undefined;
    readonly user?: string | undefined;
    readonly password?: Secret | undefined;
    readonly own?: OwnCertificate | undefined;
    readonly authorities?: readonly Certificate[];
    readonly certified?: CertifiedParts | undefined;
  }) {
    this.psk = parts.psk && new Secret(parts.psk.reveal());
    this.ppk = parts.ppk && new Secret(parts.ppk.reveal());
    this.user = parts.user;
    this.own = parts.own;
    this.authorities = parts.authorities ?? [];
    this.certified = parts.certified;
    this.#password = parts.password;
  }

  get password(): Secret | undefined {
    return this.#password;
  }

  /** A newer password, typed or changed: the next login uses it. */
  remember(password: string): void {
    this.#password?.wipe();
    this.#password = new Secret(utf8(password));
  }

  wipe(): void {
    this.psk?.wipe();
    this.ppk?.wipe();
    this.#password?.wipe();
    if (this.own) wipe(this.own.privateKey);
  }
}

/**
 * All that reads certificates or speaks TLS. Whoever has nothing but pre-shared keys never loads it, nor the memory it
 * takes; whoever needs it has it before the first datagram, so that no gateway waits and the engine's own calls stay
 * synchronous.
 */
export type CertifiedParts = typeof CertifiedModule;

/** Loads it, once for all. */
export type CertifiedLoader = () => Promise<CertifiedParts>;

async function certifiedParts(profile: Profile, load: CertifiedLoader): Promise<CertifiedParts | undefined> {
  const alone = profile.authentication.method === 'psk' && gatewayAuthenticationOf(profile).method === 'psk';
  if (alone) return undefined;
  try {
    return await load();
  } catch (error) {
    throw new TunnelError(faultFailure('The part of Adit that reads certificates cannot be loaded', error));
  }
}

/** Throws TunnelError with `secret-missing`, `certificate-unusable` or, where a part cannot be loaded, `system`. */
export async function gatherCredentials(
  stored: StoredProfile,
  given: Given,
  person: Person,
  load: CertifiedLoader,
): Promise<Credentials> {
  const { profile } = stored;
  const { authentication } = profile;
  const secrets = { ...allSecrets(stored), ...withoutAbsent({ psk: given.psk, password: given.password }) };
  const missing = missingFor(profile, secrets);
  if (missing.includes('psk')) throw lacking('pre-shared key');
  if (missing.includes('ppk')) throw lacking('ppk');
  const { psk, ppk } = secrets;
  const certified = await certifiedParts(profile, load);
  const authorities = certified
    ?.authoritiesOf(gatewayAuthenticationOf(profile))
    .map(certified.decodeCertificate);
  const ofGateway = { psk, ppk, certified, ...withoutAbsent({ authorities }) };
  if (authentication.method === 'psk' || !certified) return new Credentials(ofGateway);
  const own = usesCertificate(authentication)
    ? await certified.openOwn(authentication, secrets, person)
    : undefined;
  if (authentication.method === 'certificate') return new Credentials({ ...ofGateway, own });
  const user =
    given.user ??
    authentication.user ??
    certifiedUser(authentication, own, certified) ??
    (await demand(person, { kind: 'user', prompt: 'User name' }));
  const known = secrets.password && new Secret(secrets.password.reveal());
  const password = known ?? (await askedPassword(authentication, missing.includes('password'), user, person));
  return new Credentials({ ...ofGateway, user, password, own });
}

/** A login by certificate alone has its user's name in the certificate: nobody is asked for it. */
function certifiedUser(
  authentication: Extract<Certified, { methods: unknown }>,
  own: OwnCertificate | undefined,
  { announcedIdentity }: CertifiedParts,
): string | undefined {
  if (own === undefined || loginUses(authentication).password) return undefined;
  return authentication.localId ?? announcedIdentity(own.way[0]);
}

/** A refusal, with the day on which our certificate ended where that is past. */
export const withOwnExpiry = (failure: Failure, own: OwnCertificate | undefined, wallMs: number): Failure =>
  failure.cause === 'authentication-refused' && own !== undefined && own.way[0].notAfter < wallMs
    ? { ...failure, expiredAt: own.way[0].notAfter }
    : failure;

/** A login may have a certificate for EAP-TLS, or for nothing. */
function usesCertificate(authentication: Certified): boolean {
  if (authentication.method !== 'eap') return true;
  return loginUses(authentication).certificate || authentication.certificate !== undefined;
}

/** Token cards show a prompt of their own: nobody can be asked before the gateway does. */
async function askedPassword(
  { methods }: Extract<Certified, { methods: unknown }>,
  missing: boolean,
  user: string,
  person: Person,
): Promise<Secret | undefined> {
  const tokenAlone = methods.length > 0 && methods.every((method) => method === 'gtc');
  if (!missing || tokenAlone) return undefined;
  return new Secret(utf8(await demand(person, { kind: 'password', prompt: `Password of ${user}`, user })));
}
