/** Every row of core/ikev2/quirks.ts, played by a gateway with that habit: refusals of the real world. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { defaultIkeProposals } from '#core/crypto/defaults.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import { decodeMessage } from '#core/ikev2/message.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { QUIRKS, type QuirkName, SWITCHED_QUIRKS } from '#core/ikev2/quirks.ts';
import { DELETE_IKE_SA } from '#core/ikev2/tasks/delete.ts';
import { quirkName } from '#core/profile/profile.ts';
import { ConfigAttributeType, ConfigType } from '#core/registry/config-attributes.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { esp, Ikev2Pair, ike, type PairOptions, RESPONDER_ADDRESS, ts } from '#test/harness/ikev2-pair.ts';
import { bend, bendAuth, bendInit, has, refuseChildren } from '#test/harness/ikev2-quirks.ts';
import { disagreements, reasons, rekeyChild, rekeyIke, spiOf, standing } from '#test/harness/ikev2-rekey.ts';

const { CREATE_CHILD_SA, INFORMATIONAL } = ExchangeType;
const PFS = { child: { proposals: esp('aes256gcm16-curve25519') } } as const;
const NETWORKS = ['10.1.0.0/24', '10.1.1.0/24'] as const;

/** Both ends stand and agree. */
function fine(pair: Ikev2Pair): void {
  expect(pair.events.initiator.failure).toBeUndefined();
  expect(pair.initiator.state).toBe('established');
  expect(disagreements(pair)).toEqual([]);
}

const networksOf = (pair: Ikev2Pair): string[] =>
  pair.events.initiator
    .of('child-installed')
    .flatMap(({ child }) => child.remoteTs.map((one) => formatTrafficSelector(one)));

const bent = (options: PairOptions, how: (pair: Ikev2Pair) => void): Ikev2Pair => {
  const pair = new Ikev2Pair(options);
  how(pair);
  return pair.connect();
};

/** The key exchange of the newest Child SA. */
const groupOf = (pair: Ikev2Pair): string | undefined =>
  pair.events.initiator.of('child-installed').at(-1)?.child.suite.keyExchange?.keyword;

const requests = (pair: Ikev2Pair): string[] =>
  pair.drawing.lines.filter((line) => line.startsWith('I -> R') && line.includes('SAi2'));

