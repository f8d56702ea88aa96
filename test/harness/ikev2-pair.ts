/**
 * Two ends of IKEv2 in virtual time: an initiator and a responder (a connection, or an endpoint with many) over a
 * VirtualLink. Draws what went over the link as the RFC draws it, and holds the rules of the contract at every step.
 */
import { utf8 } from '#core/bytes/bytes.ts';
import { parseProposals } from '#core/crypto/keywords.ts';
import { parseIdentification, type Identification } from '#core/ike/identification.ts';
import { parseTrafficSelector, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import { createConnection, type Ikev2Connection } from '#core/ikev2/connection.ts';
import type {
  AssignedConfig,
  ConnectionEvent,
  Datagram,
  InitiatorConfig,
  KeyLogEntry,
  ResponderConfig,
} from '#core/ikev2/connection-types.ts';
import { parseIp, type Path } from '#core/net/address.ts';
import type { Answerer } from './ikev2-login.ts';
import { Drawing } from './ikev2-drawing.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import { type LinkOptions, type NatOptions, VirtualLink } from './virtual-link.ts';

export const INITIATOR_ADDRESS = '192.0.2.10';
export const RESPONDER_ADDRESS = '198.51.100.1';
export const PSK = utf8('correct horse battery staple');

export function id(text: string): Identification {
  const parsed = parseIdentification(text);
  if (parsed === undefined) throw new Error(`no identity: ${text}`);
  return parsed;
}

export function ip(text: string): Uint8Array {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`no address: ${text}`);
  return parsed;
}

export const ts = (...texts: readonly string[]): TrafficSelector[] =>
  texts.map((text) => {
    const parsed = parseTrafficSelector(text);
    if (parsed?.kind !== 'fixed') throw new Error(`no selector: ${text}`);
    return parsed.selector;
  });

export const ike = (...texts: readonly string[]) => parseProposals(texts, 'IKE');
export const esp = (...texts: readonly string[]) => parseProposals(texts, 'ESP');

export const ASSIGNED: AssignedConfig = {
  addresses: [
    { address: ip('10.9.0.7'), length: 32 },
    { address: ip('fd00:9::7'), length: 128 },
  ],
  dns: [ip('10.9.0.1')],
  subnets: [{ address: ip('10.1.0.0'), length: 16 }],
  domains: ['corp.example'],
};

const COMMON = {
  proposals: ike('aes256gcm16-prfsha256-curve25519'),
  retransmit: { initialMs: 500, factor: 1.8, maxMs: 10_000, attempts: 8, jitter: 0.1 },
  natKeepaliveSec: 20,
  livenessSec: 30,
  encapsulation: 'auto',
  vendorIds: [],
} as const;

const CHILD = { name: 'net', proposals: esp('aes256gcm16'), replayWindow: 64, hardLimit: {} } as const;

export type InitiatorOverrides = Partial<Omit<InitiatorConfig, 'role' | 'child'>> & {
  readonly child?: Partial<InitiatorConfig['child']>;
};
export type ResponderOverrides = Partial<Omit<ResponderConfig, 'role' | 'child'>> & {
  readonly child?: Partial<ResponderConfig['child']>;
};

export function initiatorConfig(random: SeededRandom, overrides: InitiatorOverrides = {}): InitiatorConfig {
  return {
    ...COMMON,
    role: 'initiator',
    random: random.bytes,
    localId: id('alice@example.org'),
    remoteId: id('gw.example.org'),
    sendRemoteId: true,
    authentication: { method: 'psk', psk: PSK },
    request: { ip4: true, ip6: true, dns: true, subnets: true, domains: true },
    initialContact: true,
    ...overrides,
    child: {
      ...CHILD,
      localTs: ts('0.0.0.0/0', '::/0'),
      remoteTs: ts('0.0.0.0/0', '::/0'),
      ...overrides.child,
    },
  };
}

export function responderConfig(random: SeededRandom, overrides: ResponderOverrides = {}): ResponderConfig {
  return {
    ...COMMON,
    role: 'responder',
    random: random.bytes,
    localId: id('gw.example.org'),
    findPsk: () => PSK,
    assign: () => ASSIGNED,
    ...overrides,
    child: {
      ...CHILD,
      localTs: ts('10.1.0.0/16', 'fd00:1::/64'),
      remoteTs: ts('0.0.0.0/0', '::/0'),
      ...overrides.child,
    },
  };
}

