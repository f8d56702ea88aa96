/**
 * The key exchange of IKE_SA_INIT and CREATE_CHILD_SA: which group, and INVALID_KE_PAYLOAD (RFC 7296 §1.2, §1.3, §2.7). The initiator
 * guesses a group; the responder may name another one of the proposal. init, create-child and rekey-ike carry the payloads.
 */
import { type RandomBytes, wipe } from '#core/bytes/bytes.ts';
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { KeyExchangeError, type KeyExchangeInProgress } from '#core/crypto/interfaces.ts';
import { keyExchangeRow } from '#core/crypto/key-exchange.ts';
import type { Failure } from '#core/failure/failure.ts';
import { isAdditional, type Proposal } from '#core/ike/proposal.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import type { IkeSa } from '../ike-sa.ts';
import { findNotify, notify, type NotifyPayload } from '../payload-access.ts';
import type { Payload, PayloadOf } from '../payload-types.ts';
import type { Task } from './task.ts';

const { KE } = transformTypes.byName;
const { NONE } = keyExchangeMethods.byName;

/** The key exchange methods of proposals, in their order, each once. */
export function groupsOf(proposals: readonly Proposal[]): number[] {
  const transforms = proposals.flatMap((proposal) => proposal.transforms);
  return [...new Set(transforms.filter(({ type }) => type === KE).map(({ id }) => id))];
}

/** Whether one of the proposals has key exchanges beyond the first (RFC 9370), or may have. */
export const namesAdditional = (proposals: readonly Proposal[]): boolean =>
  proposals.some(({ transforms }) => transforms.some(isAdditional));

/** Those that can do without such, and do; in the others one is demanded. */
export const withoutAdditional = (proposals: readonly Proposal[]): Proposal[] =>
  proposals.flatMap((proposal) => {
    const { transforms } = proposal;
    const additional = transforms.filter(isAdditional);
    const optional = (type: number) => additional.some((one) => one.type === type && one.id === NONE);
    if (!additional.every(({ type }) => optional(type))) return [];
    return [{ ...proposal, transforms: transforms.filter((transform) => !isAdditional(transform)) }];
  });

/** The key exchange methods with the shortest public value first: the one that a datagram has room for. */
export const byShareSize = (groups: readonly number[]): number[] =>
  groups.toSorted((a, b) => shareBytes(a) - shareBytes(b));

const shareBytes = (group: number): number => keyExchangeRow(group)?.publicBytes.initiator ?? 0;

/** The keyword, where there is one. */
export const groupName = (id: number): string => keyExchangeRow(id)?.keyword ?? keyExchangeMethods.nameOf(id);

/**
 * The initiator's side: one group at a time, each at most once; an additional key exchange has one alone. Holds the private
 * value until it is used.
 */
export class GroupChoice {
  readonly #random: RandomBytes;
  readonly #groups: readonly number[];
  readonly #tried: Set<number>;
  #group: number;
  #inProgress: KeyExchangeInProgress | undefined;

  /** The first of `tried` begins, else the first of `groups`; the others of `tried` are refused already. */
  constructor(random: RandomBytes, groups: readonly number[], tried: readonly number[] = []) {
    const [first] = [...tried, ...groups];
    if (first === undefined) throw new Error('a choice without a key exchange method');
    this.#random = random;
    this.#groups = groups;
    this.#tried = new Set(tried);
    this.#group = first;
  }

  /** For a choice that goes on where this one stands. */
  get tried(): readonly number[] {
    return [this.#group, ...[...this.#tried].filter((group) => group !== this.#group)];
  }

  get group(): number {
    return this.#group;
  }

  /** The KE payload; the same octets again when a cookie makes us repeat the request (§2.6). */
  payload(): Payload {
    this.#tried.add(this.#group);
    this.#inProgress ??= keyExchangeRow(this.#group)?.initiate(this.#random);
    if (this.#inProgress === undefined) throw new Error(`key exchange method ${this.#group} has no row`);
    return { kind: 'KE', group: this.#group, data: this.#inProgress.publicData };
  }

  /** Takes up the group that the peer asks for, or says why not. */
  change(asked: number): Failure | undefined {
    // "In a circle": somebody on the way could keep us computing with forged notifies.
    if (!this.#groups.includes(asked) || this.#tried.has(asked)) {
      return { cause: 'invalid-ke', wanted: this.#groups.map(groupName), asked: groupName(asked) };
    }
    this.#group = asked;
    this.#inProgress = undefined;
    return undefined;
  }

  /** The shared secret, or a sentence on why there is none. A value outside its group keeps our private value. */
  finish(peer: PayloadOf<'KE'>): Uint8Array | string {
    if (peer.group !== this.#group) return `answered with group ${peer.group} in place of ${this.#group}`;
    if (this.#inProgress === undefined) return 'the key exchange is over';
    try {
      const secret = this.#inProgress.finish(peer.data);
      this.#inProgress = undefined;
      return secret;
    } catch (error) {
      if (error instanceof KeyExchangeError) return error.message;
      throw error;
    }
  }
}

/** The responder's side in one step; a sentence where the peer's value is not of the group. */
export function respondTo(
  sa: IkeSa,
  peer: PayloadOf<'KE'>,
): { readonly publicData: Uint8Array; readonly secret: Uint8Array } | string {
  const row = keyExchangeRow(peer.group);
  if (row === undefined) return `group ${peer.group} is unknown`;
  try {
    return row.respond(sa.config.random, peer.data);
  } catch (error) {
    if (error instanceof KeyExchangeError) return error.message;
    throw error;
  }
}

/** INVALID_KE_PAYLOAD with the group that is wanted (§3.10.1: two octets). */
export const invalidKe = (group: number): Payload =>
  notify(NotifyType.INVALID_KE_PAYLOAD, new Writer().u16(group).finish());

/** The group that an INVALID_KE_PAYLOAD names; without one it is noise. */
export const wantedGroup = ({ data }: NotifyPayload): number | undefined =>
  data.length === 2 ? new Reader(data).u16('group') : undefined;

/** Initiator: reads INVALID_KE_PAYLOAD in the answer to IKE_SA_INIT. */
export function invalidKeTask(choice: GroupChoice): Task {
  return {
    name: 'ke',
    onResponse(_exchange, { payloads }) {
      const refused = findNotify(payloads, NotifyType.INVALID_KE_PAYLOAD);
      if (refused === undefined) return undefined;
      const group = wantedGroup(refused);
      if (group === undefined) return { ruling: 'drop', counter: 'malformed' };
      // We ask with this group already: where the one before went out more than once, each of them is answered.
      const patient = group === choice.group && choice.tried.length > 1;
      const failure = choice.change(group);
      return failure === undefined ? { ruling: 'repeat' } : { ruling: 'doubt', failure, patient };
    },
  };
}

/** Runs `use` and wipes the secrets that it works with, whatever happens. */
export function spend<T>(secrets: readonly Uint8Array[], use: () => T): T {
  try {
    return use();
  } finally {
    wipe(...secrets);
  }
}
