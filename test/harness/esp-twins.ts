/** The two implementations of ESP behind one interface, so that a test says once what both must do. */
import { randomBytes } from 'node:crypto';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { type EspCodec, EspSa } from '#core/esp/sa.ts';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';

interface EspTwin {
  readonly name: string;
  readonly open: (child: ChildSa) => EspCodec;
}

const native = linuxPlatform(process.env.ADIT_NATIVE);

export const ESP_TWINS: readonly EspTwin[] = [
  { name: 'core/esp', open: (child) => new EspSa(child, (length) => new Uint8Array(randomBytes(length))) },
  { name: 'native', open: (child) => native.openEspCodec(child) },
];

/** The packet of a result that must be `ok`. */
export function okPacket(result: { readonly reason: string; readonly packet?: Uint8Array }): Uint8Array {
  if (result.reason !== 'ok' || !result.packet) throw new Error(`not ok but ${result.reason}`);
  return result.packet;
}
