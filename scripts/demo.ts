/**
 * The demo that scripts/demo.sh runs in namespaces of its own: a client behind a NAT router, a gateway, a web server
 * behind the gateway. Every claim is shown with its opposite: without the tunnel the page cannot be reached.
 * Prints what it measured; exits 0 only when all of it happened.
 */
import { parseArgs } from 'node:util';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit } from '#test/harness/adit.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';
import { Traffic } from '#test/harness/traffic.ts';

const PSK = 'a demo needs no secret worth keeping';
const CLIENT_ID = 'demo@adit.example';
const GATEWAY_ID = 'gateway.adit.example';
const MEBIBYTE = 1024 * 1024;
const BULK_BYTES = 300 * MEBIBYTE;

/** What the demo asks of whichever gateway it runs against. */
interface DemoGateway {
  readonly what: string;
  /** Octets and packets that the gateway itself counted from and to the client. */
  counters(): Promise<{ readonly bytesIn: number; readonly bytesOut: number }>;
}

const { values } = parseArgs({ options: { gateway: { type: 'string', default: 'embedded' } } });

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const step = (text: string): void => say(`\n\u2022 ${text}`);
const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;

async function embedded(lab: Lab): Promise<DemoGateway> {
  const gateway = await EmbeddedGateway.start(lab.gateway, {
    localId: GATEWAY_ID,
    keys: { [CLIENT_ID]: PSK },
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [LAB.dns.ip4],
    localTs: [LAB.inner.net4, LAB.inner.net6],
  });
  return { what: "Adit's own responder", counters: async () => await gateway.counters() };
}

async function strongswan(lab: Lab): Promise<DemoGateway> {
  const gateway = await StrongSwan.start(lab.world, lab.gateway, {
    swanctl: {
      connections: {
        demo: {
          version: 2,
          local_addrs: LAB.gateway.ip4,
          pools: ['p4', 'p6'],
          local: { auth: 'psk', id: GATEWAY_ID },
          remote: { auth: 'psk', id: CLIENT_ID },
          children: { net: { local_ts: [LAB.inner.net4, LAB.inner.net6] } },
        },
      },
      pools: POOLS,
      secrets: { 'ike-demo': { id: CLIENT_ID, secret: PSK } },
    },
  });
  return {
    what: 'strongSwan (Debian)',
    counters: async () => {
      const child = (await gateway.sa('demo')).children[0];
      if (child === undefined) throw new Error('strongSwan lists no Child SA');
      return child;
    },
  };
}

const GATEWAYS: Readonly<Record<string, (lab: Lab) => Promise<DemoGateway>>> = { embedded, strongswan };

/** True when the page behind the gateway answers within two seconds. */
async function reachable(user: Traffic, url: string): Promise<boolean> {
  try {
    await user.download(url, 2_000);
    return true;
  } catch {
    return false;
  }
}

function expect(held: boolean, claim: string): void {
  if (!held) throw new Error(`the demo's claim does not hold: ${claim}`);
  say(`  \u2713 ${claim}`);
}

function onlyChild(tunnel: TunnelStatus | undefined): TunnelStatus['children'][number] {
  const child = tunnel?.children[0];
  if (child === undefined) throw new Error(`no Child SA in ${JSON.stringify(tunnel)}`);
  return child;
}

async function main(): Promise<void> {
  const start = GATEWAYS[values.gateway];
  if (start === undefined) {
    throw new Error(`--gateway ${values.gateway}: must be one of ${Object.keys(GATEWAYS).join(', ')}`);
  }
  await using lab = await Lab.create();
  await lab.world.masquerade(lab.router, 'wan').catch(() => say('  (no NAT in this demo: nft is missing)'));

  step('a gateway, and behind it a web server');
  const gateway = await start(lab);
  const server = Traffic.on(lab.gateway);
  const user = Traffic.on(lab.client);
  const { port } = await server.serve(LAB.inner.ip4);
  const page = `http://${LAB.inner.ip4}:${port}`;
  say(`  ${gateway.what} at ${LAB.gateway.ip4}; the page is ${page}/`);
  expect(!(await reachable(user, `${page}/100`)), 'without the tunnel the page is not reachable');

  step('adit import, adit up');
  await using adit = await Adit.start(lab.world, lab.client);
  const profile: ProfileInput = {
    format: 'adit-profile',
    version: 1,
    name: 'Demo',
    gateway: { addresses: [LAB.gateway.ip4], id: GATEWAY_ID },
    authentication: { method: 'psk', localId: CLIENT_ID },
    child: { remoteTs: [LAB.inner.net4, LAB.inner.net6] },
  };
  const id = await adit.import(profile, PSK);
  const began = performance.now();
  const tunnel = await adit.up(id);
  say(`  connected in ${Math.round(performance.now() - began)} ms, the start of the two commands included`);
  expect(tunnel.virtualIps.length > 0, `the gateway assigned ${tunnel.virtualIps.join(' and ')}`);

  step('traffic through the tunnel');
  expect(await reachable(user, `${page}/100`), 'with the tunnel the page is reachable');
  for (const [direction, transfer] of [
    ['down', await user.download(`${page}/${BULK_BYTES}`, 60_000)],
    ['up', await user.upload(`${page}/`, BULK_BYTES, 60_000)],
  ] as const) {
    const gigabits = (transfer.bytes * 8) / transfer.ms / 1e6;
    expect(
      transfer.bytes === BULK_BYTES && transfer.sha256 === transfer.expected,
      `${mebibytes(transfer.bytes)} ${direction}, SHA-256 equal, ${gigabits.toFixed(2)} Gbit/s`,
    );
  }
  const child = onlyChild(await adit.tunnel(id));
  const there = await gateway.counters();
  expect(
    Math.min(child.bytesIn, child.bytesOut, there.bytesIn, there.bytesOut) > BULK_BYTES,
    `both ends counted it: here ${mebibytes(child.bytesIn)} in, ${mebibytes(child.bytesOut)} out; ` +
      `there ${mebibytes(there.bytesIn)} in, ${mebibytes(there.bytesOut)} out`,
  );
  say('');
  say(await adit.run(['status']));

  step('adit down');
  await adit.down(id);
  expect(!(await reachable(user, `${page}/100`)), 'without the tunnel the page is not reachable again');
  expect((await lab.client.ip('-o link')).match(/adit\d/) === null, 'no adapter of ours is left');
}

await main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
