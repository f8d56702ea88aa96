/**
 * Makes associations for one life of a tunnel: looks for a gateway that answers, each address with an engine of its own, and
 * hands datagrams to whichever association they are for. succession.ts says when.
 */
import { utf8, wipe } from '#core/bytes/bytes.ts';
import { explain } from '#core/failure/explain.ts';
import type { Expiry } from '#core/esp/sa.ts';
import type { RedirectTarget } from '#core/ikev2/redirect-target.ts';
import type { IpAddress } from '#core/net/address.ts';
import { connectionConfig } from '../connection-config.ts';
import { type Logger, messageOf } from '../log/log.ts';
import type { IkeDatagram } from '../native/data-plane.ts';
import type { StoredProfile } from '../stored-profile.ts';
import { Secret, textOf } from '../secret.ts';
import { Answers } from './answers.ts';
import { Association } from './association.ts';
import type { KnownAddresses, Lookup } from './candidates.ts';
import type { Carrier } from './carrier.ts';
import { type Credentials, withOwnExpiry } from './credentials.ts';
import { TunnelError } from './failures.ts';
import { type Beginning, type Negotiated, negotiate } from './negotiate.ts';
import type { Person } from './person.ts';
import { Redirects } from './redirects.ts';
import type { TunnelDeps } from './tunnel-deps.ts';

interface DiallerOptions {
  readonly stored: StoredProfile;
  readonly deps: TunnelDeps;
  readonly carrier: Carrier;
  readonly credentials: Credentials;
  readonly person: Person;
  readonly log: Logger;
  readonly onStep: (step: string | undefined) => void;
  readonly onChange: () => void;
  readonly onProof: (association: Association) => void;
  /** Another association, there, is to take its place: one that the profile permits. */
  readonly onRedirect: (association: Association, sentTo: SentTo) => void;
  readonly onMoved: (association: Association) => void;
  readonly onDisowned: (association: Association) => void;
  readonly onReauthenticate: (association: Association) => void;
  readonly onInstalled: (association: Association) => void;
  readonly onDiscard: (kind: 'ike' | 'child', spi: string, why: string, at?: string) => void;
}

interface Dial {
  /** The tunnel was connected before. */
  readonly again: boolean;
  /** Addresses inside that we had, to be asked for once more. */
  readonly addresses: readonly IpAddress[];
  /** Another association of ours is to stay until this one stands: the gateway must not drop it (RFC 7296 §2.4). */
  readonly beside: boolean;
  /** The gateway of the association that stands sends us elsewhere. */
  readonly sentTo?: SentTo | undefined;
  /** Nobody answered what came from our ports. */
  readonly fromOtherPorts?: boolean;
  readonly signal: AbortSignal;
}

/** `from` is who says so. */
export interface SentTo {
  readonly to: RedirectTarget;
  readonly from: { readonly address: string; readonly host: string };
}

export class Dialler {
  readonly #options: DiallerOptions;
  readonly #known: KnownAddresses = new Map();
  /** All that have not left. */
  readonly #associations = new Set<Association>();
  /** The name servers from before the tunnel's own. */
  readonly #outside: Lookup;
  readonly #redirects: Redirects;
  #trying: Association | undefined;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#outside = options.deps.resolver.asNow();
    this.#redirects = new Redirects(options.stored.profile.gateway.redirects ?? [], options.deps.clock);
  }

  /** The association of the attempt under way. */
  get trying(): Association | undefined {
    return this.#trying;
  }

  /** Resolves when a Child SA is in place, or with `undefined` when `signal` ended the search. Throws TunnelError. */
  async dial(dial: Dial): Promise<Negotiated | undefined> {
    const { stored, deps, carrier, credentials, onStep } = this.#options;
    if (dial.fromOtherPorts === true) carrier.renewPorts();
    if (dial.again) carrier.doubt();
    let host = '';
    try {
      const negotiated = await negotiate({
        gateway: dial.sentTo
          ? { ...stored.profile.gateway, addresses: [dial.sentTo.to.value] }
          : stored.profile.gateway,
        from: dial.sentTo?.from,
        redirects: this.#redirects,
        carrier,
        resolver: deps.resolver,
        outside: dial.again ? this.#outside : undefined,
        isPortClosed: deps.isPortClosed,
        routes: deps.effects.routes,
        known: this.#known,
        clock: deps.clock,
        again: dial.again,
        remembered: deps.gatewayAddresses,
        begin: (to) => {
          ({ host } = to);
          return this.#begin(dial, to);
        },
        onStep,
        signal: dial.signal,
      });
      if (negotiated) deps.gatewayAddresses.remember(host, this.#known.get(host) ?? []);
      return negotiated;
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

  expire(spiIn: number, reason: Expiry): void {
    for (const association of this.#associations) {
      if (association.children.has(spiIn)) association.expire(spiIn, reason);
    }
  }

  #onRedirect(association: Association, host: string): void {
    const { sentTo: to, path } = association;
    if (!to || !path) return;
    const from = { address: path.remote.address, host };
    const refusal = this.#redirects.refusal(to, from.address);
    if (refusal) this.#options.log.warn(explain(refusal).sentence);
    else this.#options.onRedirect(association, { to, from });
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

  #begin(dial: Dial, to: Beginning): Association {
    const { stored, deps, carrier, credentials, person, log, ...events } = this.#options;
    const { profile, id } = stored;
    const config = connectionConfig(profile, to.path.local.address, {
      ...deps,
      notAlone: dial.beside || deps.notAlone(),
      psk: credentials.psk,
      ppk: credentials.ppk,
      user: credentials.user,
      password: credentials.password && textOf(credentials.password),
      own: credentials.own,
      authorities: credentials.authorities,
      addresses: dial.addresses,
      retransmitInit: to.retransmitInit,
      ...(this.#redirects.wanted ? { redirect: to.from === undefined ? {} : { from: to.from } } : {}),
    });
    const answers = new Answers({ profile, host: to.host, credentials, person, trust: deps.trust, log });
    const keys = [
      ...[config.authentication, config.remoteAuthentication].flatMap((proof) =>
        proof?.method === 'psk' ? [proof.psk] : [],
      ),
      ...(config.ppk ? [config.ppk.secret] : []),
    ];
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
      onRedirect: () => this.#onRedirect(association, to.host),
      onMoved: () => events.onMoved(association),
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
