/**
 * What a spec reads and touches beside the page, whichever host runs the application: the double (double.ts) or a real
 * Electron (electron.ts). A host names what it cannot tell; a spec asks `offers` first, and the rest of it runs.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';

export const APP = join(import.meta.dirname, '../../../build/app');

/** A session bus that is not there. */
export const NO_BUS = 'unix:path=/nonexistent/bus';
/** What the interface remembers, in its folder. */
export const SAVED = 'interface.json';

export interface AppOptions {
  readonly socket: string;
  /** The folder of the bundle; default build/app. */
  readonly app?: string;
  readonly colorScheme?: 'light' | 'dark';
  readonly locale?: string;
  /** Started as the desktop does it after logging in. */
  readonly hidden?: boolean;
  /** Address of the session bus that is asked for a tray; default is one that nobody answers. */
  readonly sessionBus?: string;
  /** Folder of the stage to start on (service-world.ts). */
  readonly stage?: string;
  /** What an earlier start left in interface.json. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** What not every host can tell. */
export type Part = 'tray' | 'notifications' | 'permissions' | 'senders' | 'questions' | 'repair';

/** What the page tried to get out by: navigations with whether they were stopped, windows with what became of them. */
export interface Escapes {
  readonly navigations: readonly { readonly url: string; readonly stopped: boolean }[];
  readonly windows: readonly ('deny' | 'allow')[];
}

export interface WindowProbe {
  isVisible(): Promise<boolean>;
  isMinimized(): Promise<boolean>;
  show(): Promise<void>;
  hide(): Promise<void>;
  focus(): Promise<void>;
  close(): Promise<void>;
  /** Events of the bridge, to the page. */
  send(events: readonly unknown[]): Promise<void>;
}

export interface TrayProbe {
  /** The path of the picture. */
  icon(): Promise<string>;
  tooltip(): Promise<string>;
  /** The menu's items, as text. */
  menu(): Promise<string>;
  click(): Promise<void>;
  /** Presses the menu's item of this label. */
  choose(label: string): Promise<void>;
  /** The desktop's panel turns dark. */
  darken(): Promise<void>;
}

export interface Host {
  readonly name: 'the double' | 'Electron';
  readonly page: Page;
  /** Why a part cannot be told here. */
  readonly lacks: Readonly<Partial<Record<Part, string>>>;
  readonly window: WindowProbe;
  readonly tray: TrayProbe;
  /** The last text that was copied. */
  clipboard(): Promise<string>;
  /** Every notification so far, as text. */
  notifications(): Promise<string[]>;
  /** Those in sight: title and text. */
  toasts(): Promise<string[]>;
  clickToast(): Promise<void>;
  /** What the person answers from now on: where to save, undefined for cancel. */
  answerSave(path: string | undefined): Promise<void>;
  /** The button that the person presses from now on where a question is asked. */
  answerQuestion(button: number): Promise<void>;
  /** Every question so far, as text. */
  questions(): Promise<string[]>;
  /** The person starts the application once more. */
  startAgain(): Promise<void>;
  /** Where the desktop looks for what to start after logging in. */
  readonly configFolder: string;
  /** What the desktop does when it ends the application. */
  quit(): Promise<void>;
  hasQuit(): Promise<boolean>;
  escapes(): Promise<Escapes>;
  /** The statuses that our scheme answers with. */
  statuses(urls: readonly string[]): Promise<number[]>;
  /** Permissions that the page would get, of those asked for. */
  permissions(names: readonly string[]): Promise<string[]>;
  /** Whether the main process answers a call on `channel` that comes from this frame; null for one that is gone. */
  hears(channel: string, frame: object | null): Promise<boolean>;
  close(): Promise<void>;
}
