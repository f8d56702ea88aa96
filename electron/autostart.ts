/**
 * Starting with the desktop session, by the XDG autostart entry that every Linux desktop reads; the entry is the truth, so
 * that what the desktop's own settings did to it counts. Electron has no login items on Linux. main.ts uses it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'adit-ui.desktop';

export interface Autostart {
  readonly isOn: () => boolean;
  /** Throws where the entry cannot be written. */
  readonly set: (on: boolean, options: { readonly hidden: boolean }) => void;
}

/**
 * `config`: the person's configuration folder (`~/.config`). `command`: what starts the interface, an absolute path and
 * its arguments.
 */
export function autostart(config: string, command: readonly string[]): Autostart {
  const folder = join(config, 'autostart');
  const file = join(folder, NAME);
  return {
    isOn() {
      try {
        // A desktop turns an entry off by marking it, not only by removing it.
        return !/^(Hidden=true|X-GNOME-Autostart-enabled=false)\s*$/m.test(readFileSync(file, 'utf8'));
      } catch {
        return false;
      }
    },
    set(on, { hidden }) {
      if (!on) {
        rmSync(file, { force: true });
        return;
      }
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, entry(command, hidden), { mode: 0o644 });
    },
  };
}

function entry(command: readonly string[], hidden: boolean): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Adit',
    `Exec=${command.map(quoted).join(' ')}${hidden ? ' --hidden' : ''}`,
    'Icon=adit-ui',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/** As the Desktop Entry Specification wants it: in quotes, with its four marks escaped twice and `%` doubled. */
function quoted(path: string): string {
  const inQuotes = path.replace(/["`$\\]/g, (mark) => `\\${mark}`).replaceAll('%', '%%');
  return `"${inQuotes.replaceAll('\\', '\\\\')}"`;
}
