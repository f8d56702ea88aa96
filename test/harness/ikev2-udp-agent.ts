/**
 * An initiator of core/ikev2 on a host of the lab, over real UDP and without a data plane: what is tried is IKE alone. Arguments:
 * our address, the gateway's, the pre-shared key, and one network for each Child SA. `--login USER:PASSWORD` logs in by EAP where
 * the gateway alone has the key; `--ppk NAME:SECRET` is a post-quantum one, `--ppk-required` insists on it. Each line on stdin is
 * a command: `roam LOCAL REMOTE`, `life`, `rekey`, `rekey SPI`. Prints each event as a line of JSON; ends when stdin closes.
 * mobike.test.ts, gateway-wishes.test.ts and ppk.test.ts talk to it.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { concat, utf8 } from '#core/bytes/bytes.ts';
import { defaultEspProposals, defaultIkeProposals } from '#core/crypto/defaults.ts';
import { parseIdentification, type Identification } from '#core/ike/identification.ts';
import {
  formatTrafficSelector,
  parseTrafficSelector,
  type TrafficSelector,
} from '#core/ike/traffic-selector.ts';
import { createConnection } from '#core/ikev2/connection.ts';
import type { ChildConfig, ConnectionEvent, InitiatorConfig } from '#core/ikev2/connection-types.ts';
import type { Path } from '#core/net/address.ts';
import { systemClock } from '#helper/clock.ts';

const EVERYTHING = '0.0.0.0/0';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    login: { type: 'string' },
    ppk: { type: 'string' },
    'ppk-required': { type: 'boolean', default: false },
  },
});
const [local = '', remote = '', psk = '', first = EVERYTHING, ...others] = positionals;
const MARKER = new Uint8Array(4);

function identity(text: string): Identification {
  const parsed = parseIdentification(text);
  if (parsed === undefined) throw new Error(`no identity: ${text}`);
  return parsed;
}

function network(text: string): TrafficSelector[] {
  const parsed = parseTrafficSelector(text);
  if (parsed?.kind !== 'fixed') throw new Error(`no selector: ${text}`);
  return [parsed.selector];
}

const childFor = (name: string, remoteTs: string): ChildConfig => ({
  name,
  proposals: defaultEspProposals(),
  localTs: network(EVERYTHING),
  remoteTs: network(remoteTs),
  replayWindow: 64,
  hardLimit: {},
});

const gatewaysProof = { method: 'psk', psk: utf8(psk) } as const;

function ourProof(): Pick<InitiatorConfig, 'authentication' | 'remoteAuthentication' | 'ppk'> {
  const [user = '', password = ''] = values.login?.split(':') ?? [];
  const [name = '', secret = ''] = values.ppk?.split(':') ?? [];
  const required = values['ppk-required'];
  return {
    remoteAuthentication: gatewaysProof,
    authentication:
      values.login === undefined
        ? gatewaysProof
        : { method: 'eap', eap: { user, password, methods: [{ type: 'MSCHAPv2' }, { type: 'MD5' }] } },
    ...(values.ppk === undefined ? {} : { ppk: { id: utf8(name), secret: utf8(secret), required } }),
  };
}

const connection = createConnection({
  role: 'initiator',
  random: (length) => new Uint8Array(randomBytes(length)),
  proposals: defaultIkeProposals(),
  localId: identity('client.lab'),
  remoteId: identity('gw.lab'),
  sendRemoteId: true,
  ...ourProof(),
  request: { ip4: true, ip6: false, dns: false, subnets: false, domains: false },
  initialContact: true,
  child: childFor('net', first),
  furtherChildren: others.map((text, i) => childFor(`net ${i + 2}`, text)),
  redirect: {},
  retransmit: { initialMs: 300, factor: 1.5, maxMs: 1_000, attempts: 5, jitter: 0.1 },
  natKeepaliveSec: 20,
  livenessSec: 0,
  encapsulation: 'auto',
  vendorIds: [],
});

/** Where the last command left us: the kernel says whom a datagram is from, not to which of our addresses it came. */
let at = local;
let stopTimer = (): void => {};

const sockets = new Map(
  [500, 4500].map((port) => {
    const socket = createSocket('udp6');
    socket.bind(port, '::');
    socket.on('message', (message, from) => {
      const marked = port === 4500;
      if (marked && !message.subarray(0, 4).equals(MARKER)) return;
      const path: Path = {
        local: { address: at, port },
        remote: { address: from.address.replace('::ffff:', ''), port: from.port },
      };
      connection.handleDatagram(systemClock.now(), new Uint8Array(message.subarray(marked ? 4 : 0)), path);
      drain();
    });
    return [port, socket];
  }),
);

function withoutKeys({ type, name, child }: Extract<ConnectionEvent, { type: 'child-installed' }>) {
  const { spiIn, remoteTs, suite } = child;
  const remote = remoteTs.map((selector) => formatTrafficSelector(selector));
  return { type, name, spiIn, remote, group: suite.keyExchange?.keyword };
}

function drain(): void {
  const now = systemClock.now();
  for (let event = connection.pollEvent(); event; event = connection.pollEvent()) {
    // Keys stay out of the test's log.
    const told = event.type === 'child-installed' ? withoutKeys(event) : event;
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
  for (let out = connection.pollTransmit(now); out; out = connection.pollTransmit(now)) {
    const { port, address } = out.path.remote;
    const marked = out.path.local.port === 4500 && out.keepalive !== true;
    const bytes = marked ? concat(MARKER, out.bytes) : out.bytes;
    sockets
      .get(out.path.local.port)
      ?.send(bytes, port, address.includes(':') ? address : `::ffff:${address}`, () => {
        // A network that is gone is a datagram that is lost.
      });
  }
  stopTimer();
  const deadline = connection.pollTimeout();
  if (deadline === undefined) return;
  stopTimer = systemClock.setTimer(deadline, () => {
    connection.handleTimeout(systemClock.now());
    drain();
  });
}

const COMMANDS: Readonly<Record<string, (now: number, words: readonly string[]) => void>> = {
  roam: (now, [to = '', gateway = '']) => {
    at = to;
    connection.roam(now, { local: { address: to, port: 4500 }, remote: { address: gateway, port: 4500 } });
  },
  life: (now) => connection.checkLiveness(now),
  rekey: (now, [spi]) => connection.rekey(now, spi === undefined ? { ike: true } : { spiIn: Number(spi) }),
};

connection.initiate(systemClock.now(), {
  local: { address: local, port: 500 },
  remote: { address: remote, port: 500 },
});
drain();
for await (const line of createInterface({ input: process.stdin })) {
  const [command = '', ...words] = line.split(' ');
  COMMANDS[command]?.(systemClock.now(), words);
  drain();
}
process.exit(0);
