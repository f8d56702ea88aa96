/** What becomes of a tunnel when the interface is quit. */
import { describe, expect, it } from 'vitest';
import { type Ask, decideLeaving, disconnectAll } from '#electron/quitting.ts';
import { WORDS } from '#electron/words.ts';

const never = (): Promise<number> => {
  throw new Error('nobody was to be asked');
};

describe('quitting', () => {
  it('asks nobody where no tunnel is up', async () => {
    expect(await decideLeaving({ onQuit: 'ask' }, false, WORDS.en, never)).toBe('keep');
    expect(await decideLeaving({ onQuit: 'disconnect' }, false, WORDS.en, never)).toBe('keep');
  });

  it.each(['keep', 'disconnect'] as const)('does what the settings say: %s', async (onQuit) => {
    expect(await decideLeaving({ onQuit }, true, WORDS.en, never)).toBe(onQuit);
  });

  it.each([
    [0, 'keep', 'Keep the tunnel'],
    [1, 'disconnect', 'Disconnect'],
    [2, 'stay', 'Do not quit'],
    [-1, 'stay', undefined],
  ] as const)('asks: button %i is %s', async (pressed, leaving, label) => {
    let buttons: readonly string[] = [];
    const decided = await decideLeaving({ onQuit: 'ask' }, true, WORDS.en, (question) => {
      ({ buttons } = question);
      expect(question.buttons[question.cancel]).toBe('Do not quit');
      return Promise.resolve(pressed);
    });
    expect(decided).toBe(leaving);
    expect(buttons[pressed]).toBe(label);
  });

  it('says that lockdown outlives the tunnel', async () => {
    const detail = async (lockdownIsOn: boolean): Promise<string> => {
      let said = '';
      const ask: Ask = (question) => {
        said = question.detail;
        return Promise.resolve(0);
      };
      await decideLeaving({ onQuit: 'ask' }, true, WORDS.en, ask, lockdownIsOn);
      return said;
    };
    expect(await detail(true)).toContain('Lockdown stays on');
    expect(await detail(false)).not.toContain('Lockdown');
  });

  it('waits until the tunnels are down, and quits although the helper refuses', async () => {
    let left = 3;
    await disconnectAll(
      () => Promise.reject(new Error('no helper')),
      () => left-- > 0,
    );
    expect(left).toBeLessThan(0);
  });
});
