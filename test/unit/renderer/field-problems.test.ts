/** What is wrong at a field of the form, in the language of the window. */
import { afterAll, describe, expect, it } from 'vitest';
import { problemsOf } from '#renderer/stores/profile-form.ts';
import { toldProblem } from '#renderer/i18n/field-problems.ts';
import { setLanguage } from '#renderer/i18n/text.ts';
import { profileNamed } from '#test/fakes/profiles.ts';

afterAll(() => setLanguage('en', 'en'));

const told = (change: Parameters<typeof profileNamed>[1]) =>
  problemsOf({ ...profileNamed('x'), ...change } as never).map(toldProblem);
const badAddress = { dns: { servers: ['dns.example'], domains: [] } };

describe('a problem', () => {
  it.each([
    ['en', '"dns.example" is no IP address'],
    ['de', '„dns.example“ ist keine IP-Adresse'],
    ['zh', '“dns.example”不是 IP 地址'],
  ] as const)('is told in %s', (language, text) => {
    setLanguage(language, language);
    expect(told(badAddress)).toEqual([{ text, isTranslated: true }]);
  });

  it.each([
    ['en', 'This is too long; expected at most 168 hours.'],
    ['de', 'Das ist zu lang; höchstens 168 Stunden.'],
    ['zh', '太长；最多 168小时。'],
  ] as const)('with a lifetime is told in units, in %s', (language, text) => {
    setLanguage(language, language);
    const { ike } = profileNamed('x');
    expect(told({ ike: { ...ike, lifetimeSec: 999_999 } })).toEqual([{ text, isTranslated: true }]);
  });

  it('of an empty field is told in plain words', () => {
    setLanguage('de', 'de');
    const { gateway } = profileNamed('x');
    const empty = told({ name: '', gateway: { ...gateway, addresses: [] } });
    expect(empty.map(({ text }) => text)).toEqual(['Das darf nicht leer sein.', 'Das darf nicht leer sein.']);
  });

  it('that has no words of ours stays the helper’s, and readers are told', () => {
    setLanguage('de', 'de');
    expect(toldProblem({ field: 'x', problem: 'no', remedy: 'expected yes' })).toEqual({
      text: 'no; expected yes',
      isTranslated: false,
    });
  });
});
