/**
 * Which rule of a profile a value breaks, with the values that a sentence about it needs: what check.ts and
 * schema-sentences.ts find, apart from its English words. It goes along with a problem (core/ipc/profile-calls.ts), so
 * that the window can say it in its own language (violation-words.ts). Values are texts made visible (core/text).
 */
import { z } from 'zod';

const rule = <N extends string, S extends z.core.$ZodShape>(name: N, values: S) =>
  z.object({ rule: z.literal(name), ...values });

const text = { text: z.string() };
/** What would do instead, nearest first; may be empty. */
const accepted = z.array(z.string());

/** What stood there. */
const found = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('nothing') }),
  /** As JSON writes it: `70000`, `"x"`. */
  z.object({ kind: z.literal('value'), text: z.string() }),
  z.object({ kind: z.literal('list'), count: z.number() }),
  z.object({ kind: z.literal('object') }),
]);
export type Found = z.infer<typeof found>;

/** What a bound counts. */
const of = z.enum(['number', 'characters', 'entries']);
export type Counted = z.infer<typeof of>;

const valueType = z.enum(['string', 'number', 'int', 'boolean', 'array', 'object']);
export type ValueType = z.infer<typeof valueType>;

export const violationSchema = z.discriminatedUnion('rule', [
  rule('identity', text),
  rule('selector', text),
  rule('dynamic-is-ours', {}),
  rule('host', text),
  rule('redirect', text),
  rule('user', text),
  rule('ppk-id', text),
  rule('address', text),
  rule('domain', text),
  rule('certificate', {}),
  rule('eap-only-needs-eap', { method: z.string() }),
  rule('inner-method-needs-tunnel', { method: z.string() }),
  rule('post-quantum-absent', {}),
  rule('inner-method-not-in-peap', { method: z.string(), accepted }),
  // Of proposals: core/crypto/keyword-table.ts.
  rule('keyword-missing', {}),
  rule('keyword-unknown', { keyword: z.string(), accepted }),
  rule('keyword-misplaced', { keyword: z.string(), protocol: z.enum(['IKE', 'ESP']), accepted }),
  rule('proposal-lacks', {
    what: z.enum(['encryption', 'integrity', 'prf', 'key-exchange']),
    beside: z.string(),
    accepted,
  }),
  rule('aead-beside-plain', { aead: z.string(), plain: z.string() }),
  // Of the schema.
  rule('unknown-field', { fields: z.array(z.string()) }),
  rule('type', { expected: valueType, found }),
  rule('choice', { options: z.array(z.string()), found }),
  rule('too-small', { least: z.number(), of, found }),
  rule('too-big', { most: z.number(), of, found }),
  // Of the form: what was typed is no number at all.
  rule('not-whole', {}),
]);
export type Violation = z.infer<typeof violationSchema>;
export type Rule = Violation['rule'];
export type ViolationOf<R extends Rule> = Extract<Violation, { readonly rule: R }>;
