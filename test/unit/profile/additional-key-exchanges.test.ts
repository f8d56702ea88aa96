/** Additional key exchanges (RFC 9370) in files of others, and back into them. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { DEFAULT_IKE_TEXTS } from '#core/crypto/defaults.ts';
import { profileProblems } from '#core/profile/check.ts';
import { exportAs, type ExportFormat } from '#core/profile/export-as.ts';
import { importFiles } from '#core/profile/import.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { profileNamed } from '#test/fakes/profiles.ts';

type Proposals = {
  readonly ike: readonly string[] | undefined;
  readonly child: readonly string[] | undefined;
};

function proposalsOf(...texts: readonly string[]): Proposals {
  const [first] = importFiles(texts.map((text, at) => ({ name: `f${at}`, content: utf8(text) })));
  return { ike: first?.profile.ike?.proposals, child: first?.profile.child?.proposals };
}

const IKE = 'aes256-sha256-x25519-ke1_mlkem768';
const ESP = 'aes256gcm16-x25519-ke1_mlkem768-ke1_none';

describe('the keywords of strongSwan', () => {
  it.each([
    [
      'swanctl.conf',
      `connections { c { remote_addrs = a.example
        proposals = ${IKE}
        local { auth = psk }
        remote { auth = psk }
        children { net { remote_ts = 10.0.0.0/8
          esp_proposals = ${ESP} } } } }`,
    ],
    [
      'ipsec.conf',
      `conn c\n keyexchange=ikev2\n right=a.example\n leftauth=psk\n rightauth=psk\n ike=${IKE}!\n esp=${ESP}\n`,
    ],
    [
      '.sswan',
      JSON.stringify({
        uuid: 'u',
        name: 'n',
        type: 'ikev2-eap',
        remote: { addr: 'a.example' },
        'ike-proposal': IKE,
        'esp-proposal': ESP,
      }),
    ],
    [
      'a keyfile of NetworkManager',
      `[connection]\nid=n\ntype=vpn\n[vpn]\nservice-type=org.freedesktop.NetworkManager.strongswan\naddress=a.example\nmethod=eap\nproposal=yes\nike=${IKE}\nesp=${ESP}\n`,
    ],
  ])('in %s', (_, text) => {
    expect(proposalsOf(text)).toEqual({ ike: [IKE], child: [ESP] });
  });
});

it.each([
  ['aes256-sha2;dh20;addke1=mlkem768', 'aes256-sha256-ecp384-ke1_mlkem768'],
  [
    'aes256-sha2_256-dh31;addke1=none;addke2=ml_kem_1024+ml_kem_768',
    'aes256-sha256-x25519-ke1_none-ke2_mlkem1024-ke2_mlkem768',
  ],
  ['aes_gcm256-sha2_512-dh19;addke1=dh20;addke2=none', 'aes256gcm16-prfsha512-ecp256-ke1_ecp384-ke2_none'],
])('libreswan’s ike=%s', (written, expected) => {
  const text = `conn c\n ikev2=insist\n right=a.example\n authby=secret\n ike=${written}\n`;
  expect(proposalsOf(text).ike).toEqual([expected]);
});

const apple = (ike: string, child = '', more = ''): Proposals =>
  proposalsOf(`<plist version="1.0"><dict><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict>
    <key>RemoteAddress</key><string>a.example</string><key>LocalIdentifier</key><string>me</string>
    <key>AuthenticationMethod</key><string>SharedSecret</string><key>SharedSecret</key><string>k</string>${more}
    <key>IKESecurityAssociationParameters</key><dict>${ike}</dict>
    <key>ChildSecurityAssociationParameters</key><dict>${child}</dict></dict></dict></plist>`);
const methods = (...numbers: readonly number[]): string =>
  `<key>PostQuantumKeyExchangeMethods</key><array>${numbers.map((one) => `<integer>${one}</integer>`).join('')}</array>`;
const PLAIN = 'aes256-sha256-modp2048';

describe('PostQuantumKeyExchangeMethods', () => {
  it.each<[readonly number[], string]>([
    [[36], `${PLAIN}-ke1_mlkem768`],
    [[37, 36], `${PLAIN}-ke1_mlkem1024-ke2_mlkem768`],
    [[0, 36], `${PLAIN}-ke2_mlkem768`],
    [[0], PLAIN],
    [[], PLAIN],
  ])('%j of the IKE SA', (numbers, text) => {
    expect(apple(methods(...numbers))).toEqual({ ike: [text], child: ['aes256-sha256'] });
  });

  it('may be skipped only where the file says so', () => {
    const fallback = (on: number) => `<key>AllowPostQuantumKeyExchangeFallback</key><integer>${on}</integer>`;
    expect(apple(methods(36), '', fallback(1)).ike).toEqual([`${PLAIN}-ke1_mlkem768`, PLAIN]);
    expect(apple(methods(36), '', fallback(0)).ike).toEqual([`${PLAIN}-ke1_mlkem768`]);
    expect(apple(methods(), '', fallback(1)).ike).toEqual([PLAIN]);
  });

  it('of a Child SA come with its group', () => {
    const pfs = '<key>EnablePFS</key><integer>1</integer>';
    expect(apple('', methods(36), pfs).child).toEqual([`${PLAIN}-ke1_mlkem768`]);
    expect(apple('', methods(36)).child).toEqual(['aes256-sha256']);
  });

  it('of other numbers are refused, with those that there are', () => {
    expect(() => apple(methods(35))).toThrow(/"35" is not supported; expected up to seven of 0, 36, 37/);
    expect(() => apple(methods(36, 0, 0, 0, 0, 0, 0, 0))).toThrow(/expected up to seven of/);
  });
});

function back(format: ExportFormat, ike: ProfileInput['ike'], child: ProfileInput['child'] = {}) {
  const login: Partial<ProfileInput> = {
    gateway: { addresses: ['a.example'], authentication: { method: 'certificate' } },
    authentication: { method: 'eap', user: 'u' },
  };
  const { files, left } = exportAs(format, profileNamed('x', { ...login, ike, child }), {
    secrets: {},
    uuid: () => 'u',
  });
  const [again] = importFiles(files);
  return {
    ike: again?.profile.ike?.proposals,
    child: again?.profile.child?.proposals,
    left: left.flatMap(({ setting }) => (/proposals|postQuantum/.test(setting) ? [setting] : [])),
  };
}

const PQ = '-ke1_mlkem768-ke1_mlkem1024';

describe('exported', () => {
  it.each(['sswan', 'swanctl'] as const)('to %s proposals stay as they are', (format) => {
    expect(back(format, { proposals: [IKE] }, { proposals: [ESP] })).toEqual({
      ike: [IKE],
      child: [ESP],
      left: [],
    });
  });

  it.each(['sswan', 'swanctl'] as const)(
    'to %s, which knows no wish, the wish is written out and told',
    (format) => {
      const left = ['ike.proposals', 'ike.postQuantum'];
      const wish = (postQuantum: 'prefer' | 'require', proposals: string[]) =>
        back(format, { postQuantum, proposals });
      expect(wish('prefer', [PLAIN])).toMatchObject({ ike: [PLAIN + PQ, PLAIN], left });
      expect(wish('require', [PLAIN])).toMatchObject({ ike: [PLAIN + PQ], left });
      expect(wish('require', [])).toMatchObject({ ike: DEFAULT_IKE_TEXTS.map((text) => text + PQ), left });
    },
  );

  it('to .mobileconfig Apple’s numbers say it', () => {
    const same = (ike: ProfileInput['ike'], child?: ProfileInput['child']) =>
      back('mobileconfig', ike, child);
    const [strong, weak] = [`${PLAIN}-ke1_mlkem1024`, PLAIN];
    expect(same({ proposals: [strong] })).toMatchObject({ ike: [strong], left: [] });
    expect(same({ proposals: [strong, weak] })).toMatchObject({ ike: [strong, weak], left: [] });
    expect(same({ proposals: [strong] }, { proposals: [strong] })).toMatchObject({
      child: [strong],
      left: [],
    });
    expect(same({ proposals: [`${PLAIN}-ke2_mlkem768`] })).toMatchObject({ left: [] });
    // The first choice of several, and none that Apple does not have.
    expect(same({ postQuantum: 'prefer', proposals: [weak] })).toEqual({
      ike: [`${PLAIN}-ke1_mlkem768`, weak],
      child: undefined,
      left: ['ike.proposals', 'ike.postQuantum'],
    });
    expect(same({ proposals: [`${PLAIN}-ke1_ecp384`] })).toMatchObject({
      ike: [PLAIN],
      left: ['ike.proposals'],
    });
  });
});

it('a profile that requires ML-KEM has a proposal that is left', () => {
  const fields = (proposals: string[]): string[] =>
    profileProblems(profileNamed('x', { ike: { postQuantum: 'require', proposals } })).map(
      ({ field }) => field,
    );
  expect(fields([`${PLAIN}-ke1_ecp384`])).toEqual(['ike.postQuantum']);
  expect(fields([`${PLAIN}-ke1_mlkem768-ke1_none`])).toEqual(['ike.postQuantum']);
  expect(fields([`${PLAIN}-ke1_ecp384`, PLAIN])).toEqual([]);
  expect(fields([`${PLAIN}-ke1_mlkem512`])).toEqual([]);
  expect(fields([])).toEqual([]);
});
