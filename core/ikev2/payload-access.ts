/** How tasks pick payloads out of a message and make the small ones. Message rules have already counted them. */
import { EMPTY } from '#core/bytes/bytes.ts';
import { isErrorNotify } from '#core/registry/notify-types.ts';
import type { Payload, PayloadKind, PayloadOf } from './payload-types.ts';

export type NotifyPayload = PayloadOf<'N'>;

/** The first payload of a kind. */
export function find<K extends PayloadKind>(payloads: readonly Payload[], kind: K): PayloadOf<K> | undefined {
  return payloads.find((payload): payload is PayloadOf<K> => payload.kind === kind);
}

export function findAll<K extends PayloadKind>(payloads: readonly Payload[], kind: K): PayloadOf<K>[] {
  return payloads.filter((payload): payload is PayloadOf<K> => payload.kind === kind);
}

export function findNotify(payloads: readonly Payload[], type: number): NotifyPayload | undefined {
  return findAll(payloads, 'N').find((notify) => notify.type === type);
}

/** The first notify that reports an error (§3.10.1). */
export function findError(payloads: readonly Payload[]): NotifyPayload | undefined {
  return findAll(payloads, 'N').find((notify) => isErrorNotify(notify.type));
}

/** A notify about the IKE SA: no protocol, no SPI (§3.10). */
export function notify(type: number, data: Uint8Array = EMPTY): NotifyPayload {
  return { kind: 'N', type, protocol: 0, spi: EMPTY, data };
}
