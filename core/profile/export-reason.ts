/**
 * Why a format cannot hold a profile, or one setting of it as it is: what the exporters find, apart from its words
 * (export-words.ts). It goes along with the answer or the refusal (core/ipc/profile-calls.ts), so that the window can say
 * it in its own language. Texts are made visible (core/text).
 */
import { z } from 'zod';

const reason = <N extends string, S extends z.core.$ZodShape>(name: N, values: S) =>
  z.object({ reason: z.literal(name), ...values });

export const exportReasonSchema = z.discriminatedUnion('reason', [
  // Of a setting or a secret.
  reason('no-place', {}),
  /** `text` stands in the file in place of what was meant. */
  reason('nearest', { text: z.string() }),
  // Of the profile as a whole.
  reason('sswan-no-psk', {}),
  reason('apple-no-second-round', {}),
  reason('apple-same-proof', {}),
  /** `text` is what our own importer says about the file. */
  reason('not-read-back', { text: z.string() }),
  reason('too-large', { octets: z.number(), most: z.number() }),
]);
export type ExportReason = z.infer<typeof exportReasonSchema>;
export type ExportReasonName = ExportReason['reason'];
export type ExportReasonOf<N extends ExportReasonName> = Extract<ExportReason, { readonly reason: N }>;
