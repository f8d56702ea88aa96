/**
 * A profile as the helper keeps it: whose it is, who sees it, which secrets it has, and what a list may tell of it. The
 * store writes it, tunnels and the ipc calls read it.
 */
import { createHash } from 'node:crypto';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { missingFor } from '#core/profile/needs.ts';
import type { Profile, SecretName, Secrets } from '#core/profile/profile.ts';
import { Secret } from './secret.ts';

/** Who asks: decides which profiles exist for them. */
export interface Viewer {
  readonly uid: number;
  readonly admin: boolean;
}

type OtherSecrets = Readonly<Partial<Record<Exclude<SecretName, 'psk'>, Secret>>>;

export interface StoredProfile {
  readonly id: string;
  readonly profile: Profile;
  readonly psk: Secret | undefined;
  /** Everything else that profiles with certificates or EAP keep; absent where there is none. */
  readonly otherSecrets?: OtherSecrets;
  /** uid of the user who imported it. */
  readonly owner: number;
  readonly forAll: boolean;
}

/** Secrets of a record or an import, in the form that no log can print. */
export function secretsFrom({ psk, ...others }: Secrets): Pick<StoredProfile, 'psk' | 'otherSecrets'> {
  const given = Object.entries(others).filter(([, text]) => text !== undefined);
  return {
    psk: psk === undefined ? undefined : Secret.fromBase64(psk),
    ...(given.length === 0
      ? {}
      : { otherSecrets: Object.fromEntries(given.map(([name, text]) => [name, Secret.fromBase64(text)])) }),
  };
}

type SecretHolder = Pick<StoredProfile, 'psk' | 'otherSecrets'>;

export const allSecrets = ({ psk, otherSecrets }: SecretHolder): Partial<Record<SecretName, Secret>> => ({
  ...(psk === undefined ? {} : { psk }),
  ...otherSecrets,
});

export function summaryOf(stored: StoredProfile): ProfileSummary {
  const secrets = allSecrets(stored);
  return {
    id: stored.id,
    name: stored.profile.name,
    gateway: stored.profile.gateway.addresses[0] ?? '',
    owner: stored.owner,
    forAll: stored.forAll,
    storedSecrets: Object.keys(secrets),
    missingSecrets: missingFor(stored.profile, secrets),
    revision: revisionOf(stored.profile),
  };
}

/** Tells one state of a profile from another; says nothing about its secrets. */
export const revisionOf = (profile: Profile): string =>
  createHash('sha256').update(JSON.stringify(profile)).digest('hex').slice(0, 16);

export function visible(stored: StoredProfile, viewer: Viewer): boolean {
  return viewer.admin || stored.forAll || stored.owner === viewer.uid;
}

/** `Büro (Wien)` becomes `buro-wien`; a name without a letter or digit of ASCII becomes `profile`. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  return slug || 'profile';
}
