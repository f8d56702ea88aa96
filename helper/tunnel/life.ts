/**
 * One life of a tunnel: from the user's `up` until nothing of it is wanted any more. Secrets, carrier and what is in force on the
 * system are there once and until the end, so that nothing leaks while there is no connection; associations come and go in it
 * (succession.ts). Here is what there is and who hears of whom. tunnel.ts begins it and tells about it.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { DataPlaneEvents, SaCounters } from '../native/data-plane.ts';
import type { Logger } from '../log/log.ts';
import type { StoredProfile } from '../stored-profile.ts';
import { BlackHoles } from './black-holes.ts';
import { Carried } from './carried.ts';
import { type Carrier, openCarrier } from './carrier.ts';
import { Configuration } from './configuration.ts';
import { type Credentials, gatherCredentials, type Given } from './credentials.ts';
import { Dialler } from './dialler.ts';
import type { History } from './history.ts';
import type { Person } from './person.ts';
import { deadAfterSec } from './retransmission.ts';
import { Retries } from './retries.ts';
import { type Stage, Succession } from './succession.ts';
import { Suspicion } from './suspicion.ts';
import type { TunnelDeps } from './tunnel-deps.ts';
import { wayOf } from './way.ts';

interface LifeOptions {
  readonly stored: StoredProfile;
  readonly slot: number;
  readonly deps: TunnelDeps;
  readonly person: Person;
  readonly history: History;
  readonly log: Logger;
  /** The state follows from what is in place. */
  readonly onStage: (stage: Stage) => void;
  readonly onStep: (step: string | undefined) => void;
  readonly onChange: () => void;
}

interface Parts {
  readonly dialler: Dialler;
  readonly suspicion: Suspicion;
  readonly configuration: Configuration;
  readonly succession: Succession;
}

export class Life {
  readonly #options: LifeOptions;
  readonly #stop = new AbortController();
  readonly #carried = new Carried();
  #credentials: Credentials | undefined;
  #carrier: Carrier | undefined;
  /** What the carrier serves. */
  #parts: Parts | undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  get carrier(): Carrier | undefined {
    return this.#carrier;
  }

  get configuration(): Configuration | undefined {
    return this.#parts?.configuration;
  }

  get succession(): Succession | undefined {
    return this.#parts?.succession;
  }

  /** Of every Child SA; none without a carrier. */
  counters(): readonly SaCounters[] {
    const counters = this.#carrier?.dataPlane.stats().children ?? [];
    this.#carried.note(counters);
    return counters;
  }

  /** As of the last look at the counters. */
  get carried(): TunnelStatus['carried'] {
    return this.#carried.total;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Resolves with the reason when it has ended by itself, or `undefined` when stop() ended it. Throws what the system refuses. */
  async run(given: Given): Promise<Failure | undefined> {
    const { stored, deps, person, log } = this.#options;
    const credentials = await gatherCredentials(stored, given, person, deps.certified);
    this.#credentials = credentials;
    if (this.#stop.signal.aborted) return undefined;
    this.#carrier = openCarrier(deps.platform, stored.profile.ike, this.#carrierEvents(), deps.passage, log);
    this.#parts = this.#partsOn(this.#carrier, credentials);
    const { succession } = this.#parts;
    const unsubscribe = deps.network.subscribe(
      (change) => void (change.what === 'taken' ? succession.taken(change) : succession.network(change)),
    );
    try {
      return await succession.run();
    } finally {
      this.#stop.abort();
      unsubscribe();
    }
  }

  /** Undoes everything, whatever of it exists. The peer hears of it while the system is being put back. */
  async release(): Promise<void> {
    await Promise.all([this.#parts?.dialler.close(), this.#parts?.configuration.undo()]);
    this.#carrier?.close();
    this.#carrier = undefined;
    this.#credentials?.wipe();
  }

  #partsOn(carrier: Carrier, credentials: Credentials): Parts {
    const { stored, slot, deps, person, history, log, onStage, onStep, onChange } = this.#options;
    const { profile } = stored;
    const { clock } = deps;
    const { signal } = this.#stop;
    const configuration = new Configuration({ profile, slot, carrier, deps, log, signal });
    const dialler: Dialler = new Dialler({
      ...this.#options,
      carrier,
      credentials,
      onProof: (association) => suspicion.proven(association),
      onRedirect: (by, sentTo) => succession.redirected(by, sentTo),
      onMoved: (association) => succession.moved(association),
      onDisowned: (association) => suspicion.disowned(association),
      onReauthenticate: (association) => succession.reauthenticate(association),
      onInstalled: (association) => succession.grown(association),
      onDiscard: (...record) => history.discard(...record),
    });
    const blackHoles = new BlackHoles(log);
    const ways = { routes: deps.effects.routes, carrier, gateway: profile.gateway };
    const suspicion: Suspicion = new Suspicion({
      clock,
      deadAfterSec: deadAfterSec(profile.ike.livenessSec),
      counters: () => this.counters(),
      wayOf: (association) => wayOf(association, configuration.plan?.routes.remoteTs ?? [], ways),
      onMove: (path) => succession.moveTo(path),
      onSilent: (association, failure) => succession.silent(association, failure),
      onChange: () => succession.believed(),
      onTick: () => {
        blackHoles.note(carrier.dataPlane.stats().paths);
        onChange();
      },
    });
    const succession = new Succession({
      dialler,
      suspicion,
      configuration,
      retries: new Retries(profile.reconnect, deps.random),
      clock,
      person,
      history,
      log,
      signal,
      onStage,
      onConfigure: () => onStep(`configuring ${carrier.tun}`),
      onChange,
    });
    return { dialler, suspicion, configuration, succession };
  }

  #carrierEvents(): DataPlaneEvents {
    return {
      onIke: (datagram) => this.#parts?.dialler.receive(datagram),
      onExpired: (spiIn, reason) => this.#parts?.dialler.expire(spiIn, reason),
      onUnreachable: (address) => {
        this.#options.log.debug(`ICMP says that ${address} is unreachable`);
        this.#parts?.suspicion.unreachable(address);
      },
      onUnanswered: (address) => this.#parts?.suspicion.unanswered(address),
      onFatal: (detail) => {
        const remedy = 'connect again (adit up); the log of aditd says more';
        this.#parts?.succession.fail({ cause: 'system', what: 'The data plane stopped', detail, remedy });
      },
    };
  }
}
