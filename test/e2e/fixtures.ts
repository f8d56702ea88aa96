/** What a helper says that several specs of the window need: about itself, its checks, a profile, lines of its log. */
import type { HelperInfo, LogEntry, Result } from '#core/ipc/contract.ts';
import { profileSchema } from '#core/profile/profile.ts';

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
