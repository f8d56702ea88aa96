/**
 * Test vectors that lie beside the project, in /work/shared/vectors. The project does not depend on them: a suite that
 * wants them is skipped, with a printed reason, where they are absent.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const ROOT = '/work/shared/vectors';

/** A `describe` that hands its body a reader of one folder's JSON files (`.gz` unpacked), or is skipped. */
export function describeWithVectors(
  folder: string,
  body: (readJson: (file: string) => unknown) => void,
): void {
  const path = `${ROOT}/${folder}`;
  const present = existsSync(path);
  if (!present) console.warn(`skipped: vectors/${folder} are not on this machine (${path})`);
  describe.skipIf(!present)(`vectors/${folder}`, () => {
    it('are on this machine', () => expect(existsSync(path)).toBe(true));
    if (present) body(readJson);
  });

  function readJson(file: string): unknown {
    const bytes = readFileSync(`${path}/${file}`);
    return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
  }
}