/** What stands at one end: a connection or an endpoint. */
interface Party {
  handleDatagram(now: number, bytes: Uint8Array, path: Path): void;
  handleTimeout(now: number): void;
  pollTransmit(now: number): Datagram | undefined;
  pollTimeout(): number | undefined;
}

export interface PairOptions {
  readonly seed?: number;
  readonly initiator?: InitiatorOverrides;
  readonly responder?: ResponderOverrides;
  readonly link?: Partial<LinkOptions>;
  readonly nat?: NatOptions;
  readonly path?: Path;
  /** Who answers the questions of each end; a question without an answer stays open. */
  readonly answers?: { readonly initiator?: Answerer; readonly responder?: Answerer };
}

export const pathTo = (port: number): Path => ({
  local: { address: INITIATOR_ADDRESS, port },
  remote: { address: RESPONDER_ADDRESS, port },
});

/** A bound on steps, so that two ends that answer each other for ever fail the test and do not hang it. */
const MAX_STEPS = 20_000;

/** Runs parties over a link until nothing is left to do before a given time. */
export class VirtualWorld {
  now = 1_000;
  readonly link: VirtualLink;
  readonly #parties: readonly { readonly address: string; readonly party: Party }[];
  readonly #afterStep: () => void;
  /** Every datagram as it was sent, before the link. */
  readonly sent: { readonly at: number; readonly from: string; readonly datagram: Datagram }[] = [];
  /** Further addresses of a party, by the address it began with. */
  readonly aliases = new Map<string, string>();
  onSend: (from: string, datagram: Datagram) => void = () => undefined;

  constructor(
    link: VirtualLink,
    parties: readonly { readonly address: string; readonly party: Party }[],
    afterStep: () => void,
  ) {
    this.link = link;
    this.#parties = parties;
    this.#afterStep = afterStep;
  }

  /** Sends what the parties have to send; to be called after every command of a test. */
  flush(): void {
    this.#afterStep();
    for (const { address, party } of this.#parties) {
      for (let datagram = party.pollTransmit(this.now); datagram; datagram = party.pollTransmit(this.now)) {
        this.sent.push({ at: this.now, from: address, datagram });
        this.onSend(address, datagram);
        if (datagram.keepalive !== true) this.link.send(this.now, datagram);
      }
    }
  }

  /** Lets time pass up to `until`, or until `done` says so, or until nothing is left to happen. */
  run(until = Number.POSITIVE_INFINITY, done: () => boolean = () => false): void {
    this.flush();
    for (let step = 0; !done(); step++) {
      if (step === MAX_STEPS) throw new Error(`still busy after ${MAX_STEPS} steps, at ${this.now} ms`);
      const times = [this.link.nextArrival(), ...this.#parties.map(({ party }) => party.pollTimeout())];
      const next = Math.min(...times.filter((time) => time !== undefined));
      if (next > until || next === Number.POSITIVE_INFINITY) break;
      this.now = Math.max(this.now, next);
      this.#deliver();
      this.#expire();
    }
    if (until !== Number.POSITIVE_INFINITY && !done()) this.now = Math.max(this.now, until);
  }

  #deliver(): void {
    for (const { to, bytes, path } of this.link.arrivals(this.now)) {
      const host = this.aliases.get(to) ?? to;
      this.#parties.find(({ address }) => address === host)?.party.handleDatagram(this.now, bytes, path);
      this.flush();
    }
  }

  #expire(): void {
    for (const { party } of this.#parties) {
      const deadline = party.pollTimeout();
      if (deadline === undefined || deadline > this.now) continue;
      party.handleTimeout(this.now);
      const next = party.pollTimeout();
      if (next !== undefined && next <= this.now)
        throw new Error(`a deadline at ${next} stays due at ${this.now}`);
      this.flush();
    }
  }
}

/** Events of one end, with the rule that `closed` comes once and last. */
export class EventLog {
  readonly all: ConnectionEvent[] = [];

