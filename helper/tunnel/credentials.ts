/**
 * What we prove ourselves with: from the profile, from what is stored with it, from what came with `up`, and, for what is
 * still missing, from the person. Everything is known before the first datagram, but for what only the gateway asks for
 * (one-time codes, new passwords). Gathered once for the life of a tunnel (life.ts), so that nobody is asked again when it
 * reconnects; copies, so that the store may change meanwhile; wiped at the end.
 */
import { utf8, wipe } from '#core/bytes/bytes.ts';
import { type Certificate, decodeCertificate } from '#core/pki/certificate.ts';
import { announcedIdentity } from '#core/pki/identity.ts';
import { certificatesToSend, wayUp } from '#core/pki/certreq.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import type { Failure } from '#core/failure/failure.ts';
import { loginUses, missingFor } from '#core/profile/needs.ts';
import type { Profile } from '#core/profile/profile.ts';
import { KeyFileError, readPrivateKey } from '../pki/key-file.ts';
import { Pkcs12Error, readPkcs12 } from '../pki/pkcs12.ts';
import { KeyError, keySigner, type Signer } from '../pki/signer.ts';
import { allSecrets, type StoredProfile } from '../stored-profile.ts';
import { Secret } from '../secret.ts';
import { withoutAbsent } from '../without-absent.ts';
import { TunnelError } from './failures.ts';
import type { Person } from './person.ts';

/** What `up` gave for this time; it counts in place of what is stored. */
export interface Given {
  readonly psk?: Secret;
  readonly user?: string;
  readonly password?: Secret;
}

/** Our certificate with its key. */
export interface OwnCertificate {
  /** DER: ours, then the intermediates to send along. */
  readonly certificates: readonly [Uint8Array, ...Uint8Array[]];
  /** Ours, then its issuers as far as they are known, the root included. */
  readonly way: readonly [Certificate, ...Certificate[]];
  /** PrivateKeyInfo in DER, unlocked. */
  readonly privateKey: Uint8Array;
  readonly signer: Signer;
}

export class Credentials {
  readonly psk: Secret | undefined;
  readonly user: string | undefined;
  readonly own: OwnCertificate | undefined;
  #password: Secret | undefined;

  /** Takes the password and the key over, and a copy of the pre-shared key. */
  constructor(parts: {
    readonly psk?: Secret | undefined;
    readonly user?: string | undefined;
    readonly password?: Secret | undefined;
    readonly own?: OwnCertificate | undefined;
  }) {
    this.psk = parts.psk && new Secret(parts.psk.reveal());
    this.user = parts.user;
    this.own = parts.own;
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
    this.#password?.wipe();
    if (this.own) wipe(this.own.privateKey);
  }
}

type Authentication = Profile['authentication'];
type Certified = Exclude<Authentication, { method: 'psk' }>;

/** Wrong passwords of a file that are worth another try. */
const MOST_TRIES = 3;

export const textOf = (secret: Secret): string => Buffer.from(secret.reveal()).toString('utf8');

/** Throws TunnelError with `secret-missing` or `certificate-unusable`. */
export async function gatherCredentials(
  stored: StoredProfile,
  given: Given,
  person: Person,
): Promise<Credentials> {
  const { profile } = stored;
  const { authentication } = profile;
  const secrets = { ...allSecrets(stored), ...withoutAbsent({ psk: given.psk, password: given.password }) };
  const missing = missingFor(profile, secrets);
  if (missing.includes('psk')) throw lacking('pre-shared key');
  const { psk } = secrets;
  if (authentication.method === 'psk') return new Credentials({ psk });
  const own = usesCertificate(authentication) ? await openOwn(authentication, secrets, person) : undefined;
  if (authentication.method === 'certificate') return new Credentials({ psk, own });
  const user =
    given.user ??
    authentication.user ??
    certifiedUser(authentication, own) ??
    (await demand(person, { kind: 'user', prompt: 'User name' }));
  const known = secrets.password && new Secret(secrets.password.reveal());
  const password = known ?? (await askedPassword(authentication, missing.includes('password'), user, person));
  return new Credentials({ psk, user, password, own });
}

/** A login by certificate alone has its user's name in the certificate: nobody is asked for it. */
function certifiedUser(
  authentication: Extract<Certified, { methods: unknown }>,
  own: OwnCertificate | undefined,
): string | undefined {
  if (own === undefined || loginUses(authentication).password) return undefined;
  return authentication.localId ?? announcedIdentity(own.way[0]);
}

const lacking = (what: string): TunnelError => new TunnelError({ cause: 'secret-missing', what });

const unusable = (detail: string): TunnelError => new TunnelError({ cause: 'certificate-unusable', detail });

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

type Demand = Parameters<Person['ask']>[0];

async function demand(person: Person, question: Omit<Demand, 'retry'>, retry = false): Promise<string> {
  const text = await person.ask({ ...question, retry });
  if (text === undefined) throw lacking(question.kind);
  return text;
}

async function openOwn(
  authentication: Certified,
  secrets: ReturnType<typeof allSecrets>,
  person: Person,
): Promise<OwnCertificate> {
  const { pkcs12, privateKey } = secrets;
  if (pkcs12) {
    const known = secrets.pkcs12Password && textOf(secrets.pkcs12Password);
    const question = {
      kind: 'pkcs12-password',
      prompt: 'Password of the certificate file (PKCS#12)',
    } as const;
    const opened = await unlocking(known, person, question, (password = '') =>
      readPkcs12(pkcs12.reveal(), password),
    );
    return ownCertificate(opened.certificate, opened.chain, opened.privateKey);
  }
  if (authentication.certificate === undefined) throw unusable('the profile has no certificate of ours');
  if (!privateKey) throw unusable('the private key of our certificate is not stored');
  const known = secrets.privateKeyPassword && textOf(secrets.privateKeyPassword);
  const question = { kind: 'private-key-password', prompt: 'Password of the private key' } as const;
  const key = await unlocking(known, person, question, (password) =>
    readPrivateKey(privateKey.reveal(), password),
  );
  return ownCertificate(fromBase64(authentication.certificate), authentication.chain.map(fromBase64), key);
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

/** Tries the known password, then those that the person types. */
async function unlocking<T>(
  known: string | undefined,
  person: Person,
  question: Omit<Demand, 'retry'>,
  open: (password: string | undefined) => T | Promise<T>,
): Promise<T> {
  let password = known;
  for (let tries = 0; ; tries++) {
    try {
      return await open(password);
    } catch (error) {
      if (!(error instanceof Pkcs12Error || error instanceof KeyFileError)) throw error;
      const locked = error.problem === 'wrong-password' || error.problem === 'password-needed';
      if (!locked || tries === MOST_TRIES) throw unusable(error.message);
      password = await demand(person, question, tries > 0);
    }
  }
}

function ownCertificate(
  certificate: Uint8Array,
  chain: readonly Uint8Array[],
  privateKey: Uint8Array,
): OwnCertificate {
  try {
    const signer = keySigner(privateKey);
    const own = { certificate: decodeCertificate(certificate), chain: chain.map(decodeCertificate) };
    if (Buffer.compare(own.certificate.spki, signer.publicKey.spki) !== 0) {
      throw unusable(`the private key is not that of the certificate of ${own.certificate.subjectText}`);
    }
    const [, ...intermediates] = certificatesToSend(own);
    return { certificates: [certificate, ...intermediates], way: wayUp(own), privateKey, signer };
  } catch (error) {
    if (error instanceof KeyError) throw unusable(error.message);
    if (error instanceof DecodeError) throw unusable(`our certificate cannot be read: ${error.message}`);
    throw error;
  }
}