const SIMULATIONS: Readonly<Record<QuirkName, () => void>> = {
  'narrows-selectors': () => {
    const pair = standing({ responder: { child: { localTs: ts('10.1.7.0/24') } } });
    fine(pair);
    expect(networksOf(pair)).toEqual(['10.1.7.0/24']);
  },

  'one-subnet-per-child': () => {
    const [first, second] = NETWORKS;
    const onlyFirst = (pair: Ikev2Pair): void =>
      new Forge(pair).rewrite(({ header, payloads }) =>
        header.response
          ? undefined
          : payloads.map((one) =>
              one.kind === 'TSr' ? { ...one, selectors: one.selectors.slice(0, 1) } : one,
            ),
      );
    const together = bent({ initiator: { child: { remoteTs: ts(first, second) } } }, onlyFirst);
    expect(networksOf(together)).toEqual([first]);
    const child = { name: 'net', proposals: esp('aes256gcm16'), replayWindow: 64, hardLimit: {} };
    const each = bent(
      {
        initiator: {
          child: { remoteTs: ts(first) },
          furtherChildren: [{ ...child, name: 'net 2', localTs: ts('0.0.0.0/0'), remoteTs: ts(second) }],
        },
      },
      onlyFirst,
    ).run(1_000);
    fine(each);
    expect(networksOf(each)).toEqual([first, second]);
  },

  'reorders-selectors': () => {
    const pair = bent({ initiator: { child: { remoteTs: ts(...NETWORKS) } } }, (one) =>
      bendAuth(one, (payloads) =>
        payloads.map((payload) =>
          payload.kind === 'TSr' ? { ...payload, selectors: payload.selectors.toReversed() } : payload,
        ),
      ),
    );
    expect(pair.initiator.state).toBe('established');
    expect(networksOf(pair)).toEqual(NETWORKS.toReversed());
  },

  'cp-in-rekey': () => {
    const pair = standing();
    const cp: Payload = { kind: 'CP', type: ConfigType.CFG_REQUEST, attributes: [] };
    const reply: Payload = { ...cp, type: ConfigType.CFG_REPLY };
    new Forge(pair).rewrite(({ header, payloads }, direction) =>
      header.exchange === CREATE_CHILD_SA && direction === 'R -> I'
        ? [...payloads, header.response ? reply : cp]
        : undefined,
    );
    rekeyChild(pair, 'responder').run(1_000);
    rekeyChild(pair, 'initiator').run(1_000);
    rekeyIke(pair, 'responder').run(1_000);
    fine(pair);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed', 'rekeyed']);
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
    expect(pair.events.initiator.of('config')).toHaveLength(1);
  },

  'answers-from-elsewhere': () => {
    for (const source of [
      { address: RESPONDER_ADDRESS, port: 40_123 },
      { address: '198.51.100.77', port: 500 },
    ]) {
      const pair = new Ikev2Pair();
      pair.link.tamper = (flying) => {
        if (flying.source.address === RESPONDER_ADDRESS) return [{ ...flying, source }];
        return [{ ...flying, destination: { address: RESPONDER_ADDRESS, port: 500 } }];
      };
      pair.connect();
      rekeyChild(pair, 'initiator').run(1_000);
      fine(pair);
    }
  },

  'drops-large-packets': () => {
    const request = { ip4: true, ip6: true, dns: true, subnets: true, domains: true };
    const pair = bent(
      { initiator: { request: { ...request, applicationVersion: 'x'.repeat(1_500) } } },
      (one) => {
        one.link.tamper = (flying) => (flying.bytes.length > 548 ? [] : [flying]);
      },
    );
    fine(pair);
  },

  'drops-large-first-message': () => {
    const proposals = ike('aes256gcm16-prfsha256-modp8192-curve25519');
    // A gateway that wanted modp8192 would name it, and nothing could be done.
    const reversed = (one: Proposal): Proposal => ({ ...one, transforms: one.transforms.toReversed() });
    const connect = (quirks: readonly ['drops-large-first-message'] | readonly []): Ikev2Pair =>
      bent(
        { initiator: { proposals, quirks }, responder: { proposals: proposals.map(reversed) } },
        (pair) => {
          pair.link.tamper = (flying) => (flying.bytes.length > 1_000 ? [] : [flying]);
        },
      );
    expect(connect([]).events.initiator.failure?.cause).toBe('no-answer');
    fine(connect(['drops-large-first-message']));
  },

  'drops-high-groups': () => {
    const pair = bent(
      {
        initiator: { proposals: defaultIkeProposals() },
        responder: { proposals: ike('aes256-sha256-ecp384-ecp256') },
      },
      (one) => {
        one.link.tamper = (flying) => {
          const decoded = decodeMessage(flying.bytes);
          const payloads = decoded.outcome === 'ok' ? decoded.message.payloads : [];
          return payloads.some((payload) => payload.kind === 'KE' && payload.group > 21) ? [] : [flying];
        };
      },
    );
    fine(pair);
    expect(pair.initiator.counters.retransmitsSent).toBe(0);
  },

  'demands-ke-at-rekey': () => {
    const pair = standing({ responder: PFS });
    rekeyChild(pair, 'initiator').run(1_000);
    fine(pair);
    expect(pair.drawing.lines.slice(0, 4)).toEqual([
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {N(NO_PROPOSAL_CHOSEN)}',
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}',
      'R -> I: HDR, SK {SAr2, Nr, KEr, TSi, TSr}',
    ]);
    expect(groupOf(pair)).toBe('curve25519');
    // It is remembered, also under the next IKE SA.
    rekeyIke(pair, 'responder').run(1_000);
    pair.drawing.clear();
    rekeyChild(pair, 'initiator').run(1_000);
    expect(requests(pair)).toEqual(["I -> R: HDR', SK {N(REKEY_SA), SAi2, Ni, KEi, TSi, TSr}"]);
    expect(pair.events.initiator.of('refused')).toEqual([]);

    const naming = standing({ initiator: { proposals: ike('aes256gcm16-prfsha256-curve25519-ecp256') } });
    const group = keyExchangeMethods.byName['256-bit random ECP group'];
    const type = NotifyType.INVALID_KE_PAYLOAD;
    refuseChildren(naming, (payloads) => !has(payloads, 'KE'), { type, group });
    rekeyChild(naming, 'initiator').run(500);
    const [, , asked] = naming.drawing.messages;
    expect(asked?.message.payloads.find(({ kind }) => kind === 'KE')).toMatchObject({ group });
  },

  'rekeys-without-ke': () => {
    const quirks = ['rekeys-without-ke'] as const;
    // It begins, without a key exchange.
    const strict = standing({ initiator: PFS });
    rekeyChild(strict, 'responder').run(1_000);
    expect(strict.drawing.lines[1]).toBe('I -> R: HDR, SK {N(NO_PROPOSAL_CHOSEN)}');
    const lenient = standing({ initiator: { ...PFS, quirks } });
    rekeyChild(lenient, 'responder').run(1_000);
    fine(lenient);
    expect(lenient.drawing.lines[1]).toBe('I -> R: HDR, SK {SAr2, Nr, TSi, TSr}');
    // We begin, and it chooses none.
    rekeyChild(lenient, 'initiator').run(1_000);
    fine(lenient);
    expect(reasons(lenient.events.initiator)).toEqual(['rekeyed', 'rekeyed']);
    expect(groupOf(lenient)).toBeUndefined();
    // We begin, and it refuses whatever comes with a key exchange.
    for (const [with_, outcome] of [
      [[], 'refused'],
      [quirks, 'rekeyed'],
    ] as const) {
      const pair = standing({ initiator: { ...PFS, quirks: with_ } });
      refuseChildren(pair, (payloads) => has(payloads, 'KE'), { type: NotifyType.NO_PROPOSAL_CHOSEN });
      rekeyChild(pair, 'initiator').run(600);
      expect(pair.events.initiator.of('refused')).toHaveLength(outcome === 'refused' ? 1 : 0);
      expect(reasons(pair.events.initiator)).toEqual(outcome === 'refused' ? [] : ['rekeyed']);
    }
    // Where both have it, it is used.
    const both = standing({ initiator: { ...PFS, quirks }, responder: PFS });
    rekeyChild(both, 'initiator').run(1_000);
    expect(groupOf(both)).toBe('curve25519');
  },

  'deletes-ike-sa-for-child': () => {
    const pair = standing();
    bend(pair, { exchange: INFORMATIONAL, response: false, direction: 'R -> I' }, () => [DELETE_IKE_SA]);
    pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder'))).run(1_000);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'closed-by-peer' });
    expect(reasons(pair.events.initiator)).toEqual(['ike-closed']);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {}');
  },

  'collision-ts-unacceptable': () => {
    const pair = standing();
    refuseChildren(pair, () => true, { type: NotifyType.TS_UNACCEPTABLE });
    pair.initiator.rekey(pair.now, { spiIn: spiOf(pair, 'initiator') });
    rekeyChild(pair, 'responder').run(1_000);
    fine(pair);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
    expect(pair.events.initiator.of('refused')).toEqual([]);
  },

  'loses-count': () => {
    const pair = standing();
    const forge = new Forge(pair);
    pair.link.tamper = (flying) => {
      const message = flying.source.address === RESPONDER_ADDRESS && forge.open('R -> I', flying.bytes);
      if (message === undefined || message === false || !message.header.response) return [flying];
      const { exchange, messageId } = message.header;
      const place = { exchange, response: true, messageId: messageId + 1 };
      return [{ ...flying, bytes: forge.make('R -> I', place, message.payloads) }];
    };
    rekeyChild(pair, 'initiator').runToEnd();
    expect(pair.events.initiator.failure?.cause).toBe('peer-dead');
    expect(pair.initiator.counters.outOfWindow).toBe(8);
    expect(pair.events.initiator.of('child-installed')).toHaveLength(1);
  },

  'loses-child': () => {
    const pair = standing();
    for (const child of pair.responder.life.sa.children.values()) {
      pair.responder.life.sa.removeChild(pair.now, child, 'expired');
    }
    rekeyChild(pair, 'initiator').run(1_000);
    fine(pair);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
  },

  'leaves-old-child': () => {
    const retransmit = { initialMs: 5_000, factor: 1, maxMs: 5_000, attempts: 100, jitter: 0 };
    const pair = standing({ responder: { retransmit } });
    bend(pair, { exchange: INFORMATIONAL, response: false, direction: 'R -> I' }, () => 'drop');
    rekeyChild(pair, 'responder').run(59_000);
    expect(pair.initiator.life.sa.children.size).toBe(2);
    pair.run(3_000);
    expect(pair.drawing.lines).toContain('I -> R: HDR, SK {D}');
    expect(pair.initiator.life.sa.children.size).toBe(1);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
  },

  'empty-answer-to-delete': () => {
    const pair = standing();
    bend(pair, { exchange: INFORMATIONAL, response: true, direction: 'R -> I' }, () => []);
    rekeyChild(pair, 'initiator').run(1_000);
    fine(pair);
    expect(reasons(pair.events.initiator)).toEqual(['rekeyed']);
  },

  'initial-contact-back': () => {
    const pair = bent({}, (one) =>
      bendAuth(one, (payloads) => [...payloads, notifyPayload(NotifyType.INITIAL_CONTACT)]),
    );
    fine(pair);
    expect(pair.initiator.counters.unknownNotifies).toBe(0);
  },

  'unknown-payloads': () => {
    const unknown: Payload = { kind: 'unknown', type: 200, critical: false, body: Uint8Array.of(1, 2, 3) };
    fine(bent({}, (one) => bendAuth(one, (payloads) => [unknown, ...payloads, unknown])));
    fine(bent({}, (one) => bendInit(one, (payloads) => [...payloads, unknown])));
  },

  'private-notifies': () => {
    const strange = [notifyPayload(61_696, utf8('FortiClient')), notifyPayload(40_960)];
    const pair = bent({}, (one) => bendAuth(one, (payloads) => [...strange, ...payloads]));
    fine(pair);
    expect(pair.initiator.counters.unknownNotifies).toBe(2);
  },

  'notify-only-answers': () => {
    const refused = bent({}, (one) => bendAuth(one, () => [notifyPayload(NotifyType.AUTHENTICATION_FAILED)]));
    expect(refused.events.initiator.failure).toMatchObject({ cause: 'authentication-refused' });
    const pair = standing();
    refuseChildren(pair, () => true, { type: NotifyType.TS_UNACCEPTABLE });
    rekeyChild(pair, 'initiator').run(500);
    expect(pair.events.initiator.of('refused')).toMatchObject([{ failure: { cause: 'ts-unacceptable' } }]);
    expect(pair.initiator.life.sa.children.size).toBe(1);
  },

  'wrong-minor-version': () => {
    fine(bent({}, (pair) => bendInit(pair, (payloads) => payloads, { minorVersion: 1 })));
    const pair = standing();
    const forge = new Forge(pair);
    const place = { exchange: INFORMATIONAL, response: false, messageId: 0 };
    forge.send('R -> I', place, [], { minorVersion: 7 });
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}']);
    expect(pair.initiator.counters.malformed).toBe(0);
  },

  'no-nat-detection': () => {
    const NATD: readonly number[] = [
      NotifyType.NAT_DETECTION_SOURCE_IP,
      NotifyType.NAT_DETECTION_DESTINATION_IP,
    ];
    const silent = (pair: Ikev2Pair): void =>
      bendInit(pair, (payloads) => payloads.filter((one) => one.kind !== 'N' || !NATD.includes(one.type)));
    for (const encapsulation of ['auto', 'force'] as const) {
      const pair = bent({ initiator: { encapsulation } }, silent);
      fine(pair);
      const [installed] = pair.events.initiator.of('child-installed');
      expect(installed?.child.encapsulation).toBe(encapsulation === 'force' ? 'udp' : 'none');
      expect(pair.events.initiator.of('path')[0]?.nat).toEqual({ local: false, remote: false });
    }
  },

  'private-attributes': () => {
    const odd = [
      { type: 28_672, value: utf8('Welcome.') },
      { type: 23_456, value: new Uint8Array(0) },
      { type: ConfigAttributeType.INTERNAL_IP4_DNS, value: Uint8Array.of(10, 9, 0) },
    ];
    const pair = bent({}, (one) =>
      bendAuth(one, (payloads) =>
        payloads.map((payload) =>
          payload.kind === 'CP' ? { ...payload, attributes: [...odd, ...payload.attributes] } : payload,
        ),
      ),
    );
    fine(pair);
    expect(pair.events.initiator.of('config')[0]?.config.addresses).toHaveLength(2);
    expect(pair.events.initiator.of('config')[0]?.config.dns).toHaveLength(1);
    expect(pair.initiator.counters.malformed).toBe(1);
  },

  'eap-success-with-method': () => {
    const methods = [{ type: 'MSCHAPv2' }] as const;
    const eap = { user: 'alice', password: 'secret', methods, chain: ['GTC'] } as const;
    const service = { users: { find: () => ({ password: 'secret' }) }, methods };
    const pair = bent(
      {
        initiator: { authentication: { method: 'eap', eap } },
        responder: {
          authentication: proofOf('gw.example.org'),
          remoteAuthentication: { method: 'eap', eap: service },
        },
        answers: { initiator: answersOf(), responder: answersOf({ name: 'gw.example.org' }) },
      },
      (one) =>
        bendAuth(one, (payloads) =>
          payloads.map((payload) =>
            payload.kind === 'EAP' && payload.message[0] === 3
              ? { ...payload, message: Uint8Array.of(3, payload.message[1] ?? 0, 0, 5, 6) }
              : payload,
          ),
        ),
    );
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'protocol-error',
      detail: expect.stringContaining('GTC'),
    });
  },
};

describe('a gateway that', () => {
  it.each(QUIRKS.map(({ name }) => name))('%s', (name) => {
    expect.hasAssertions();
    SIMULATIONS[name]();
  });
});

describe('the table', () => {
  it('has a simulation for each row, and none without', () => {
    expect(Object.keys(SIMULATIONS).toSorted()).toEqual(QUIRKS.map(({ name }) => name).toSorted());
  });

  it('and the profile name the same switches', () => {
    expect([...quirkName.options].toSorted()).toEqual([...SWITCHED_QUIRKS].toSorted());
  });

  it('stands in docs/staying-connected.md', () => {
    const page = readFileSync(new URL('../../../docs/staying-connected.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => /^\| `[a-z-]+` \|/.test(line));
    expect(rows).toEqual(
      QUIRKS.map(({ name, vendors, symptom, weDo, mode }) => {
        const switched = mode === 'always' || mode === 'refused' ? mode : `\`${mode}\``;
        return `| \`${name}\` | ${vendors.join(', ') || 'several'} | ${symptom} | ${weDo} | ${switched} |`;
      }),
    );
  });
});
