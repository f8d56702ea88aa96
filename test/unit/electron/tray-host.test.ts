/** What the programs say about the tray (as seen of busctl 252 and gdbus 2.74), and what is made of it. */
import { describe, expect, it } from 'vitest';
import { type Ask, trayHost } from '#electron/tray-host.ts';

type Said = Awaited<ReturnType<Ask>>;

const MISSING: Said = { code: 'ENOENT', text: '' };

function saying(busctl: Said, gdbus: Said): { ask: Ask; asked: string[] } {
  const asked: string[] = [];
  const ask: Ask = (program) => {
    asked.push(program);
    return Promise.resolve(program.endsWith('busctl') ? busctl : gdbus);
  };
  return { ask, asked };
}

describe('the tray', () => {
  it.each<[string, Said, Said, Awaited<ReturnType<typeof trayHost>>]>([
    ['busctl knows one', { code: 0, text: 'b true\n' }, MISSING, 'present'],
    ['a watcher without a host', { code: 0, text: 'b false\n' }, MISSING, 'absent'],
    [
      'nobody watches',
      {
        code: 1,
        text: 'Failed to get property: The name org.kde.StatusNotifierWatcher was not provided by any .service files\n',
      },
      MISSING,
      'absent',
    ],
    ['only gdbus is there', MISSING, { code: 0, text: '(<true>,)\n' }, 'present'],
    [
      'gdbus finds nobody',
      MISSING,
      {
        code: 1,
        text: 'Error: GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: The name is not activatable\n',
      },
      'absent',
    ],
    [
      'no bus',
      { code: 1, text: 'Failed to connect to bus: No such file or directory\n' },
      MISSING,
      'unknown',
    ],
    ['neither program', MISSING, MISSING, 'unknown'],
    ['both hang', { code: 'timeout', text: '' }, { code: 'timeout', text: '' }, 'unknown'],
  ])('%s', async (_, busctl, gdbus, known) => {
    expect(await trayHost(saying(busctl, gdbus).ask)).toBe(known);
  });

  it('asks the second only where the first knows nothing', async () => {
    const { ask, asked } = saying({ code: 0, text: 'b true' }, MISSING);
    await trayHost(ask);
    expect(asked).toEqual(['/usr/bin/busctl']);
  });
});
