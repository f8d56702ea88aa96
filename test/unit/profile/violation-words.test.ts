/** Every rule that a profile can break can be told in each language, with its values, and survives the socket. */
import { describe, expect, it } from 'vitest';
import { refusalDataSchema } from '#core/ipc/profile-calls.ts';
import { profileProblems } from '#core/profile/check.ts';
import { type ProfileInput, profileSchema } from '#core/profile/profile.ts';
import { schemaProblems } from '#core/profile/schema-sentences.ts';
import type { Rule, Violation } from '#core/profile/violation.ts';
import { violationText } from '#core/profile/violation-words.ts';
import { profileNamed } from '#test/fakes/profiles.ts';

const broken = (change: Partial<ProfileInput>) => profileProblems(profileNamed('x', change));
const unfit = (change: object) => {
  const input = { ...profileNamed('x'), ...change };
  const parsed = profileSchema.safeParse(input);
  return parsed.success ? [] : schemaProblems(parsed.error, input);
};
const child = (part: object) => broken({ child: part });
const eap = (part: object) => broken({ authentication: { method: 'eap', ...part } });

/** How to break each rule; a new one without an example does not compile. */
const EXAMPLES: { readonly [R in Rule]: () => readonly { violation?: Violation | undefined }[] } = {
  identity: () => broken({ gateway: { addresses: ['a.example'], id: 'C=' } }),
  selector: () => child({ remoteTs: ['nonsense'] }),
  'dynamic-is-ours': () => child({ remoteTs: ['dynamic'] }),
  host: () => broken({ gateway: { addresses: ['not a host!'] } }),
  redirect: () => broken({ gateway: { addresses: ['a.example'], redirects: ['no net!'] } }),
  user: () => eap({ user: 'a\u202eb' }),
  'ppk-id': () => broken({ ike: { ppk: { id: 'a\u202eb' } } }),
  address: () => broken({ dns: { servers: ['dns.example'] } }),
  domain: () => broken({ dns: { domains: ['a..b'] } }),
  certificate: () => broken({ authentication: { method: 'certificate', certificate: 'AAAA' } }),
  'eap-only-needs-eap': () =>
    broken({ gateway: { addresses: ['a.example'], authentication: { method: 'eap-only' } } }),
  'inner-method-needs-tunnel': () => eap({ methods: ['tls'], innerMethod: 'pap' }),
  'inner-method-not-in-peap': () => eap({ methods: ['peap'], innerMethod: 'pap' }),
  'post-quantum-absent': () =>
    broken({ ike: { postQuantum: 'require', proposals: ['aes256-sha256-ecp256-ke1_ecp384'] } }).filter(
      ({ field }) => field === 'ike.postQuantum',
    ),
  'keyword-missing': () => {
    const profile = profileNamed('x');
    return profileProblems({ ...profile, child: { ...profile.child, proposals: [''] } });
  },
  'keyword-unknown': () => child({ proposals: ['aes256gcm16-nothing'] }),
  'keyword-misplaced': () => child({ proposals: ['aes256gcm16-prfsha256'] }),
  'proposal-lacks': () => child({ proposals: ['aes256'] }),
  'aead-beside-plain': () => child({ proposals: ['aes256gcm16-aes256-sha256'] }),
  'unknown-field': () => unfit({ colour: 'red' }),
  type: () => unfit({ mtu: 'large' }),
  choice: () => unfit({ format: 'other' }),
  'too-small': () => unfit({ mtu: 1 }),
  'too-big': () => unfit({ name: 'x'.repeat(200) }),
  'not-whole': () => [{ violation: { rule: 'not-whole' } }],
};
const rules = Object.keys(EXAMPLES) as Rule[];

const found = (rule: Rule): Violation => {
  const [violation] = EXAMPLES[rule]().flatMap((one) => one.violation ?? []);
  if (!violation) throw new Error(`nothing breaks ${rule}`);
  return violation;
};

describe.each(rules)('%s', (rule) => {
  it('is what its example breaks', () => {
    expect(found(rule).rule).toBe(rule);
  });

  it.each(['de', 'zh'] as const)('has words in %s, with every text of it', (language) => {
    const violation = found(rule);
    const text = violationText(violation, language);
    const said = `${text?.problem} ${text?.remedy ?? ''}`;
    expect(said).not.toMatch(/undefined|\[object/);
    // Which protocol and which kind are said in words.
    const { rule: _, ...values } = violation;
    const texts = Object.entries(values).flatMap(([key, value]) =>
      typeof value === 'string' && !['expected', 'of', 'what'].includes(key) ? [value] : [],
    );
    expect(texts.filter((one) => !said.includes(one))).toEqual([]);
  });

  it('goes over the socket as it is', () => {
    const problems = [{ field: 'x', problem: 'y', violation: found(rule) }];
    expect(refusalDataSchema.parse(JSON.parse(JSON.stringify({ problems })))).toEqual({ problems });
  });
});

it('a rule that only a newer helper knows leaves its English', () => {
  const problems = [{ field: 'x', problem: 'y', violation: { rule: 'later' } }];
  expect(refusalDataSchema.parse({ problems }).problems[0]).toMatchObject({ problem: 'y' });
  expect(refusalDataSchema.parse({ problems }).problems[0]?.violation).toBeUndefined();
  expect(violationText({ rule: 'later' } as never, 'de')).toBeUndefined();
});
