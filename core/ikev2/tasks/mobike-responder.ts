/**
 * MOBIKE (RFC 4555) where the peer asks: what an INFORMATIONAL request says of addresses, and the responder's check that its
 * client hears it at the new one. exchanges.ts puts the tasks into exchanges.
 *
 *     <- HDR, SK {N(COOKIE2)}
 *     -> HDR, SK {N(COOKIE2)}
 */
import { concat, equal } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';
import { type IpAddress, parseIp, type Path } from '#core/net/address.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { readAddresses } from '../additional-addresses.ts';
import type { ConnectionConfig } from '../connection-types.ts';
import type { IkeSa } from '../ike-sa.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Payload } from '../payload-types.ts';
import { samePath } from '../whereabouts.ts';
import { judgeCookie, newCookie } from './mobike.ts';
import { compareNat, tellNat } from './natd.ts';
import type { Task } from './task.ts';

const { UPDATE_SA_ADDRESSES, COOKIE2, NO_NATS_ALLOWED, NAT_DETECTION_DESTINATION_IP } = NotifyType;
const { UNACCEPTABLE_ADDRESSES, UNEXPECTED_NAT_DETECTED } = NotifyType;

const ipOf = (address: string): IpAddress => parseIp(address) ?? new Uint8Array();

/** The data of NO_NATS_ALLOWED for a message that arrived over this path (§4.2.6). */
function untranslated({ local, remote }: Path): Uint8Array {
  const ports = new Writer().u16(remote.port).u16(local.port).finish();
  return concat(ipOf(remote.address), ipOf(local.address), ports);
}

/** Why these addresses cannot be taken, as an error notify. */
function objection(config: ConnectionConfig, payloads: readonly Payload[], path: Path): number | undefined {
  const noNats = findNotify(payloads, NO_NATS_ALLOWED);
  if (noNats !== undefined && !equal(noNats.data, untranslated(path))) return UNEXPECTED_NAT_DETECTED;
  const refused = config.role === 'responder' && config.acceptsPath?.(path) === false;
  return refused ? UNACCEPTABLE_ADDRESSES : undefined;
}

/** What the peer says of addresses, and what it wants to know of ours. */
export function addressesTask(): Task {
  let answer: readonly Payload[] = [];
  let moves = false;
  let theirs: readonly IpAddress[] | undefined;
  /** The client alone decides on addresses, and only where MOBIKE was agreed on (§3.5). */
  const mayMove = ({ config, where }: IkeSa): boolean => config.role === 'responder' && where.mobike;
  /** A newer update has been taken under the IKE SA that replaced this one: this one is answered, and that is all (§3.5). */
  const outdated = ({ generation, where }: IkeSa): boolean => generation < where.updatedUnder;
  return {
    name: 'addresses',
    onRequest(exchange, message) {
      const { sa, path } = exchange;
      const { payloads } = message;
      const asked = mayMove(sa) && !outdated(sa) && findNotify(payloads, UPDATE_SA_ADDRESSES) !== undefined;
      const refusal = asked ? objection(sa.config, payloads, path) : undefined;
      moves = asked && refusal === undefined;
      if (asked) sa.where.updatedUnder = sa.generation;
      if (moves) compareNat(exchange, message);
      theirs = readAddresses(payloads);
      const out: Payload[] = [];
      if (refusal !== undefined) out.push(notify(refusal));
      else if (findNotify(payloads, NAT_DETECTION_DESTINATION_IP) !== undefined) tellNat(exchange, out);
      // As it came, whatever its length (§3.7).
      const cookie = findNotify(payloads, COOKIE2);
      if (cookie !== undefined) out.push(notify(COOKIE2, cookie.data.slice()));
      answer = out;
      return undefined;
    },
    response(_exchange, out) {
      out.push(...answer);
    },
    done({ sa, path }) {
      const { where } = sa;
      if (theirs !== undefined && where.mobike) sa.emit({ type: 'peer-addresses', addresses: theirs });
      if (!moves) return undefined;
      // Our messages go there at once; the Child SAs follow when the client has proven that it hears us there (§3.5).
      where.path = path;
      const trusted = sa.config.role === 'responder' && sa.config.returnRoutability === false;
      if (trusted || where.confirmed?.remote.address === path.remote.address) settle(sa);
      else if (where.check === 'no') where.check = 'due';
      return undefined;
    },
  };
}

/** The responder's return routability check (§3.7). */
export function routabilityTask(): Task {
  let cookie: Uint8Array = new Uint8Array();
  let checked: Path | undefined;
  return {
    name: 'return-routability',
    request({ sa, path }, out) {
      sa.where.check = 'no';
      sa.where.checkedUnder = sa.generation;
      checked = path;
      cookie = newCookie(sa);
      out.push(notify(COOKIE2, cookie));
    },
    onResponse: (_exchange, { payloads }) => judgeCookie(payloads, cookie),
    done({ sa }) {
      // Sent to several addresses, it proves none; a newer check follows, or is under way in another IKE SA (§3.7).
      const newest = sa.where.check === 'no' && sa.where.checkedUnder === sa.generation;
      if (newest && samePath(checked, sa.path)) settle(sa);
      return undefined;
    },
  };
}

function settle(sa: IkeSa): void {
  sa.where.confirmed = sa.path;
  sa.emitPath();
}
