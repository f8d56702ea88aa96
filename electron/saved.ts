/**
 * What the interface remembers between starts, as JSON in the user's own folder: where the window was, and the
 * settings. A file that is absent or damaged counts as the defaults. main.ts reads and writes it.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { settingsSchema } from './settings.ts';

/** The narrowest the views are drawn for. */
export const MIN_SIZE = { width: 360, height: 480 } as const;

const boundsSchema = z.object({
  x: z.int().optional(),
  y: z.int().optional(),
  width: z.int().min(MIN_SIZE.width).max(10_000).catch(380),
  height: z.int().min(MIN_SIZE.height).max(10_000).catch(640),
});
export type Bounds = z.infer<typeof boundsSchema>;

const savedSchema = z.object({
  window: boundsSchema.catch({ width: 380, height: 640 }),
  settings: settingsSchema.catch(settingsSchema.parse({})),
});
export type Saved = z.infer<typeof savedSchema>;

export function readSaved(file: string): Saved {
  try {
    return savedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return savedSchema.parse({ window: undefined });
  }
}

export function writeSaved(file: string, saved: Saved): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(saved), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Enough of the title bar to take hold of it. */
const VISIBLE = 48;

/** `bounds` without its place where no screen shows it any more: then the system chooses. */
export function onScreen({ x, y, width, height }: Bounds, screens: readonly Area[]): Bounds {
  if (x === undefined || y === undefined) return { width, height };
  const seen = screens.some(
    (area) =>
      x + width >= area.x + VISIBLE &&
      x <= area.x + area.width - VISIBLE &&
      y >= area.y &&
      y <= area.y + area.height - VISIBLE,
  );
  return seen ? { x, y, width, height } : { width, height };
}
