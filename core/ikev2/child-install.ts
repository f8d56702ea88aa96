/** Turns a negotiated Child SA into keys (RFC 7296 §2.17) and hands it to the driver. The child tasks call it. */
import type { EspSuite } from '#core/crypto/interfaces.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { ChildConfig } from './connection-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { logChildKeys } from './key-log.ts';
import { deriveChildKeys } from './key-material.ts';

export interface NegotiatedChild {
  readonly config: ChildConfig;
  readonly suite: EspSuite;
  readonly spiIn: number;
  readonly spiOut: number;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
}

/** Emits `child-installed`. The keys belong to whoever drains the event: the IKE SA keeps no copy. */
export function installChild(sa: IkeSa, now: number, negotiated: NegotiatedChild): void {
  if (sa.suite === undefined || sa.keys === undefined) throw new Error('a Child SA before the keys');
  const { config, suite, spiIn, spiOut, localTs, remoteTs } = negotiated;
  const keys = deriveChildKeys({
    prf: sa.suite.prf,
    skD: sa.keys.skD,
    suite,
    nonceI: sa.nonceI,
    nonceR: sa.nonceR,
  });
  const child: ChildSa = {
    spiIn,
    spiOut,
    mode: 'tunnel',
    suite,
    // The peer's direction is what comes in.
    keysIn: sa.isInitiator ? keys.fromResponder : keys.fromInitiator,
    keysOut: sa.isInitiator ? keys.fromInitiator : keys.fromResponder,
    replayWindow: config.replayWindow,
    localTs,
    remoteTs,
    encapsulation: sa.encapsulated ? 'udp' : 'none',
    hardLimit: config.hardLimit,
  };
  const expires = config.lifetimeSec === undefined ? {} : { expiresAt: now + config.lifetimeSec * 1000 };
  sa.addChild({ name: config.name, spiIn, spiOut, deleteSent: false, ...expires });
  logChildKeys(sa, config.name, child);
  sa.emit({ type: 'child-installed', name: config.name, child, ...expires });
}
