/** Turns a negotiated Child SA into keys (RFC 7296 §2.17) and hands it to the driver. The child tasks call it. */
import type { EspSuite } from '#core/crypto/interfaces.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { ChildConfig } from './connection-types.ts';
import { type Child, type IkeSa, newChild } from './ike-sa.ts';
import { logChildKeys } from './key-log.ts';
import { deriveChildKeys, type Nonces } from './key-material.ts';
import { deadlines, softUsage } from './lifetimes.ts';

export interface NegotiatedChild {
  readonly config: ChildConfig;
  readonly suite: EspSuite;
  readonly spiIn: number;
  readonly spiOut: number;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
}

/** What only a CREATE_CHILD_SA exchange has. */
interface OwnExchange extends Nonces {
  /** We began it. */
  readonly initiated: boolean;
  /** Of its own key exchanges, where there were any: g^ir and those of additional ones. */
  readonly secrets?: readonly Uint8Array[];
  /** The inbound SPI of the Child SA that is replaced. */
  readonly replaces?: number;
  readonly standby?: boolean;
}

/** Emits `child-installed`. The keys belong to whoever drains the event: the IKE SA keeps no copy. */
export function installChild(
  sa: IkeSa,
  now: number,
  negotiated: NegotiatedChild,
  exchange: OwnExchange = { initiated: sa.isInitiator, nonceI: sa.nonceI, nonceR: sa.nonceR },
): Child {
  if (sa.suite === undefined || sa.keys === undefined) throw new Error('a Child SA before the keys');
  const { config, suite, spiIn, spiOut, localTs, remoteTs } = negotiated;
  const [secret, ...further] = exchange.secrets ?? [];
  const keys = deriveChildKeys({
    prf: sa.suite.prf,
    skD: sa.keys.skD,
    suite,
    nonceI: exchange.nonceI,
    nonceR: exchange.nonceR,
    ...(secret === undefined ? {} : { secret, further }),
  });
  const child: ChildSa = {
    spiIn,
    spiOut,
    mode: 'tunnel',
    suite,
    // The peer's direction is what comes in.
    keysIn: exchange.initiated ? keys.fromResponder : keys.fromInitiator,
    keysOut: exchange.initiated ? keys.fromInitiator : keys.fromResponder,
    replayWindow: config.replayWindow,
    localTs,
    remoteTs,
    encapsulation: sa.encapsulated ? 'udp' : 'none',
    hardLimit: config.hardLimit,
    ...(config.lifetimeSec === undefined ? {} : { lifetimeSec: config.lifetimeSec }),
  };
  const ends = deadlines(sa.config, now, config.lifetimeSec);
  const softLimit = softUsage(sa.config, config, suite.esn);
  const remembered = newChild({ config, spiIn, spiOut, localTs, remoteTs, softLimit, ...ends });
  sa.addChild(remembered);
  logChildKeys(sa, config.name, child);
  sa.emit({
    type: 'child-installed',
    name: config.name,
    child,
    ...(exchange.replaces === undefined ? {} : { replaces: exchange.replaces }),
    ...(exchange.standby === true ? { standby: true } : {}),
    softLimit,
    ...ends,
  });
  return remembered;
}
