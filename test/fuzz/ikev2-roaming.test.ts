/**
 * Random moves of the client between networks, with NATs that come, go and forget, networks that are dead for a while, rekeying by
 * either end, one Child SA or one for each network, more and fewer of them, and bad links (fast-check): when everything has come to
 * rest, both ends stand on the same path, with the same SAs. ADIT_SCHEDULES_MS asks for more of it.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  esp,
  INITIATOR_ADDRESS,
  type Ikev2Pair,
  type InitiatorOverrides,
  RESPONDER_ADDRESS,
  ts,
} from '#test/harness/ikev2-pair.ts';
import {
  command,
  expectAgreement,
  expectEnd,
  LIMIT_MS,
  type Link,
  links,
  PATIENT,
  type SaCommand,
  search,
  seeds,
  waits,
} from '#test/harness/ikev2-schedules.ts';
import { CAFE, GATEWAY2, GATEWAY6, HOME6, mobile, OUTSIDE, roam } from '#test/harness/ikev2-roam.ts';

const NETWORKS = [
  [INITIATOR_ADDRESS, RESPONDER_ADDRESS],
  [INITIATOR_ADDRESS, GATEWAY2],
  [CAFE, RESPONDER_ADDRESS],
  [CAFE, GATEWAY2],
  [HOME6, GATEWAY6],
] as const;

interface Step extends Pick<SaCommand, 'role' | 'child'> {
  readonly what: SaCommand['what'] | 'roam' | 'nat' | 'rebind' | 'dead';
  readonly network: (typeof NETWORKS)[number];
  readonly waitMs: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    'roam',
    'roam',
    'roam',
    'nat',
    'rebind',
    'dead',
    'rekey-ike',
    'rekey-child',
    'create',
    'delete-child',
    'liveness',
  ),
  child: fc.nat(5),
  role: fc.constantFrom('initiator', 'responder'),
  network: fc.constantFrom(...NETWORKS),
  waitMs: waits,
});

/** One Child SA for each of three networks, two of them after IKE_AUTH. */
const SUBNETS = ['10.1.0.0/24', '10.1.1.0/24', '10.1.2.0/24'];

function perSubnet(): Pick<InitiatorOverrides, 'child' | 'furtherChildren'> {
  const [first, ...others] = SUBNETS.map((remote, at) => ({
    name: `net ${at + 1}`,
    proposals: esp('aes256gcm16'),
    localTs: ts('0.0.0.0/0'),
    remoteTs: ts(remote),
    replayWindow: 64,
    hardLimit: {},
  }));
  return first === undefined ? {} : { child: first, furtherChildren: others };
}

function take(pair: Ikev2Pair, { what, role, child, network, waitMs }: Step): void {
  const [local, remote] = network;
  switch (what) {
    case 'roam':
      roam(pair, local, remote);
      break;
    case 'nat':
      pair.link.nat = pair.link.nat === undefined ? { inside: local, outside: OUTSIDE } : undefined;
      break;
    case 'rebind':
      pair.link.rebindNat();
      break;
    case 'dead':
      // Until the next one.
      pair.link.tamper = (flying) =>
        flying.source.address === local || flying.destination.address === local ? [] : [flying];
      break;
    default:
      command(pair, { role, what, child });
  }
  pair.run(waitMs);
}

type Schedule = [seed: number, link: Link, steps: Step[], last: Step['network']];

const HOME = NETWORKS[0];
const at = (
  what: Step['what'],
  network: Step['network'] = HOME,
  waitMs = 0,
  role: Step['role'] = 'initiator',
): Step => ({ what, role, child: 0, network, waitMs });

