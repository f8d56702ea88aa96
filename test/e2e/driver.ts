/**
 * Starts the application for a test: build/app in a real Electron where its binary is, else over the double. The specs are
 * the same; what a host cannot tell is said once by name (`offers`), and only those assertions are left out.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startDouble } from './hosts/double.ts';
import { startElectron } from './hosts/electron.ts';
import type { AppOptions, Host, Part } from './hosts/host.ts';

export { APP } from './hosts/host.ts';

/** Electron's binary as scripts/start.sh finds it, or undefined: then the double stands for it. */
export function electronBinary(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const dist =
    environment['ELECTRON_OVERRIDE_DIST_PATH'] ||
    join(import.meta.dirname, '../../node_modules/electron/dist');
  const path = join(dist, 'electron');
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}

const said = new Set<string>();

export class RunningApp implements AsyncDisposable {
  readonly host: Host;
  readonly page: Page;
  /** Errors of the page: exceptions, and what the console calls an error. */
  readonly complaints: string[] = [];

  private constructor(host: Host) {
    this.host = host;
    this.page = host.page;
    this.page.on('pageerror', (error) => this.complaints.push(error.message));
    this.page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async start(options: AppOptions): Promise<RunningApp> {
    const binary = electronBinary();
    return new RunningApp(await (binary ? startElectron(binary, options) : startDouble(options)));
  }

  /** Whether the host can tell this; where it cannot, the reason is printed once. */
  offers(part: Part): boolean {
    const why = this.host.lacks[part];
    if (why === undefined) return true;
    if (!said.has(part)) process.stderr.write(`e2e on ${this.host.name}: ${part} not looked at: ${why}\n`);
    said.add(part);
    return false;
  }

  get window(): Host['window'] {
    return this.host.window;
  }

  get tray(): Host['tray'] {
    return this.host.tray;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.host.close();
  }
}
