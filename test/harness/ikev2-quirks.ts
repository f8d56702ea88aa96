/** Gateways with a habit: our responder, bent in one place. test/unit/ikev2/quirks.test.ts plays the rows of the table with them. */
import { Writer } from '#core/bytes/writer.ts';
import { decodeMessage, encodeMessage } from '#core/ikev2/message.ts';
import type { IkeHeader, Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { Direction } from './ikev2-drawing.ts';
import { Forge, notifyPayload } from './ikev2-forge.ts';
import { type Ikev2Pair, RESPONDER_ADDRESS } from './ikev2-pair.ts';

const { IKE_AUTH, CREATE_CHILD_SA } = ExchangeType;

export const has = (payloads: readonly Payload[], kind: Payload['kind']): boolean =>
  payloads.some((payload) => payload.kind === kind);

/** Changes the payloads of messages of one exchange and direction on their way. */
export function bend(
  pair: Ikev2Pair,
  at: { readonly exchange: number; readonly response: boolean; readonly direction: Direction },
  change: (payloads: readonly Payload[]) => readonly Payload[] | 'drop' | undefined,
): void {
  new Forge(pair).rewrite(({ header, payloads }, direction) =>
    header.exchange === at.exchange && header.response === at.response && direction === at.direction
      ? change(payloads)
      : undefined,
  );
}

/** The gateway's answer to IKE_AUTH says something else, or more. */
export const bendAuth = (
  pair: Ikev2Pair,
  change: (payloads: readonly Payload[]) => readonly Payload[],
): void => bend(pair, { exchange: IKE_AUTH, response: true, direction: 'R -> I' }, change);

/** The gateway's answer to IKE_SA_INIT is another one, and it signs that. */
export function bendInit(
  pair: Ikev2Pair,
  change: (payloads: readonly Payload[]) => readonly Payload[],
  header: Partial<IkeHeader> = {},
): void {
  pair.link.tamper = (flying) => {
    const decoded = decodeMessage(flying.bytes);
    if (decoded.outcome !== 'ok' || flying.source.address !== RESPONDER_ADDRESS) return [flying];
    const { message } = decoded;
    const bytes = encodeMessage({ ...message.header, ...header }, change(message.payloads));
    pair.responder.life.sa.initResponse = bytes;
    return [{ ...flying, bytes }];
  };
}

/** The gateway refuses requests for Child SAs for which `refuses` says so, with this notify. */
export function refuseChildren(
  pair: Ikev2Pair,
  refuses: (payloads: readonly Payload[]) => boolean,
  notify: { readonly type: number; readonly group?: number },
): void {
  const forge = new Forge(pair);
  const doomed = new Set<number>();
  const data = notify.group === undefined ? undefined : new Writer().u16(notify.group).finish();
  forge.rewrite(({ header, payloads }, direction) => {
    if (header.exchange !== CREATE_CHILD_SA) return undefined;
    const ours = (direction === 'I -> R') !== header.response;
    if (!ours) return undefined;
    if (header.response)
      return doomed.delete(header.messageId) ? [notifyPayload(notify.type, data)] : undefined;
    if (!has(payloads, 'TSi') || !refuses(payloads)) return undefined;
    doomed.add(header.messageId);
    // Our responder does not know this Child SA, so nothing comes of it over there.
    return payloads.map((payload) =>
      payload.kind === 'N' ? { ...payload, spi: Uint8Array.of(1, 1, 1, 1) } : payload,
    );
  });
}
