/**
 * Child SAs for tests: a text form that travels as JSON, and pairs of SAs that face each other with keys made of a name.
 * Used by the unit tests of core/esp and helper/native, and by data-plane-host.ts.
 */
import { hkdfSync } from 'node:crypto';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { EspSuite } from '#core/crypto/interfaces.ts';
import { parseProposal } from '#core/crypto/keywords.ts';
import { espSuiteOf } from '#core/crypto/suite.ts';
import type { ChildSa, DirectionKeys } from '#core/esp/child-sa.ts';
import { parseTrafficSelector, type TrafficSelector } from '#core/ike/traffic-selector.ts';

/** A ChildSa as a person would write it. */
export interface ChildText {
  readonly spiIn: number;
  readonly spiOut: number;
  /** Such as `aes256gcm16-esn`. */
  readonly esp: string;
  /** What the keys are made of: the same names at the other end, crossed. */
  readonly keyIn: string;
  readonly keyOut: string;
  readonly replayWindow?: number;
  readonly local?: readonly string[];
  readonly remote?: readonly string[];
  readonly maxBytes?: number;
  readonly maxPackets?: number;
  readonly lifetimeSec?: number;
}

const EVERYTHING = ['0.0.0.0/0', '::/0'];

export function suite(esp: string): EspSuite {
  const found = espSuiteOf(parseProposal(esp, 'ESP'));
  if (!found) throw new Error(`${esp} is not one suite`);
  return found;
}

export function selector(text: string): TrafficSelector {
  const parsed = parseTrafficSelector(text);
  if (parsed?.kind !== 'fixed') throw new Error(`${text} is not a selector`);
  return parsed.selector;
}

/** Keys of the right lengths for a suite, always the same for a name. */
export function keysNamed(name: string, { encryption, integrity }: EspSuite): DirectionKeys {
  const derive = (part: string, length: number): Uint8Array =>
    length === 0 ? EMPTY : new Uint8Array(hkdfSync('sha256', name, '', part, length));
  return {
    encryption: derive('encryption', encryption.keyBytes + encryption.saltBytes),
    integrity: derive('integrity', integrity?.keyBytes ?? 0),
  };
}

export function childFromText(text: ChildText): ChildSa {
  const espSuite = suite(text.esp);
  return {
    spiIn: text.spiIn,
    spiOut: text.spiOut,
    mode: 'tunnel',
    suite: espSuite,
    keysIn: keysNamed(text.keyIn, espSuite),
    keysOut: keysNamed(text.keyOut, espSuite),
    replayWindow: text.replayWindow ?? 64,
    localTs: (text.local ?? EVERYTHING).map(selector),
    remoteTs: (text.remote ?? EVERYTHING).map(selector),
    encapsulation: 'udp',
    hardLimit: {
      ...(text.maxBytes !== undefined && { bytes: BigInt(text.maxBytes) }),
      ...(text.maxPackets !== undefined && { packets: BigInt(text.maxPackets) }),
    },
    ...(text.lifetimeSec !== undefined && { lifetimeSec: text.lifetimeSec }),
  };
}

/** The other end of an SA. */
export function facing(text: ChildText): ChildText {
  return {
    ...text,
    spiIn: text.spiOut,
    spiOut: text.spiIn,
    keyIn: text.keyOut,
    keyOut: text.keyIn,
    ...(text.remote && { local: text.remote }),
    ...(text.local && { remote: text.local }),
  };
}
