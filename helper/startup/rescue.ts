/**
 * `aditd --rescue`: where the helper does not come up, ends lockdown and undoes what a former one left. Needs neither the
 * addon nor a socket, and nothing of what the files say but the journal's entries. What fails is told with its remedy, and
 * the rest is done all the same. main.ts calls it; `adit doctor --rescue` starts it.
 */
import { SystemFailure } from '../effects/effects.ts';
import { exists } from '../effects/files.ts';
import { JournalFile, undoAll } from '../effects/journal-file.ts';
import { linuxEffects, linuxLockdown, type LinuxSystem } from '../effects/linux.ts';
import { startPath } from '../effects/lockdown/linux.ts';
import { lockdownStands } from '../effects/lockdown/stands.ts';
import { wishPath } from '../lockdown/kept-wish.ts';
import { messageOf } from '../log/log.ts';
import { removeWhole } from '../whole-file.ts';
import { privateDirectory } from './directories.ts';
import { lock, LockError, runningHelper } from './lock.ts';

interface RescueDeps {
  readonly system: LinuxSystem;
  /** A line for each thing that was done. */
  readonly say: (line: string) => void;
  /** A line for each that failed, or that somebody should know. */
  readonly complain: (line: string) => void;
}

/** Whether nothing failed. Throws LockError where a helper runs. */
export async function rescue({ system, say, complain }: RescueDeps): Promise<boolean> {
  const { stateDir } = system.paths;
  const outcome = { done: 0, failed: 0 };
  const did = (line: string): void => {
    outcome.done++;
    say(line);
  };
  /** `remedy` is for what brings none of its own. */
  const attempt = async (what: string, step: () => unknown, remedy?: string): Promise<void> => {
    try {
      await step();
    } catch (error) {
      if (error instanceof LockError) throw error;
      outcome.failed++;
      complain(`${what}: ${sentence(error, remedy)}`);
    }
  };

  let trusted = false;
  let unlock = (): void => undefined;
  // Lockdown can stand although somebody has removed the directory.
  if (exists(system.files, stateDir)) {
    await attempt('What the state directory holds is left alone', () => {
      privateDirectory(stateDir);
      trusted = true;
    });
    // A full disk takes no lock, and must not keep anybody in lockdown.
    if (trusted)
      await attempt(
        'No lock can be taken',
        () => (unlock = exclusive(stateDir)),
        'Make room on the disk, or look what is wrong with it',
      );
  }
  try {
    // First: until the rest is undone, nothing leaves beside it.
    if (trusted)
      await attempt(
        'The journal cannot be undone',
        () => undoJournal(system, did, complain, outcome),
        'Restart the computer: no change outlives that but what stands in /etc/resolv.conf',
      );
    const files = [wishPath(stateDir), startPath(stateDir)].filter(
      (path) => trusted && exists(system.files, path),
    );
    for (const path of files) {
      await attempt(
        `${path} cannot be removed, so lockdown comes back`,
        () => {
          removeWhole(path, system.files);
          did(`removed ${path}`);
        },
        'Remove it by hand',
      );
    }
    await attempt('The rules of lockdown may stand', () => endLockdown(system, files.length > 0, did));
  } finally {
    unlock();
  }
  if (outcome.done + outcome.failed === 0) say('nothing was left, and lockdown is off');
  return outcome.failed === 0;
}

function exclusive(stateDir: string): () => void {
  const pid = runningHelper(stateDir);
  if (pid === undefined) return lock(stateDir);
  throw new LockError(
    `a helper (pid ${pid}) runs with the state directory ${stateDir}: "adit lockdown off" ends lockdown; where it does not ` +
      `answer, stop it (systemctl stop aditd, or kill ${pid}) and try again`,
  );
}

async function undoJournal(
  system: LinuxSystem,
  did: (line: string) => void,
  complain: (line: string) => void,
  outcome: { failed: number },
): Promise<void> {
  const { journal, warnings } = JournalFile.open(system.paths.stateDir, system.files);
  for (const warning of warnings) complain(warning);
  outcome.failed += await undoAll(journal, linuxEffects(system), {
    info: did,
    warn: complain,
    error: complain,
  });
}

async function endLockdown(system: LinuxSystem, wasOn: boolean, did: (line: string) => void): Promise<void> {
  if (wasOn && system.runner.find('nft') === undefined) {
    throw new SystemFailure(
      'nobody can tell',
      'nft is missing',
      'apt-get install nftables and try again, or restart the computer',
    );
  }
  const stood = await lockdownStands(system.runner);
  await linuxLockdown(system).undo(wasOn);
  if (stood) did('removed the rules of lockdown: what no tunnel takes may leave again');
}

function sentence(error: unknown, remedy?: string): string {
  if (error instanceof SystemFailure) return `${error.message}. ${error.remedy}`;
  return remedy === undefined ? messageOf(error) : `${messageOf(error)}. ${remedy}`;
}
