/**
 * What is wrong with the other end's certificate, or with its chain: one case a rule (RFC 5280 §6, RFC 4945 §5), each
 * with its data, for screens, logs and core/failure. Dates are milliseconds since 1970; names are printable text.
 */
import { z } from 'zod';

/** The certificate that is at fault: its subject, or its place where it cannot be read. */
const subject = z.string();

export const chainFaultSchema = z.discriminatedUnion('fault', [
  z.object({ fault: z.literal('no-certificate') }),
  z.object({ fault: z.literal('too-many-certificates'), count: z.number(), limit: z.number() }),
  z.object({ fault: z.literal('malformed'), subject, detail: z.string() }),
  /** No way to a trusted CA: nobody has the certificate of `missingIssuer`. */
  z.object({
    fault: z.literal('not-trusted'),
    subject,
    missingIssuer: z.string(),
    selfSigned: z.boolean(),
  }),
  /** Trusted, but another certificate than the one the profile pins. */
  z.object({ fault: z.literal('not-pinned'), subject, expected: z.string() }),
  /** `wants` says who names `expected`: the IDr payload, the profile, or the address that was dialled. */
  z.object({
    fault: z.literal('wrong-name'),
    subject,
    wants: z.enum(['IDr', 'profile', 'dialled']),
    expected: z.array(z.string()),
    names: z.array(z.string()),
  }),
  z.object({ fault: z.literal('expired'), subject, notAfter: z.number(), now: z.number() }),
  z.object({ fault: z.literal('not-yet-valid'), subject, notBefore: z.number(), now: z.number() }),
  z.object({
    fault: z.literal('revoked'),
    subject,
    at: z.number(),
    reason: z.string(),
    by: z.enum(['crl', 'ocsp']),
  }),
  /** Strict revocation only: `detail` says what was tried. */
  z.object({ fault: z.literal('revocation-unknown'), subject, detail: z.string() }),
  z.object({
    fault: z.literal('wrong-usage'),
    subject,
    extension: z.enum(['keyUsage', 'extendedKeyUsage']),
    wanted: z.array(z.string()),
    present: z.array(z.string()),
  }),
  /** `limit` intermediates may follow `subject`; `length` do. */
  z.object({ fault: z.literal('path-too-long'), subject, limit: z.number(), length: z.number() }),
  z.object({ fault: z.literal('not-a-ca'), subject, detail: z.string() }),
  /** `ca` allows only names of which `name` is none. */
  z.object({ fault: z.literal('name-not-permitted'), subject, ca: z.string(), name: z.string() }),
  z.object({ fault: z.literal('unknown-critical-extension'), subject, oid: z.string() }),
  z.object({ fault: z.literal('bad-signature'), subject, issuer: z.string() }),
  z.object({ fault: z.literal('weak-key'), subject, detail: z.string() }),
  z.object({ fault: z.literal('weak-hash'), subject, hash: z.string() }),
  z.object({ fault: z.literal('unsupported-algorithm'), subject, algorithm: z.string() }),
]);

export type ChainFault = z.infer<typeof chainFaultSchema>;
