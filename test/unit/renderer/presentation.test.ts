/** Words and numbers that must not lie. */
import { describe, expect, it } from 'vitest';
import { bytes, elapsed, endpoint } from '#renderer/format/units.ts';
import { protectedNetworks, stepOf, stepShare, traffic } from '#renderer/features/tunnel/presentation.ts';
import { CONNECTED } from '#test/fakes/statuses.ts';

const through = (...networks: string[]) => ({
  ...CONNECTED,
  children: CONNECTED.children.map((child) => ({ ...child, remoteTs: networks })),
});

describe('protection', () => {
  it.each([
    [['0.0.0.0/0', '::/0'], 'everything'],
    [['0.0.0.0/0'], 'ipv4'],
    [['::/0'], 'ipv6'],
    [['10.0.0.0/8'], 'some'],
    [['0.0.0.0/0', 'fd00::/8'], 'some'],
    [['10.0.0.0/8', '::/0'], 'some'],
  ] as const)('of %j is %s', (networks, coverage) => {
    expect(protectedNetworks(through(...networks)).coverage).toBe(coverage);
  });

  it('counts all Child SAs together', () => {
    const [child] = CONNECTED.children;
    if (!child) throw new Error('no child');
    expect(traffic({ ...CONNECTED, children: [child, child] })).toEqual({
      received: 2 * child.bytesIn,
      sent: 2 * child.bytesOut,
    });
  });

  it('counts what Child SAs carried that are gone', () => {
    const carried = { bytesIn: 5e9, bytesOut: 7 };
    expect(traffic({ ...CONNECTED, carried })).toEqual({ received: 5e9, sent: 7 });
  });
});

describe('amounts', () => {
  it.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1536, '1.5 KiB'],
    [10 * 1024, '10 KiB'],
    [1_048_575, '1.0 MiB'],
    [1_234_567_890, '1.1 GiB'],
  ])('%d: %s', (count, text) => {
    expect(bytes(count, 'en')).toBe(text);
  });
  it('follow the language', () => {
    expect(bytes(1536, 'de')).toBe('1,5 KiB');
  });
});

describe('times', () => {
  it.each([
    [-5, '0:00'],
    [59.9, '0:59'],
    [61, '1:01'],
    [7384, '2:03:04'],
    [3 * 86_400 + 7384, '3 d 2:03:04'],
  ])('%d: %s', (seconds, text) => {
    expect(elapsed(seconds)).toBe(text);
  });
});

it('an IPv6 endpoint keeps its port apart', () => {
  expect(endpoint({ address: '2001:db8::1', port: 4500 })).toBe('[2001:db8::1]:4500');
});

describe('a step of the helper’s', () => {
  it.each([
    ['looking up vpn.example.org', 'step.looking-up'],
    ['IKE_SA_INIT to 192.0.2.1:500', 'step.reaching'],
    ['IKE_AUTH to 192.0.2.1:4500', 'step.login'],
    ['configuring adit0', 'step.setting-up'],
    ['CREATE_CHILD_SA to 192.0.2.1:4500', 'step.other'],
    [null, 'step.asking'],
  ])('%s is told as %s', (step, told) => {
    expect(stepOf(step)).toBe(told);
  });

  it('the way that is done grows with each, and what is none of them is at its beginning', () => {
    const steps = [
      'looking up vpn.example.org',
      'IKE_SA_INIT with 192.0.2.1:500',
      'IKE_AUTH with 192.0.2.1:4500',
      'configuring the tunnel',
    ];
    expect(steps.map(stepShare)).toEqual([0, 0.25, 0.5, 0.75]);
    expect([null, undefined, 'CREATE_CHILD_SA'].map(stepShare)).toEqual([0, 0, 0]);
  });
});