  drain(connection: { pollEvent(): ConnectionEvent | undefined }): void {
    for (let event = connection.pollEvent(); event; event = connection.pollEvent()) {
      if (this.all.at(-1)?.type === 'closed') throw new Error(`${event.type} after closed`);
      this.all.push(event);
    }
  }

  of<T extends ConnectionEvent['type']>(type: T): Extract<ConnectionEvent, { type: T }>[] {
    return this.all.filter((event): event is Extract<ConnectionEvent, { type: T }> => event.type === type);
  }

  /** The types of events in order, without progress. */
  get types(): string[] {
    return this.all.filter(({ type }) => type !== 'progress').map(({ type }) => type);
  }

  get failure() {
    return this.of('closed')[0]?.failure;
  }
}

export class Ikev2Pair {
  readonly initiator: Ikev2Connection;
  readonly responder: Ikev2Connection;
  readonly events = { initiator: new EventLog(), responder: new EventLog() };
  readonly keyLog = { initiator: [] as KeyLogEntry[], responder: [] as KeyLogEntry[] };
  readonly random: SeededRandom;
  readonly world: VirtualWorld;
  readonly drawing: Drawing;
  readonly #path: Path;
  answers: NonNullable<PairOptions['answers']>;

  constructor(options: PairOptions = {}) {
    const random = seededRandom(options.seed ?? 1);
    this.random = random;
    this.answers = options.answers ?? {};
    this.initiator = createConnection(
      initiatorConfig(random, { keyLog: (entry) => this.keyLog.initiator.push(entry), ...options.initiator }),
    );
    this.responder = createConnection(
      responderConfig(random, { keyLog: (entry) => this.keyLog.responder.push(entry), ...options.responder }),
    );
    this.world = new VirtualWorld(
      new VirtualLink(random, options.link, options.nat),
      [
        { address: (options.path ?? pathTo(500)).local.address, party: this.initiator },
        { address: RESPONDER_ADDRESS, party: this.responder },
      ],
      () => this.drain(),
    );
    this.drawing = new Drawing(this.initiator, this.keyLog.initiator, this.keyLog.responder);
    this.world.onSend = (from, { bytes, keepalive }) => {
      if (keepalive !== true) this.drawing.add(from === RESPONDER_ADDRESS ? 'R -> I' : 'I -> R', bytes);
    };
    this.#path = options.path ?? pathTo(500);
  }

  get link(): VirtualLink {
    return this.world.link;
  }

  get now(): number {
    return this.world.now;
  }

  drain(): void {
    for (const end of ['initiator', 'responder'] as const) while (this.#drainEnd(end));
  }

  /** Whether a question was answered, after which there may be more to drain. */
  #drainEnd(end: 'initiator' | 'responder'): boolean {
    const log = this.events[end];
    const before = log.all.length;
    log.drain(this[end]);
    const [question] = log.all.slice(before).filter((event) => event.type === 'question');
    const answer = question && this.answers[end]?.(question.question);
    return answer !== undefined && this[end].answer(this.now, question?.id ?? 0, answer);
  }

  /** Begins; nothing has been delivered yet. */
  initiate(): this {
    this.initiator.initiate(this.now, this.#path);
    this.world.flush();
    return this;
  }

  /** Begins and runs until both ends stand or one has closed. */
  connect(limitMs = 200_000): this {
    this.initiate();
    this.world.run(this.now + limitMs, () => {
      const states = [this.initiator.state, this.responder.state];
      return states.includes('closed') || states.every((state) => state === 'established');
    });
    // What is still under way belongs to the handshake.
    this.run(this.world.link.options.delayMs + this.world.link.options.jitterMs);
    return this;
  }

  /** Lets time pass. */
  run(ms: number): this {
    this.world.run(this.now + ms);
    return this;
  }

  /** Lets time pass until one end has closed. */
  runToEnd(limitMs = 1_000_000): this {
    this.world.run(this.now + limitMs, () => this.initiator.state === 'closed');
    return this;
  }

  do(command: (now: number) => void): this {
    command(this.now);
    this.world.flush();
    return this;
  }
}
