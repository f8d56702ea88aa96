/**
 * A NAT that we share with an attacker (port shadows, CVE-2021-3773): packets that claim to be ours, or the gateway's, make entries in
 * its connection tracking, and these decide who gets what. The attacker is on another network behind it, and has an address outside.
 *
 *     client 10.1.0.2 ----- router 192.0.2.254 ----- gateway 192.0.2.10
 *     attacker 10.2.0.2 -'                        '- stranger 192.0.2.66
 */
import { createECDH, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { concat, equal, fromHex } from '#core/bytes/bytes.ts';
import { parseProposals } from '#core/crypto/keywords.ts';
import { encodeMessage } from '#core/ikev2/message.ts';
import type { IkeHeader, Payload } from '#core/ikev2/payload-types.ts';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { PayloadType } from '#core/registry/payload-types.ts';
import type { Host } from '#test/harness/host.ts';
import { notifyPayload } from '#test/harness/ikev2-forge.ts';
import { ipv4Udp } from '#test/harness/ip-packets.ts';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { readUdp } from '#test/harness/pcap.ts';
import { type Finished, until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { moveFiles, Traffic } from '#test/harness/traffic.ts';
import { Witness } from '#test/harness/witness.ts';

const SUITE = { ike: 'aes256gcm16-prfsha384-ecp384', esp: 'aes256gcm16' } as const;
const GATEWAY = gatewayAddress(0);
const ROUTER = '192.0.2.254';
/** The gateway's end once IKE has left port 500. */
const FLOATED = { address: GATEWAY, port: 4500 } as const;
const ATTACKER = '10.2.0.2';
const STRANGER = { address: '192.0.2.66', port: 4501 } as const;
const MARKER = new Uint8Array(4);
/** Where a message of IKE says what comes first. */
const NEXT_PAYLOAD = 16;
const KEEPALIVE = Uint8Array.of(0xff);
const { IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL } = ExchangeType;
const {
  AUTHENTICATION_FAILED,
  COOKIE,
  INVALID_IKE_SPI,
  INVALID_KE_PAYLOAD,
  INVALID_SYNTAX,
  NO_PROPOSAL_CHOSEN,
} = NotifyType;

/** What Linux makes of `masquerade`, ports kept where they are free; and a provider that carries no private addresses. */
const NAT = `
  chain nat {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
  chain provider {
    type filter hook postrouting priority srcnat + 100
    oifname "wan" ip saddr 10.0.0.0/8 drop
  }`;

/** What the gateway itself sends, not what the attacker sends in its name. */
const GATEWAY_ANSWERS = `iifname "wan" ip saddr ${GATEWAY}`;

type Spis = Pick<IkeHeader, 'spiI' | 'spiR'>;

/** A message that nothing protects, as if from the responder. */
function inClear(
  spis: Spis,
  exchange: number,
  messageId: number,
  payloads: readonly Payload[],
  response = true,
) {
  const header = { majorVersion: 2, minorVersion: 0, fromInitiator: false, versionFlag: false };
  return encodeMessage({ ...header, ...spis, exchange, response, messageId }, payloads);
}

const DELETE: Payload = { kind: 'D', protocol: 1, spis: [] };

/** Whatever could end or move an IKE SA, if it were believed, under the first message IDs of either side. */
function forgedIke(spis: Spis): Uint8Array[] {
  return [0, 1, 2, 3, 4, 5].flatMap((id) => {
    const sealed = inClear(spis, INFORMATIONAL, id, []);
    sealed[NEXT_PAYLOAD] = PayloadType.SK;
    return [
      inClear(spis, INFORMATIONAL, id, [DELETE]),
      inClear(spis, INFORMATIONAL, id, [DELETE], false),
      inClear(spis, INFORMATIONAL, id, [notifyPayload(INVALID_IKE_SPI)]),
      inClear(spis, CREATE_CHILD_SA, id, [notifyPayload(INVALID_IKE_SPI)]),
      inClear(spis, IKE_AUTH, id, [notifyPayload(AUTHENTICATION_FAILED)]),
      inClear(spis, IKE_SA_INIT, id, [notifyPayload(NO_PROPOSAL_CHOSEN)]),
      concat(sealed, new Uint8Array(40)),
    ].map((message) => concat(MARKER, message));
  });
}

/** An inner packet that nothing encrypts or protects, in the shape of ESP. */
function forgedEsp(spi: Uint8Array, sequence: number, [virtualIp = '']: readonly string[]): Uint8Array {
  const destination = virtualIp.split('/')[0] ?? '';
  const inner = ipv4Udp({ source: LAB.inner.ip4, destination, payload: new Uint8Array(26) });
  const prefix = Buffer.alloc(16);
  prefix.set(spi);
  prefix.writeUInt32BE(sequence, 4);
  return concat(prefix, inner, Uint8Array.of(0, 4), new Uint8Array(16));
}

const spisOf = ({ ike }: TunnelStatus): Spis => ({
  spiI: fromHex(ike?.spiI ?? ''),
  spiR: fromHex(ike?.spiR ?? ''),
});

describe('a NAT shared with an attacker', () => {
  let scene: Scene;
  let attacker: Host;
  /** Of the attacker, behind the NAT. */
  let inside: Traffic;
  beforeAll(async () => {
    scene = await Scene.create({ ways: [{ name: 'plain', ...SUITE }] });
    const { world, router, gateway } = scene.lab;
    attacker = await world.host('attacker');
    await world.link(
      { host: attacker, device: 'eth0', addresses: [`${ATTACKER}/24`] },
      { host: router, device: 'guests', addresses: ['10.2.0.1/24'] },
    );
    await attacker.ip('route add default via 10.2.0.1');
    await gateway.ip(`addr add ${STRANGER.address}/24 dev eth0`);
    await world.rules(router, 'ip', NAT);
    inside = Traffic.on(attacker);
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  /** The attacker sends in somebody else's name. */
  async function spoof(
    from: { address: string; port: number },
    to: { address: string; port: number },
    ...datagrams: readonly Uint8Array[]
  ): Promise<void> {
    await attacker.ip(`addr add ${from.address}/32 dev lo`);
    for (const bytes of datagrams) {
      await inside.datagram(to, bytes, { sourceAddress: from.address, sourcePort: from.port });
    }
    await attacker.ip(`addr del ${from.address}/32 dev lo`);
  }

  /** The NAT's flow whose first packet matches, and what it takes for answers. */
  async function flow(match: string) {
    const table = await scene.lab.router.run(['cat', '/proc/net/nf_conntrack']);
    const line = table.split('\n').find((each) => each.includes(' udp ') && each.includes(` ${match} `));
    if (line === undefined) throw new Error(`no flow ${match} in\n${table}`);
    return { reply: line.slice(line.lastIndexOf('src=')), answered: !line.includes('UNREPLIED') };
  }

  /** A line that was gone for a moment: the NAT forgets what it has translated. */
  async function forgetFlows(): Promise<void> {
    await scene.lab.router.ip('link set wan down');
    await scene.lab.router.ip('link set wan up');
  }

  /** From now on it forgets a flow that was silent for a second. */
  async function briefMemory(): Promise<AsyncDisposable> {
    const set = (udp: number, stream: number) =>
      scene.lab.router.run([
        'sysctl',
        '-qw',
        `net.netfilter.nf_conntrack_udp_timeout=${udp}`,
        `net.netfilter.nf_conntrack_udp_timeout_stream=${stream}`,
      ]);
    await set(1, 1);
    return {
      [Symbol.asyncDispose]: async () => {
        await set(30, 120);
      },
    };
  }

  /** Connected and quiet: nobody says anything by itself for minutes. */
  async function connected() {
    const profile = scene.profile('plain', { ike: { proposals: [SUITE.ike], livenessSec: 600 } });
    const id = await scene.adit.import(profile, PSK);
    const tunnel = await scene.adit.up(id);
    const witness = await Witness.of(scene.adit, id);
    await expectFiles(1000);
    const { remotePort: port } = await scene.gateway.sa('plain');
    return { id, tunnel, witness, port };
  }

  async function expectFiles(bytes = 100_000): Promise<void> {
    const moved = await moveFiles(scene.server, scene.user, LAB.inner.ip4, bytes);
    expect(moved).toEqual({ down: 'equal', up: 'equal' });
  }

  const client = (port: number) => ({ address: LAB.client.ip4, port });
  const adapterPackets = async ({ interface: adapter }: TunnelStatus): Promise<number> =>
    Number(await scene.lab.client.run(['cat', `/sys/class/net/${adapter?.name}/statistics/rx_packets`]));

  it.each([
    ['from a stranger', STRANGER],
    ['as if from the gateway', FLOATED],
  ])('lets packets through %s: a tunnel that stands goes on, and sees none of them', async (how, from) => {
    const { world, router } = scene.lab;
    const wan = await world.capture(router, 'wan', `wan ${how}`);
    const { id, tunnel, witness, port } = await connected();
    const real = readUdp(await readFile(await wan.stop()))
      .filter(({ from: { address, port: at } }) => address === GATEWAY && at === 4500)
      .map(({ payload }) => payload);
    const [child] = tunnel.children;
    const spi = fromHex(child?.spiIn ?? '');
    const replayed = real.filter((bytes) => equal(bytes.subarray(0, 4), spi));
    expect(replayed.length).toBeGreaterThan(5);
    const forged = [1000, 1001, 1002].map((sequence) => forgedEsp(spi, sequence, tunnel.virtualIps));
    const sent = [KEEPALIVE, randomBytes(3), ...forgedIke(spisOf(tunnel)), ...real, ...forged];

    const before = await adapterPackets(tunnel);
    const lan = await world.capture(router, 'lan', `lan ${how}`);
    if (from === STRANGER) {
      // The NAT takes it for a packet of ours, and what the stranger sends for answers.
      await spoof(client(port), STRANGER, KEEPALIVE);
      const { address: sourceAddress, port: sourcePort } = STRANGER;
      for (const bytes of sent) {
        await scene.server.datagram({ address: ROUTER, port }, bytes, { sourceAddress, sourcePort });
      }
    } else await spoof(from, { address: ROUTER, port }, ...sent);
    await until('each was dropped for its reason', async () => {
      const [now] = (await scene.adit.tunnel(id))?.children ?? [];
      return now?.replayDrops === replayed.length && now.authFailures === forged.length;
    });
    expect(await adapterPackets(tunnel)).toBe(before);
    await expectFiles();

    const seen = readUdp(await readFile(await lan.stop()));
    const came = seen.filter((each) => each.from.address === from.address && each.from.port === from.port);
    expect(sent.filter((bytes) => !came.some(({ payload }) => equal(payload, bytes)))).toEqual([]);
    const ours = seen.filter((each) => each.from.address === LAB.client.ip4).map(({ to }) => to);
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.filter(({ address, port: at }) => address !== GATEWAY || at !== 4500)).toEqual([]);
    const after = await scene.adit.tunnel(id);
    expect(after).toMatchObject({ ike: tunnel.ike, gateway: tunnel.gateway, since: tunnel.since });
    expect(after?.children.map(({ spiIn }) => spiIn)).toEqual([child?.spiIn]);
    expect((await scene.gateway.sa('plain')).remotePort).toBe(port);
    expect(witness.states).toEqual(['connected']);
  });

  it("lets answers to our question through before the gateway's own: that one counts", async () => {
    const { id, tunnel, witness, port } = await connected();
    let asking: Promise<string>;
    {
      await using _late = await scene.lab.world.block(scene.lab.router, GATEWAY_ANSWERS);
      asking = scene.adit.run(['rekey', id, '--ike']);
      await until('the gateway was asked', async () => (await scene.gateway.sas('plain')).length > 1);
      await spoof(FLOATED, { address: ROUTER, port }, ...forgedIke(spisOf(tunnel)));
    }
    await asking;
    expect(await scene.adit.run(['log'])).toContain('does not know this connection');
    expect(witness.last.ike?.spiI).not.toBe(tunnel.ike?.spiI);
    await expectFiles();
    expect(witness.states).toEqual(['connected']);
  });

  /** Begins a login and forges first answers to it. */
  async function loginBehind(forge: (spis: Spis) => readonly Uint8Array[], timeoutSec: number) {
    const id = await scene.adit.import(scene.profile('plain', { ike: { proposals: [SUITE.ike] } }), PSK);
    let login: Promise<Finished>;
    {
      await using _late = await scene.lab.world.block(scene.lab.router, GATEWAY_ANSWERS);
      login = scene.adit.try(['up', id, '--timeout', String(timeoutSec)]);
      const half = await until('the gateway was asked', async () => (await scene.gateway.sas())[0]);
      const spis = { spiI: fromHex(half.spiI), spiR: fromHex(half.spiR) };
      const to = { address: ROUTER, port: half.remotePort };
      await spoof({ address: GATEWAY, port: 500 }, to, ...forge(spis));
    }
    return { id, code: (await login).code };
  }

  async function expectLogin(id: string) {
    const { spiI, spiR } = await scene.gateway.sa('plain');
    expect(await scene.adit.tunnel(id)).toMatchObject({ state: 'connected', ike: { spiI, spiR } });
    await expectFiles();
  }

  it("lets refusals through before the gateway's first answer: the login goes on", async () => {
    const { id, code } = await loginBehind(
      (spis) => [
        randomBytes(40),
        inClear(spis, IKE_SA_INIT, 0, [notifyPayload(COOKIE, randomBytes(16))]),
        ...[NO_PROPOSAL_CHOSEN, INVALID_SYNTAX, INVALID_KE_PAYLOAD, AUTHENTICATION_FAILED].map((type) =>
          inClear(spis, IKE_SA_INIT, 0, [notifyPayload(type, Uint8Array.of(0, 19))]),
        ),
        inClear(spis, IKE_AUTH, 1, [notifyPayload(AUTHENTICATION_FAILED)]),
        inClear(spis, INFORMATIONAL, 0, [DELETE], false),
      ],
      20,
    );
    expect(code).toBe(0);
    // They came in time: the cookie went along.
    expect(await scene.gateway.log()).toContain('N(COOKIE)');
    await expectLogin(id);
  });

  it("lets a whole first answer through before the gateway's: that login fails, the next does not", async () => {
    const { id, code } = await loginBehind(
      ({ spiI }) => [
        inClear({ spiI, spiR: randomBytes(8) }, IKE_SA_INIT, 0, [
          { kind: 'SA', proposals: parseProposals([SUITE.ike], 'IKE') },
          { kind: 'KE', group: 20, data: createECDH('secp384r1').generateKeys().subarray(1) },
          { kind: 'NONCE', data: randomBytes(32) },
        ]),
      ],
      5,
    );
    expect(code).not.toBe(0);
    await scene.adit.down(id);
    await scene.adit.up(id);
    await expectLogin(id);
  });

  it('gives nobody a flow of ours that it knows', async () => {
    const { tunnel, witness, port } = await connected();
    await inside.datagram(FLOATED, KEEPALIVE, { sourcePort: port });
    await spoof(FLOATED, client(port), KEEPALIVE);
    const claims = await flow(`src=${ATTACKER} dst=${GATEWAY} sport=${port}`);
    expect(claims.reply).not.toContain(`dport=${port} `);
    const shadow = await flow(`src=${GATEWAY} dst=${LAB.client.ip4} sport=4500 dport=${port}`);
    expect(shadow.reply).not.toContain('dport=4500');
    await expectFiles();
    expect((await scene.gateway.sa('plain')).remotePort).toBe(port);
    expect(witness.last.ike).toEqual(tunnel.ike);
    expect(witness.states).toEqual(['connected']);
  });

  it("forgets us and gives our port away: the gateway's packets are lost until it hears of our new one, which is soon", async () => {
    const { tunnel, witness, port } = await connected();
    await forgetFlows();
    await inside.datagram(FLOATED, KEEPALIVE, { sourcePort: port });
    await expectFiles();
    const claims = await flow(`src=${ATTACKER} dst=${GATEWAY} sport=${port}`);
    expect(claims.reply).toContain(`dport=${port} `);
    expect(claims.answered).toBe(true);
    expect((await scene.gateway.sa('plain')).remotePort).not.toBe(port);
    expect(witness.last.ike).toEqual(tunnel.ike);
    expect(witness.states).toEqual(['connected']);
    expect(witness.lies()).toEqual([]);
  });

  it('forgets us and takes our packets for answers to a forged one: reconnecting, and back when that is forgotten', async () => {
    const { witness, port } = await connected();
    await forgetFlows();
    await spoof(FLOATED, client(port), KEEPALIVE);
    const pings = scene.lab.client.start(['ping', '-i', '0.2', LAB.inner.ip4]);
    await witness.until('it is noticed', ({ state }) => state === 'reconnecting');
    await pings.stop();
    const shadow = await flow(`src=${GATEWAY} dst=${LAB.client.ip4} sport=4500 dport=${port}`);
    expect(shadow.answered).toBe(true);
    await using _brief = await briefMemory();
    await witness.until('it is back', ({ state }) => state === 'connected');
    await expectFiles();
    expect(witness.states).toEqual(['connected', 'reconnecting', 'connected']);
    expect(witness.lies()).toEqual([]);
  });
});
