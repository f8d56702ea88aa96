/**
 * Whether the desktop shows tray icons at all: GNOME without an extension does not, and an application that was started
 * hidden there would be invisible. Asked of the session bus by one of the usual programs; main.ts asks at start and
 * before it hides the window.
 */
import { execFile } from 'node:child_process';
import type { TrayHost } from './bridge-contract.ts';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const WITHIN_MS = 1500;

/** The same question in the words of each program: does the watcher have a host? */
const ASKERS: readonly (readonly [program: string, args: readonly string[]])[] = [
  [
    '/usr/bin/busctl',
    ['--user', 'get-property', WATCHER, '/StatusNotifierWatcher', WATCHER, 'IsStatusNotifierHostRegistered'],
  ],
  [
    '/usr/bin/gdbus',
    [
      'call',
      '--session',
      '--dest',
      WATCHER,
      '--object-path',
      '/StatusNotifierWatcher',
      '--method',
      'org.freedesktop.DBus.Properties.Get',
      WATCHER,
      'IsStatusNotifierHostRegistered',
    ],
  ],
];

export type Ask = (
  program: string,
  args: readonly string[],
) => Promise<{ code: number | string; text: string }>;

const ask: Ask = (program, args) =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: WITHIN_MS, env: sessionBus() }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? 'timeout') : 0, text: `${stdout}${stderr}` });
    });
  });

function sessionBus(): NodeJS.ProcessEnv {
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = process.env;
  return { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, LC_ALL: 'C' };
}

/** Never rejects. */
export async function trayHost(asking: Ask = ask): Promise<TrayHost> {
  for (const [program, args] of ASKERS) {
    const { code, text } = await asking(program, args);
    if (code === 0) return /\btrue\b/.test(text) ? 'present' : 'absent';
    // The bus answered that nobody has the watcher's name.
    if (/ServiceUnknown|was not provided|not activatable|NameHasNoOwner|Unknown service/i.test(text))
      return 'absent';
  }
  return 'unknown';
}
