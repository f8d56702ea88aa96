/**
 * Report entries for what an import did not find and somebody must still give. Every importer ends with them.
 */
import { missingFor, type Need } from '#core/profile/needs.ts';
import {
  type ProfileInput,
  profileSchema,
  type ReportEntry,
  type SecretName,
  type Secrets,
} from '#core/profile/profile.ts';

const REASONS: Readonly<Record<Need, string>> = {
  psk: 'the pre-shared key is not in the file: adit set-secret',
  ppk: 'the post-quantum pre-shared key (RFC 8784) is not in the file: adit set-secret --ppk-stdin',
  password: 'the password is not in the file; it is asked for while connecting',
  certificate: 'our certificate is not in the file: import it together with its .p12, or its .pem and key',
  privateKey: 'our private key is not in the file: import it together with its .p12, or its .pem and key',
  privateKeyPassword: 'the private key is encrypted and its password is not in the file',
  pkcs12: 'the PKCS#12 file is missing: import it together with the profile',
  pkcs12Password:
    'the PKCS#12 file is locked and its password is not here: adit import --p12-password-stdin (it may be empty)',
};

/** One entry for each need; the user's name too, which is no secret. Nothing where the profile is not valid. */
export function missingEntries(
  profile: ProfileInput,
  secrets: Secrets | Readonly<Partial<Record<SecretName, unknown>>>,
): ReportEntry[] {
  const parsed = profileSchema.safeParse(profile);
  if (!parsed.success) return [];
  const { authentication } = parsed.data;
  const nameless = 'methods' in authentication && authentication.user === undefined;
  return [
    ...(nameless
      ? [
          {
            outcome: 'missing' as const,
            setting: 'user',
            reason: 'the user name is not in the file; it is asked for while connecting',
          },
        ]
      : []),
    ...missingFor(parsed.data, secrets).map(
      (setting): ReportEntry => ({ outcome: 'missing', setting, reason: REASONS[setting] }),
    ),
  ];
}
