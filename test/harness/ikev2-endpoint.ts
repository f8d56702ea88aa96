/** An endpoint with initiators at addresses of their own, over one VirtualLink. */
import { createConnection, type Ikev2Connection } from '#core/ikev2/connection.ts';
import type { ConnectionEvent, Datagram } from '#core/ikev2/connection-types.ts';
import {
  Endpoint,
  ENDPOINT_DEFAULTS,
  type EndpointEvent,
  type EndpointOptions,
} from '#core/ikev2/endpoint.ts';
import { decodeMessage } from '#core/ikev2/message.ts';
import { notifyTypes } from '#core/registry/notify-types.ts';
import {
  EventLog,
  initiatorConfig,
  type InitiatorOverrides,
  RESPONDER_ADDRESS,
  responderConfig,
  type ResponderOverrides,
  VirtualWorld,
} from './ikev2-pair.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import { type LinkOptions, VirtualLink } from './virtual-link.ts';

export interface SceneOptions {
  readonly seed?: number;
  readonly endpoint?: Partial<Omit<EndpointOptions, 'config'>>;
  readonly responder?: ResponderOverrides;
  readonly link?: Partial<LinkOptions>;
  /** One initiator each. */
  readonly initiators?: readonly InitiatorOverrides[];
}

export interface Client {
  readonly address: string;
  readonly connection: Ikev2Connection;
  readonly events: EventLog;
}

export class EndpointScene {
  readonly random: SeededRandom;
  readonly endpoint: Endpoint;
  readonly clients: readonly Client[];
  readonly world: VirtualWorld;
  readonly events: EndpointEvent[] = [];
  /** Notifies that stand alone in answers of the endpoint in the clear, in order. */
  readonly hints: string[] = [];

  constructor(options: SceneOptions = {}) {
    const random = seededRandom(options.seed ?? 1);
    this.random = random;
    this.endpoint = new Endpoint({
      ...ENDPOINT_DEFAULTS,
      ...options.endpoint,
      config: responderConfig(random, options.responder),
    });
    this.clients = (options.initiators ?? [{}]).map((overrides, i) => ({
      address: `192.0.2.${10 + i}`,
      connection: createConnection(initiatorConfig(random, overrides)),
      events: new EventLog(),
    }));
    this.world = new VirtualWorld(
      new VirtualLink(random, options.link),
      [
        ...this.clients.map(({ address, connection }) => ({ address, party: connection })),
        { address: RESPONDER_ADDRESS, party: this.endpoint },
      ],
      () => this.#drain(),
    );
    this.world.onSend = (from, { bytes }) => this.#note(from, bytes);
  }

  #drain(): void {
    for (const { connection, events } of this.clients) events.drain(connection);
    for (let event = this.endpoint.pollEvent(); event; event = this.endpoint.pollEvent())
      this.events.push(event);
  }

  #note(from: string, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (from !== RESPONDER_ADDRESS || decoded.outcome !== 'ok') return;
    const [only, ...more] = decoded.message.payloads;
    if (only?.kind === 'N' && more.length === 0) this.hints.push(notifyTypes.nameOf(only.type));
  }

  client(i: number): Client {
    const client = this.clients[i];
    if (client === undefined) throw new Error(`no client ${i}`);
    return client;
  }

  initiate(i: number): this {
    const { connection, address } = this.client(i);
    connection.initiate(this.world.now, {
      local: { address, port: 500 },
      remote: { address: RESPONDER_ADDRESS, port: 500 },
    });
    this.world.flush();
    return this;
  }

  connect(i: number): this {
    this.initiate(i);
    return this.run(2_000);
  }

  run(ms: number): this {
    this.world.run(this.world.now + ms);
    return this;
  }

  /** Hands octets to the endpoint as a stranger's; returns what it answers. */
  stranger(bytes: Uint8Array, address = '203.0.113.66', port = 500): Datagram[] {
    const before = this.world.sent.length;
    this.endpoint.handleDatagram(this.world.now, bytes, {
      local: { address: RESPONDER_ADDRESS, port: 500 },
      remote: { address, port },
    });
    this.world.flush();
    return this.world.sent.slice(before).map(({ datagram }) => datagram);
  }

  eventsOf(type: ConnectionEvent['type']): EndpointEvent[] {
    return this.events.filter(({ event }) => event.type === type);
  }
}
