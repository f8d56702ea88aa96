/** Dropped, pasted or chosen files to what the helper takes. Bounds are checked before anything is read. */
import { toBase64 } from '#core/bytes/base64.ts';
import { printable } from '#core/text/printable.ts';
import { bytes } from '../../format/units.ts';
import type { Text } from '../../i18n/text.ts';
import type { ImportFile } from '../../stores/profiles.ts';

/** As the contract says. */
const MOST_FILES = 8;
/** What a frame to the helper holds as base64, with room for the rest. */
export const MOST_OCTETS = 180 * 1024;

/** The parts of a DOM `File` that are used. */
export interface ReadableFile {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export type ReadResult =
  | { readonly ok: true; readonly files: readonly ImportFile[] }
  | { readonly ok: false; readonly names: readonly string[]; readonly message: string };

export async function readFiles(
  given: readonly ReadableFile[],
  t: Text,
  locale: string,
): Promise<ReadResult> {
  const names = given.slice(0, MOST_FILES).map(({ name }) => printable(name, 80));
  const refuse = (message: string): ReadResult => ({ ok: false, names, message });
  if (given.length === 0) return refuse(t('import.nothing'));
  if (given.length > MOST_FILES) return refuse(t('import.too-many', { most: MOST_FILES }));
  let room = MOST_OCTETS;
  for (const { name, size } of given) {
    room -= size;
    if (room < 0) {
      const most = bytes(MOST_OCTETS, locale);
      return refuse(t('import.too-large', { name: printable(name, 80), size: bytes(size, locale), most }));
    }
  }
  const files: ImportFile[] = [];
  for (const file of given) {
    try {
      const content = new Uint8Array(await file.arrayBuffer());
      files.push({ name: file.name.slice(0, 255), content: toBase64(content) });
    } catch {
      // A folder, or a file that is gone.
      return refuse(t('import.unreadable', { name: printable(file.name, 80) }));
    }
  }
  return { ok: true, files };
}
