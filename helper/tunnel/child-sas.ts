/**
 * The Child SAs of an association in the data plane: installed, led over another path, kept for what is still on its way, and
 * removed. association.ts says what the engine wants; status.ts reads what there is to tell.
 */
import { wipe } from '#core/bytes/bytes.ts';
import { describeEspSuite } from '#core/crypto/suite.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { formatTrafficSelector, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { ConnectionEvent, Usage } from '#core/ikev2/connection-types.ts';
import type { Path } from '#core/net/address.ts';
import { type Clock, isoTimeOf } from '../clock.ts';
import type { Logger } from '../log/log.ts';
import type { EspPath } from '../native/data-plane.ts';
import type { Carrier } from './carrier.ts';

type EventOf<T extends ConnectionEvent['type']> = Extract<ConnectionEvent, { type: T }>;

export interface InstalledChild {
  /** Without keys: they are wiped once the data plane has them. */
  readonly child: ChildSa;
  readonly name: string;
  readonly softLimit: Partial<Usage>;
  /** ISO 8601, told once: two clocks that drift must not make it wander. */
  readonly rekeyAt: string | undefined;
  readonly expiresAt: string | undefined;
}

/** How ESP gets to the gateway now. */
export interface EspWay {
  readonly path: Path;
  readonly nat: EventOf<'path'>['nat'] | undefined;
  /** As many packets at once as the gateway takes (core/ikev2/vendor-ids.ts). */
  readonly burst: number;
}

interface ChildSasDeps {
  readonly carrier: Pick<Carrier, 'dataPlane' | 'espPath' | 'encapsulationOf'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A Child SA is no more, since `at` (ISO 8601) where that was not now. */
  readonly onDiscard: (spi: string, why: string, at?: string) => void;
}

/** Why an SA went, for people. */
export const GONE: Readonly<Record<EventOf<'child-removed' | 'ike-removed'>['reason'], string>> = {
  'deleted-by-peer': 'the gateway deleted it',
  'deleted-by-us': 'we deleted it',
  expired: 'it reached its lifetime',
  rekeyed: 'another with new keys has its place',
  failed: 'the gateway fell silent, or broke the protocol',
  'ike-closed': 'the connection ended',
};

/** How long the old half of a rekeyed Child SA still receives: what the peer sent before its Delete may be overtaken by it. */
const LINGER_MS = 5000;

export class ChildSas {
  readonly #deps: ChildSasDeps;
  readonly #installed = new Map<number, InstalledChild>();
  /** Rekeyed ones that only receive, with what ends them. */
  readonly #lingering = new Map<number, () => void>();
  /** Nothing is sent on any of them any more. */
  #retired = false;

  constructor(deps: ChildSasDeps) {
    this.#deps = deps;
  }

  /** By inbound SPI: all that the protocol knows. */
  get installed(): ReadonlyMap<number, InstalledChild> {
    return this.#installed;
  }

  /** Whether it is one of these: one that the protocol knows, or the old half of a rekeyed one. */
  receives(spiIn: number): boolean {
    return this.#installed.has(spiIn) || this.#lingering.has(spiIn);
  }

  /** Throws what the data plane throws. The keys are wiped in every case. */
  install(event: EventOf<'child-installed'>, way: EspWay): void {
    const { name, child, softLimit = {}, replaces, standby, rekeyAt, expiresAt } = event;
    const { carrier, clock, log } = this.#deps;
    const { dataPlane } = carrier;
    try {
      dataPlane.installChild(child, this.#espPath(way, child.encapsulation), {
        standby: this.#retired || (standby ?? false),
      });
      if (this.#retired) dataPlane.retireOutbound(child.spiIn);
      // The old one still receives: what the peer has sent on it may be on its way.
      if (replaces !== undefined && standby !== true) dataPlane.retireOutbound(replaces);
    } finally {
      for (const keys of [child.keysIn, child.keysOut]) wipe(keys.encryption, keys.integrity);
    }
    this.#installed.set(child.spiIn, {
      child,
      name,
      softLimit,
      rekeyAt: isoTimeOf(clock, rekeyAt),
      expiresAt: isoTimeOf(clock, expiresAt),
    });
    log.info(
      `Child SA ${replaces === undefined ? 'installed' : 'rekeyed'}: ${describeEspSuite(child.suite)} ${TRAVELS[child.encapsulation]}, ${child.localTs.map(formatTrafficSelector).join(' ')} to ` +
        child.remoteTs.map(formatTrafficSelector).join(' '),
    );
  }

  /** Leads them over this path. What the data plane has learned of the one before is forgotten, also where it is the same. */
  move(way: EspWay): void {
    const { carrier, log } = this.#deps;
    const encapsulation = carrier.encapsulationOf(way.path, way.nat);
    const to = this.#espPath(way, encapsulation);
    for (const [spiIn, installed] of this.#installed) {
      carrier.dataPlane.setPath(spiIn, to);
      if (installed.child.encapsulation === encapsulation) continue;
      this.#installed.set(spiIn, { ...installed, child: { ...installed.child, encapsulation } });
      log.info(`Child SA ${spiText(spiIn)} goes on ${TRAVELS[encapsulation]}`);
    }
  }

  /** A gateway that takes packets one by one loses the end of long bursts. */
  #espPath({ path, burst }: EspWay, encapsulation: 'udp' | 'none'): EspPath {
    return { ...this.#deps.carrier.espPath(path, encapsulation), burst };
  }

  /** Whether they lead to these networks: the one that replaces another does, the one of another subnet not. */
  carry(networks: readonly TrafficSelector[]): boolean {
    const carried = new Set(
      [...this.#installed.values()].flatMap(({ child }) => child.remoteTs.map(formatTrafficSelector)),
    );
    return networks.every((selector) => carried.has(formatTrafficSelector(selector)));
  }

  /** Nothing is sent on those that are here or come later. What the peer sends is taken until clear(). */
  retire(): void {
    this.#retired = true;
    for (const spiIn of this.#installed.keys()) this.#deps.carrier.dataPlane.retireOutbound(spiIn);
  }

  /** `at`: when it ended (ISO 8601), where that was not now. */
  remove(spiIn: number, why: string, at?: string): void {
    this.#deps.carrier.dataPlane.removeChild(spiIn);
    if (this.#installed.delete(spiIn)) this.#deps.onDiscard(spiText(spiIn), why, at);
  }

  /** It was rekeyed: for the protocol it is gone, and nothing is sent on it. Its hard limits hold until the end. */
  linger(spiIn: number): void {
    const { carrier, clock, onDiscard } = this.#deps;
    if (!this.#installed.delete(spiIn)) return;
    carrier.dataPlane.retireOutbound(spiIn);
    const forget = (): void => {
      cancel();
      this.#lingering.delete(spiIn);
      carrier.dataPlane.removeChild(spiIn);
      onDiscard(spiText(spiIn), GONE.rekeyed);
    };
    const cancel = clock.setTimer(clock.now() + LINGER_MS, forget);
    this.#lingering.set(spiIn, forget);
  }

  /** The connection has ended: none is left. */
  clear(): void {
    for (const forget of this.#lingering.values()) forget();
    for (const spiIn of this.#installed.keys()) this.remove(spiIn, GONE['ike-closed']);
  }
}

/** Eight hex digits, as ESP packets show it. */
export const spiText = (spi: number): string => spi.toString(16).padStart(8, '0');

/** How ESP goes, for people. */
const TRAVELS = { udp: 'in UDP', none: 'as IP protocol 50' } as const;
