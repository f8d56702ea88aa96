/**
 * Makes associations for one life of a tunnel: looks for a gateway that answers, each address with an engine of its own, and
 * hands datagrams to whichever association they are for. life.ts says when.
 */
import { utf8, wipe } from '#core/bytes/bytes.ts';
import type { IpAddress, Path } from '#core/net/address.ts';
import type { RetransmitPolicy } from '#core/ikev2/connection-types.ts';
import { connectionConfig } from '../connection-config.ts';
import { type Logger, messageOf } from '../log/log.ts';
import type { IkeDatagram } from '../native/data-plane.ts';
import type { StoredProfile } from '../profile-store.ts';
import { Secret } from '../secret.ts';
import { Answers } from './answers.ts';
import { Association } from './association.ts';
import type { KnownAddresses } from './candidates.ts';
import type { Carrier } from './carrier.ts';
import { type Credentials, textOf, withOwnExpiry } from './credentials.ts';
import { TunnelError } from './failures.ts';
import { type Negotiated, negotiate } from './negotiate.ts';
import type { Person } from './person.ts';
import type { TunnelDeps } from './tunnel-deps.ts';

export interface DiallerOptions {
  readonly stored: StoredProfile;
  readonly deps: TunnelDeps;
  readonly carrier: Carrier;
  readonly credentials: Credentials;
  readonly person: Person;
  readonly log: Logger;
  readonly onStep: (step: string | undefined) => void;
  readonly onChange: () => void;
  readonly onProof: (association: Association) => void;
  readonly onDisowned: (association: Association) => void;
  readonly onReauthenticate: (association: Association) => void;
  readonly onInstalled: (association: Association) => void;
  readonly onDiscard: (kind: 'ike' | 'child', spi: string, why: string) => void;
}

export interface Dial {
  /** The tunnel was connected before. */
  readonly again: boolean;
  /** Addresses inside that we had, to be asked for once more. */
  readonly addresses: readonly IpAddress[];
  /** Another association of ours is to stay until this one stands: the gateway must not drop it (RFC 7296 §2.4). */
  readonly beside: boolean;
  readonly signal: AbortSignal;
}

export class Dialler {
  readonly #options: DiallerOptions;
  readonly #known: KnownAddresses = new Map();
  /** All that have not left. */
  readonly #associations = new Set<Association>();
  #trying: Association | undefined;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  /** The association of the attempt under way. */
  get trying(): Association | undefined {
    return this.#trying;
  }

  /** Resolves when a Child SA is in place, or with `undefined` when `signal` ended the search. Throws TunnelError. */
  async dial(dial: Dial): Promise<Negotiated | undefined> {
    const { stored, deps, carrier, credentials, onStep } = this.#options;
    try {
      return await negotiate({
        gateway: stored.profile.gateway,
        carrier,
        resolver: deps.resolver,
        isPortClosed: deps.isPortClosed,
        routes: deps.effects.routes,
        known: this.#known,
        clock: deps.clock,
        again: dial.again,
        begin: (path, host, retransmitInit) => this.#begin(dial, { path, host, retransmitInit }),
        onStep,
        signal: dial.signal,
      });
    } catch (error) {
      throw error instanceof TunnelError
        ? new TunnelError(withOwnExpiry(error.failure, credentials.own, deps.clock.wall()))
        : error;
    } finally {
      this.#trying = undefined;
    }
  }

  /** An engine takes what is for it, and only counts the rest. */
  receive(datagram: IkeDatagram): void {
    for (const association of this.#associations) association.receive(datagram);
  }

  expire(spiIn: number, reason: string): void {
    for (const association of this.#associations) {
      if (association.children.has(spiIn)) association.expire(spiIn, reason);
    }
  }

  /** Resolves when none is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#associations].map((association) => association.leave()));
  }

  /** A disk that is full must not end a tunnel that is as good as up. */
  #keepPassword(id: string, password: Secret): void {
    const { deps, log } = this.#options;
    try {
      deps.keepPassword(id, password);
      log.info('the gateway has taken over the new password');
    } catch (error) {
      log.error(
        `the gateway has taken over the new password, which could not be stored: ${messageOf(error)}`,
      );
    }
  }

  #begin(
    dial: Dial,
    to: { readonly path: Path; readonly host: string; readonly retransmitInit: RetransmitPolicy },
  ): Association {
    const { stored, deps, carrier, credentials, person, log, ...events } = this.#options;
    const { profile, id } = stored;
    const config = connectionConfig(profile, to.path.local.address, {
      ...deps,
      notAlone: dial.beside || deps.notAlone(),
      psk: credentials.psk,
      user: credentials.user,
      password: credentials.password && textOf(credentials.password),
      own: credentials.own,
      addresses: dial.addresses,
      retransmitInit: to.retransmitInit,
    });
    const answers = new Answers({ profile, host: to.host, credentials, person, trust: deps.trust, log });
    const keys = [config.authentication, config.remoteAuthentication].flatMap((proof) =>
      proof?.method === 'psk' ? [proof.psk] : [],
    );
    const association = new Association({
      connection: deps.createConnection(config),
      carrier,
      clock: deps.clock,
      log,
      answer: (question) => answers.answer(question),
      onPasswordChanged: (password) => {
        credentials.remember(password);
        this.#keepPassword(id, new Secret(utf8(password)));
      },
      onChange: events.onChange,
      onProof: () => events.onProof(association),
      onDisowned: () => events.onDisowned(association),
      onReauthenticate: () => events.onReauthenticate(association),
      onInstalled: () => events.onInstalled(association),
      onDiscard: events.onDiscard,
      release: () => {
        answers[Symbol.dispose]();
        wipe(...keys);
        this.#associations.delete(association);
      },
    });
    this.#associations.add(association);
    this.#trying = association;
    events.onStep(undefined);
    association.start(to.path);
    return association;
  }
}
