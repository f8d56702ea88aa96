/** What becomes of the repair: one constant command, and an outcome for everything that sudo-prompt may answer. */
import { describe, expect, it } from 'vitest';
import { commandByHand, type Elevate, repair } from '#electron/repair.ts';

const answering =
  (message?: string, code?: number): Elevate =>
  (_command, _options, done) =>
    done(message === undefined ? undefined : Object.assign(new Error(message), { code }));

describe('the repair', () => {
  it('runs one command, of absolute paths and constants alone', async () => {
    const commands: string[] = [];
    const elevate: Elevate = (command, _options, done) => {
      commands.push(command);
      done();
    };
    expect(await repair(elevate, () => true)).toEqual({ outcome: 'started' });
    expect(commands).toEqual(['/usr/bin/systemctl restart aditd.service']);
  });

  it.each([
    ['User did not grant permission.', 126, 'cancelled'],
    ['User did not grant permission.', 127, 'refused'],
    ['No polkit authentication agent found.', 127, 'impossible'],
    ['Unable to find pkexec or kdesudo.', undefined, 'impossible'],
    ['Command failed: Job for aditd.service failed', 1, 'failed'],
  ])('%s (%s): %s', async (message, code, outcome) => {
    expect(await repair(answering(message, code), () => true)).toEqual({ outcome, detail: message });
  });

  it('asks nobody where there is no service', async () => {
    const never: Elevate = () => expect.fail('somebody was asked');
    expect(await repair(never, () => false)).toMatchObject({ outcome: 'impossible' });
  });
});

it('by hand is the helper of the package, or of the clone', () => {
  const where = { appPath: '/home/a b/adit', resourcesPath: '/opt/Adit/resources' };
  expect(commandByHand({ ...where, isPackaged: true })).toBe(
    'sudo "/opt/Adit/resources/bin/aditd" --foreground',
  );
  expect(commandByHand({ ...where, isPackaged: false })).toBe(
    'sudo "/home/a b/adit/helper/aditd" --foreground',
  );
});
