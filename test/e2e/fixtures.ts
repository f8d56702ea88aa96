/** What a helper says that several specs of the window need: about itself, its checks, profiles, certificates, lines of its log. */
import type { HelperInfo, LogEntry, Result } from '#core/ipc/contract.ts';
import type { CertificateEntry, ExportedAs } from '#core/ipc/profile-calls.ts';
import { exportAs } from '#core/profile/export-as.ts';
import type { ExportReason } from '#core/profile/export-reason.ts';
import { inEnglish } from '#core/profile/export-words.ts';
import { profileSchema } from '#core/profile/profile.ts';
import { Refusal } from '#test/fakes/helper-server.ts';
import { profileNamed } from '#test/fakes/profiles.ts';

export const INFO: HelperInfo = {
  helper: 'aditd 0.1.0',
  protocol: { major: 1, minor: 2 },
  node: 'v24.21.0',
  platform: 'linux x64',
  kernel: 'Linux 6.8.0-31-generic',
  since: '2026-11-21T08:00:00.000Z',
  stateDir: '/var/lib/adit',
  dataPlane: null,
};

export const DOCTOR: Result<'doctor.run'> = {
  checks: [
    { check: 'tun', ok: true, found: '/dev/net/tun can be opened' },
    { check: 'resolver', ok: false, found: 'resolvconf is missing', remedy: 'Install systemd-resolved.' },
  ],
};

export const PROFILE = profileSchema.parse({
  format: 'adit-profile',
  version: 1,
  name: 'Work',
  gateway: { addresses: ['vpn.example.org'], id: 'moon.example.org' },
  authentication: { method: 'eap', user: 'alice', localId: 'alice@example.org' },
});

const LEVELS = ['debug', 'info', 'info', 'warn', 'debug', 'error'] as const;
const SUBSYSTEMS = ['ike', 'tunnel', 'dns', 'ipc'] as const;

/** Lines as `count` of them would come, the last of them numbered `count - 1 + from`. */
export const helperLog = (count: number, from = 0): LogEntry[] =>
  Array.from({ length: count }, (_, at) => ({
    time: new Date(Date.UTC(2026, 10, 21, 8, 0, 0) + (from + at) * 137).toISOString(),
    level: LEVELS[at % LEVELS.length] ?? 'info',
    subsystem: SUBSYSTEMS[at % SUBSYSTEMS.length] ?? 'ike',
    message: `line ${from + at} of the log${at % 5 === 0 ? ': IKE_AUTH with 203.0.113.1:4500 was sent again, because nothing came back from there within four seconds' : ''}`,
    ...(at % 3 === 0 ? { profile: 'work' } : {}),
  }));

/** One with everything that the views of a profile show. */
export const WORK = profileNamed('Work', {
  gateway: {
    addresses: ['vpn.example.org', '2001:db8::1'],
    id: 'vpn.example.org',
    authentication: { method: 'certificate' },
  },
  authentication: { method: 'eap', user: 'alice', methods: ['tls'] },
  child: { remoteTs: ['10.0.0.0/8', 'fd00::/64'] },
  dns: { servers: ['10.99.0.1'], domains: ['corp.example'] },
});
export const SECRETS = ['password', 'privateKey'];

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000 + 3_600_000).toISOString();

const certificate = (
  role: CertificateEntry['role'],
  days: number,
  more: Partial<Extract<CertificateEntry, { readable: true }>> = {},
): CertificateEntry => ({
  readable: true,
  role,
  subject: 'C=DE, O=Example, CN=alice@example.org',
  issuer: 'C=DE, O=Example, CN=Example VPN CA',
  names: ['alice@example.org'],
  moreNames: 0,
  serial: '4d3c2b1a',
  notBefore: '2025-01-15T12:00:00.000Z',
  notAfter: inDays(days),
  keyType: 'ECDSA P-256',
  sha256: '0123456789abcdef'.repeat(4),
  isCa: role === 'ca',
  expiresInDays: days,
  warnings: [],
  ...more,
});

export const CERTIFICATES: readonly CertificateEntry[] = [
  certificate('own', 12, { warnings: ['expires-soon', 'weak-key'], keyType: 'RSA 1024' }),
  certificate('ca', -3, {
    subject: 'C=DE, O=Example, CN=Example VPN CA',
    warnings: ['expired'],
    moreNames: 3,
  }),
  certificate('gateway', 900, { names: ['vpn.example.org', '192.0.2.1'] }),
  { readable: false, role: 'chain', problem: 'the certificate ends in the middle', sha256: 'ab'.repeat(32) },
];

/** What `profiles.export` answers for WORK; Apple's format is refused as it would be for another profile. */
export function exportedWork(format: ExportedAs): Result<'profiles.export'> {
  if (format === 'mobileconfig') throw unexportable({ reason: 'apple-same-proof' });
  const inputs = { secrets: {}, uuid: () => '00000000-0000-4000-8000-000000000000' };
  return {
    files: [{ name: `Work.${format}`, content: Buffer.from('the file').toString('base64') }],
    leftOut: format === 'adit' ? [] : [...exportAs(format, WORK, inputs).left],
  };
}

function unexportable(why: ExportReason): Refusal {
  const problem = inEnglish(why);
  return new Refusal('refused', `Work: ${problem}`, { problems: [{ field: '', problem, why }] });
}
