/** The autostart entry, as desktops read it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { autostart } from '#electron/autostart.ts';

const config = mkdtempSync(join(tmpdir(), 'adit-autostart-'));
afterAll(() => rmSync(config, { recursive: true }));
const file = join(config, 'autostart', 'adit-ui.desktop');
const exec = (): string | undefined => /^Exec=(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1];

describe('starting with the session', () => {
  const login = autostart(config, ['/opt/Adit/adit-ui']);

  it('is off until it is set, and off again', () => {
    expect(login.isOn()).toBe(false);
    login.set(true, { hidden: false });
    expect(login.isOn()).toBe(true);
    expect(exec()).toBe('"/opt/Adit/adit-ui"');
    login.set(true, { hidden: true });
    expect(exec()).toBe('"/opt/Adit/adit-ui" --hidden');
    login.set(false, { hidden: true });
    expect(login.isOn()).toBe(false);
    login.set(false, { hidden: true });
  });

  it('from a clone names the clone, too', () => {
    autostart(config, ['/e/electron', '/home/a b/adit']).set(true, { hidden: true });
    expect(exec()).toBe('"/e/electron" "/home/a b/adit" --hidden');
  });

  it.each(['Hidden=true', 'X-GNOME-Autostart-enabled=false'])('believes the desktop: %s', (line) => {
    login.set(true, { hidden: false });
    writeFileSync(file, `${readFileSync(file, 'utf8')}${line}\n`);
    expect(login.isOn()).toBe(false);
  });

  it('lets no path become a command or a field code', () => {
    autostart(config, ['/home/a "b" $HOME`x`\\c/100%u/Adit.AppImage']).set(true, { hidden: false });
    expect(exec()).toBe('"/home/a \\\\"b\\\\" \\\\$HOME\\\\`x\\\\`\\\\\\\\c/100%%u/Adit.AppImage"');
  });
});
