/**
 * What becomes of tunnels when the interface is quit: they stay, unless the person says otherwise, and quitting never
 * decides that in silence. The tray's items say it themselves; everything else comes here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from './settings.ts';
import type { Words } from './words.ts';

export type Leaving = 'keep' | 'disconnect' | 'stay';

/** Shows a question with these buttons; resolves with the place of the one that was pressed. */
export type Ask = (question: {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly string[];
  readonly cancel: number;
}) => Promise<number>;

const ANSWERS: readonly Leaving[] = ['keep', 'disconnect', 'stay'];

/** Asks only where there is something to decide and the settings leave it open. */
export async function decideLeaving(
  { onQuit }: Pick<Settings, 'onQuit'>,
  anyActive: boolean,
  { quitQuestion }: Pick<Words, 'quitQuestion'>,
  ask: Ask,
  lockdownIsOn = false,
): Promise<Leaving> {
  if (!anyActive) return 'keep';
  if (onQuit !== 'ask') return onQuit;
  const { message, keep, disconnect, cancel } = quitQuestion;
  const detail = lockdownIsOn ? `${quitQuestion.detail} ${quitQuestion.lockdown}` : quitQuestion.detail;
  const pressed = await ask({ message, detail, buttons: [keep, disconnect, cancel], cancel: 2 });
  return ANSWERS[pressed] ?? 'stay';
}

/** Longest wait for tunnels to end before quitting. */
const DISCONNECT_WITHIN_MS = 5_000;

export async function disconnectAll(down: () => Promise<unknown>, anyActive: () => boolean): Promise<void> {
  await down().catch(() => undefined);
  for (let left = DISCONNECT_WITHIN_MS; anyActive() && left > 0; left -= 100) await sleep(100);
}
