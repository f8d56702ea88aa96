/** Adit’s own format is written without defaults, and stays as it is. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { exportProfile } from '#core/profile/export.ts';
import { importFiles } from '#core/profile/import.ts';
import { profileSchema } from '#core/profile/profile.ts';

const FIXTURES = new URL('../../fixtures/profiles/', import.meta.url).pathname;
const again = (text: string): string =>
  exportProfile(profileSchema.parse(importFiles([{ name: 'x', content: utf8(text) }])[0]?.profile));

describe('exportProfile', () => {
  it('leaves defaults out', () => {
    const text = readFileSync(`${FIXTURES}minimal.json`, 'utf8');
    expect(JSON.parse(again(text))).toEqual(JSON.parse(text));
  });

  it('keeps everything else, in the order of the schema', () => {
    const text = readFileSync(`${FIXTURES}full.json`, 'utf8');
    const full = JSON.parse(text) as { request: object };
    expect(JSON.parse(again(text))).toEqual({ ...full, request: { ip6: false, dns: false } });
    expect(Object.keys(JSON.parse(again(text)) as object)).toEqual(Object.keys(full));
  });

  it('leaves the defaults of certificates and EAP out', () => {
    const eap = {
      ...JSON.parse(readFileSync(`${FIXTURES}minimal.json`, 'utf8')),
      gateway: { addresses: ['a.example'], authentication: { method: 'eap-only' } },
      authentication: { method: 'eap', user: 'alice' },
    };
    expect(JSON.parse(again(JSON.stringify(eap)))).toEqual(eap);
  });

  it('writes required fields even where they look like an example', () => {
    const text = JSON.stringify({
      ...JSON.parse(readFileSync(`${FIXTURES}minimal.json`, 'utf8')),
      name: '-',
    });
    expect(again(text)).toContain('"name": "-"');
  });

  it.each(readdirSync(FIXTURES).filter((name) => /\.(conf|json)$/.test(name)))('is stable for %s', (name) => {
    for (const { profile } of importFiles([{ name, content: readFileSync(FIXTURES + name) }])) {
      const complete = profileSchema.parse(profile);
      const text = exportProfile(complete);
      expect(profileSchema.parse(JSON.parse(text))).toEqual(complete);
      expect(again(text)).toBe(text);
    }
  });
});
