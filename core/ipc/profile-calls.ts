/**
 * What the contract says about single profiles: problems of a field, certificates, exported files. contract.ts builds
 * its calls of them; since 1.2. The helper answers with them, the window and the CLI show them.
 */
import { z } from 'zod';
import { exportReasonSchema } from '#core/profile/export-reason.ts';
import { reportEntrySchema } from '#core/profile/profile.ts';
import { violationSchema } from '#core/profile/violation.ts';

/** Something wrong with one field of a profile, for the form that shows it there. */
const fieldProblemSchema = z.object({
  /** `child.remoteTs.1`; empty for the profile as a whole. */
  field: z.string(),
  /** `found 70000` */
  problem: z.string(),
  /** `expected at most 65535` */
  remedy: z.string().optional(),
  /** Which rule it breaks, for words in another language; absent where there are only these, and of a newer helper. */
  violation: violationSchema.optional().catch(undefined),
  /** Of `profiles.export`: why the format cannot hold the profile. */
  why: exportReasonSchema.optional().catch(undefined),
});
export type FieldProblem = z.infer<typeof fieldProblemSchema>;

/** What an error's `data` holds where `profiles.update`, `profiles.import` or `profiles.export` refuses: what is wrong with what, the first 32. */
export const refusalDataSchema = z.object({ problems: z.array(fieldProblemSchema).min(1).max(32) });
export type RefusalData = z.infer<typeof refusalDataSchema>;

/** What to be told about a certificate; each has words of its own in every language. */
const certificateWarningSchema = z.enum([
  'expired',
  'not-yet-valid',
  /** Within 30 days. */
  'expires-soon',
  'weak-key',
  /** Signed with MD5 or SHA-1; a self-signed one is not held to it. */
  'weak-signature',
  'unknown-algorithm',
  /** A trust anchor or intermediate that does not call itself an authority. */
  'not-an-authority',
  /** A critical extension that Adit does not understand: the gateway's proof with it fails. */
  'unknown-critical-extension',
]);
export type CertificateWarning = z.infer<typeof certificateWarningSchema>;

/** `own` is ours, `chain` goes along with it, `ca` is a trust anchor, `gateway` is the only one the gateway may show. */
const role = z.enum(['own', 'chain', 'ca', 'gateway']);

export const certificateEntrySchema = z.discriminatedUnion('readable', [
  z.object({
    readable: z.literal(true),
    role,
    subject: z.string(),
    issuer: z.string(),
    /** subjectAltName, the first 16: `vpn.example.com`, `192.0.2.1`. */
    names: z.array(z.string()),
    /** How many more names there are. */
    moreNames: z.int().nonnegative(),
    /** In hex. */
    serial: z.string(),
    notBefore: z.iso.datetime(),
    notAfter: z.iso.datetime(),
    /** `RSA 2048`, `ECDSA P-256`; an algorithm that Adit does not have by its OID. */
    keyType: z.string(),
    /** SHA-256 of the DER, in hex. */
    sha256: z.string(),
    isCa: z.boolean(),
    /** Whole days, rounded down; negative once it has expired. */
    expiresInDays: z.int(),
    warnings: z.array(certificateWarningSchema),
  }),
  z.object({
    readable: z.literal(false),
    role,
    problem: z.string(),
    /** Null for a PKCS#12 file that does not open. */
    sha256: z.string().nullable(),
  }),
]);
export type CertificateEntry = z.infer<typeof certificateEntrySchema>;

export const exportFormat = z.enum(['sswan', 'mobileconfig', 'swanctl', 'adit']);
export type ExportedAs = z.infer<typeof exportFormat>;

export const exportedSchema = z.object({
  /** The profile's file first; base64. No secret is in them that the caller did not bring. */
  files: z.array(z.object({ name: z.string(), content: z.base64() })).min(1),
  /** Every field that the format does not carry as it is. */
  leftOut: z.array(reportEntrySchema),
});
