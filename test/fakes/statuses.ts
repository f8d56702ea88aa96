/** Tunnels for tests of whoever shows them. */
import type { LockdownStatus, ProfileSummary, TunnelStatus } from '#core/ipc/contract.ts';

export const CONNECTED: TunnelStatus = {
  profile: { id: 'work', name: 'Work' },
  state: 'connected',
  since: '2026-11-21T08:00:00.000Z',
  step: null,
  gateway: { address: '203.0.113.1', port: 4500, id: 'moon.example.org' },
  virtualIps: ['10.88.0.2', 'fd00::2'],
  dns: { servers: ['10.99.0.1'], domains: ['corp.example'], backend: 'systemd-resolved' },
  nat: { local: true, remote: false },
  interface: { name: 'adit0', mtu: 1400 },
  ike: {
    version: 2,
    spiI: '0011223344556677',
    spiR: '8899aabbccddeeff',
    suite: 'aes256-sha256-modp1024',
    weak: ['modp1024'],
    rekeyAt: '2026-11-21T10:00:00.000Z',
    expiresAt: '2026-11-21T12:00:00.000Z',
    reauthenticateAt: null,
  },
  children: [
    {
      name: 'net',
      spiIn: 'c0ffee01',
      spiOut: 'c0ffee02',
      protocol: 'ESP',
      mode: 'tunnel',
      suite: 'aes256gcm16',
      localTs: ['10.88.0.2/32'],
      remoteTs: ['0.0.0.0/0'],
      bytesIn: 1536,
      bytesOut: 12 * 1024 * 1024,
      packetsIn: 12,
      packetsOut: 9000,
      replayDrops: 3,
      authFailures: 0,
      selectorDrops: 1,
      expiresAt: '2026-11-21T09:00:00.000Z',
    },
  ],
  question: null,
  failure: null,
  reconnect: null,
  liveness: { lastProof: '2026-11-21T08:59:50.000Z', deadAfterSec: 57 },
  path: {
    local: { address: '192.0.2.2', port: 4500 },
    remote: { address: '203.0.113.1', port: 4500 },
    mobike: false,
  },
  lastEnd: null,
  discarded: [],
};

/** A tunnel that is nowhere yet, or no longer. */
export const bare = (state: TunnelStatus['state'], more: Partial<TunnelStatus> = {}): TunnelStatus => ({
  profile: CONNECTED.profile,
  state,
  since: '2026-11-21T08:00:00.000Z',
  step: null,
  gateway: null,
  virtualIps: [],
  dns: { servers: [], domains: [], backend: null },
  nat: null,
  interface: null,
  ike: null,
  children: [],
  question: null,
  failure: null,
  reconnect: null,
  liveness: null,
  path: null,
  lastEnd: null,
  discarded: [],
  ...more,
});

export const UNLOCKED: LockdownStatus = { on: false, lan: false, byAdmin: false, fault: null };
export const LOCKED: LockdownStatus = { ...UNLOCKED, on: true };

export const summary = (id: string, more: Partial<ProfileSummary> = {}): ProfileSummary => ({
  id,
  name: id,
  gateway: 'vpn.example.org',
  owner: 1000,
  forAll: false,
  storedSecrets: ['psk'],
  missingSecrets: [],
  ...more,
});
