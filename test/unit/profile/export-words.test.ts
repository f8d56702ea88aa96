/** Every reason of an export can be told in each language, with its values, and survives the socket. */
import { describe, expect, it } from 'vitest';
import { exportedSchema, refusalDataSchema } from '#core/ipc/profile-calls.ts';
import { exportAs, ExportError, type ExportFormat } from '#core/profile/export-as.ts';
import type { ExportReason, ExportReasonName } from '#core/profile/export-reason.ts';
import { exportReasonText, inEnglish } from '#core/profile/export-words.ts';
import type { Profile, ProfileInput, ReportEntry, Secrets } from '#core/profile/profile.ts';
import { LANGUAGES } from '#core/text/languages.ts';
import { profileNamed } from '#test/fakes/profiles.ts';

function left(format: ExportFormat, profile: Profile, secrets: Secrets = {}): readonly ReportEntry[] {
  return exportAs(format, profile, { secrets, uuid: () => 'u' }).left;
}
const profile = (change: Partial<ProfileInput>): Profile => profileNamed('Work', change);
const leftOf = (setting: string, entries: readonly ReportEntry[]): ExportReason | undefined =>
  entries.find((entry) => entry.setting === setting)?.why;

function refusalOf(format: ExportFormat, from: Profile): ExportReason | undefined {
  try {
    left(format, from);
    return undefined;
  } catch (error) {
    return error instanceof ExportError ? error.why : undefined;
  }
}

const certified: ProfileInput['gateway'] = {
  addresses: ['a.example'],
  authentication: { method: 'certificate' },
};

/** How to meet each reason; a new one without an example does not compile. */
const EXAMPLES: { readonly [N in ExportReasonName]: () => ExportReason | undefined } = {
  'no-place': () => leftOf('psk', left('mobileconfig', profile({}), { psk: '/wD+' })),
  nearest: () =>
    leftOf(
      'gateway.addresses',
      left('mobileconfig', profile({ gateway: { addresses: ['a.example', 'b.example'] } })),
    ),
  'sswan-no-psk': () => refusalOf('sswan', profile({})),
  'apple-no-second-round': () =>
    refusalOf('mobileconfig', profile({ gateway: certified, authentication: { method: 'certificate-eap' } })),
  'apple-same-proof': () =>
    refusalOf('mobileconfig', profile({ gateway: certified, authentication: { method: 'psk' } })),
  // No profile is known that leads to these two.
  'not-read-back': () => ({ reason: 'not-read-back', text: 'x: nothing' }),
  'too-large': () => ({ reason: 'too-large', octets: 70000, most: 65536 }),
};
const names = Object.keys(EXAMPLES) as ExportReasonName[];

function found(name: ExportReasonName): ExportReason {
  const reason = EXAMPLES[name]();
  if (!reason) throw new Error(`nothing gives ${name}`);
  return reason;
}

describe.each(names)('%s', (name) => {
  it('is what its example gives', () => {
    expect(found(name).reason).toBe(name);
  });

  it.each(LANGUAGES)('has words in %s, with every value of it', (language) => {
    const { reason: _, ...values } = found(name);
    const said = exportReasonText(found(name), language) ?? '';
    expect(said).not.toBe('');
    expect(said).not.toMatch(/undefined|\[object/);
    expect(Object.values(values).filter((value) => !said.includes(String(value)))).toEqual([]);
  });

  it('goes over the socket as it is, in an answer and in a refusal', () => {
    const why = found(name);
    const problems = [{ field: '', problem: inEnglish(why), why }];
    expect(refusalDataSchema.parse(JSON.parse(JSON.stringify({ problems })))).toEqual({ problems });
    const leftOut = [{ outcome: 'changed', setting: 'mtu', reason: inEnglish(why), why }];
    const files = [{ name: 'a', content: '' }];
    expect(exportedSchema.parse(JSON.parse(JSON.stringify({ files, leftOut }))).leftOut).toEqual(leftOut);
  });
});

it('a reason that only a newer helper knows leaves its English', () => {
  const problems = [{ field: '', problem: 'it is too new', why: { reason: 'later' } }];
  const [problem] = refusalDataSchema.parse({ problems }).problems;
  expect(problem).toMatchObject({ problem: 'it is too new' });
  expect(problem?.why).toBeUndefined();
  expect(exportReasonText({ reason: 'later' } as never, 'de')).toBeUndefined();
});