/** What was found once. */
const FOUND: Schedule[] = [
  // An update that is under way in the old IKE SA arrives after the one in its heir.
  [
    19_144,
    { loss: 0.1, duplicate: 0, jitterMs: 300 },
    [
      at('nat'),
      at('rekey-child'),
      at('rebind', HOME, 819),
      at('dead', NETWORKS[3]),
      at('dead', NETWORKS[2]),
      at('roam', NETWORKS[1], 2_248),
      at('liveness', NETWORKS[2], 0, 'responder'),
      at('roam', NETWORKS[3]),
      at('rekey-ike', HOME, 925),
      at('liveness', NETWORKS[2]),
      at('rekey-ike', NETWORKS[1], 0, 'responder'),
    ],
    HOME,
  ],
  // The client moves after a rekeying of the gateway's, and its answer to that is lost.
  [
    1,
    { loss: 0.3, duplicate: 0.3, jitterMs: 0 },
    [
      at('nat', NETWORKS[2]),
      at('roam', NETWORKS[2], 20),
      at('liveness'),
      at('rekey-ike', HOME, 20, 'responder'),
      at('nat'),
      at('roam'),
    ],
    HOME,
  ],
  // Both ends rekey at once, and the client moves before the loser of the two IKE SAs is gone.
  [
    91_671,
    { loss: 0, duplicate: 0, jitterMs: 300 },
    [
      at('roam', HOME, 52),
      at('rekey-ike'),
      at('rekey-ike', HOME, 403, 'responder'),
      at('roam', HOME, 57),
      at('nat', HOME, 27),
      at('roam'),
    ],
    NETWORKS[3],
  ],
  // The client has moved again before it serves the gateway's rekeying, and its answer to that is lost.
  [
    11_008,
    { loss: 0.1, duplicate: 0, jitterMs: 0 },
    [
      at('roam', NETWORKS[1]),
      at('roam', NETWORKS[4], 42),
      at('rekey-ike', HOME, 0, 'responder'),
      at('roam', HOME, 1),
      at('nat', NETWORKS[4], 7),
      at('roam', NETWORKS[4]),
      at('nat'),
      at('roam'),
    ],
    HOME,
  ],
];

it('both ends finish on the same path with the same SAs', { timeout: LIMIT_MS + 60_000 }, () => {
  let [runs, moves, made] = [0, 0, 0];
  fc.assert(
    fc.property(
      seeds,
      links,
      fc.array(step, { minLength: 1, maxLength: 14 }),
      fc.constantFrom(...NETWORKS),
      fc.boolean(),
      (seed, link, steps, last, subnets) => {
        const both = { retransmit: PATIENT };
        const initiator = { ...both, ...(subnets ? perSubnet() : {}) };
        const pair = mobile({ seed, initiator, responder: { ...both, maxChildSas: 8 } });
        pair.link.options = { ...pair.link.options, ...link };
        for (const it of steps) take(pair, it);
        // The driver sees the last change, and the network is well again.
        pair.link.tamper = (flying) => [flying];
        const [local, remote] = last;
        roam(pair, local, remote);
        expectAgreement(pair);
        expect(pair.events.initiator.of('roam-failed')).toEqual([]);
        const ours = pair.events.initiator.of('path').at(-1);
        const theirs = pair.events.responder.of('path').at(-1);
        const translated = pair.link.nat?.inside === local;
        expect(ours).toMatchObject({
          path: { local: { address: local }, remote: { address: remote } },
          nat: { local: translated, remote: false },
        });
        expect(ours).not.toHaveProperty('pending');
        expect(theirs).toMatchObject({
          path: { local: { address: remote }, remote: { address: translated ? OUTSIDE : local } },
          nat: { local: false, remote: translated },
        });
        expect(translated || theirs?.path.remote.port === 4500).toBe(true);
        const { path } = pair.responder.life.sa;
        expect(path).toEqual(theirs?.path);
        runs++;
        moves += pair.events.responder.of('path').length;
        made += pair.events.responder.of('child-installed').length;
        expectEnd(pair);
      },
    ),
    {
      // With one Child SA for everything.
      examples: FOUND.map((found) => [...found, false]),
      ...search(600),
    },
  );
  // A busy machine takes fewer, but those move and rekey as often: beyond the one path and the one Child SA of each.
  expect(runs).toBeGreaterThan(2 * FOUND.length);
  expect(moves).toBeGreaterThan(1.5 * runs);
  expect(made).toBeGreaterThan(1.5 * runs);
});
