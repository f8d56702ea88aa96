/**
 * What the window may ask of the main process and what it is told: a part of the helper's contract (core/ipc), passed
 * on as it is, and a few calls of our own. Types and names only, so that neither preload nor renderer loads a
 * validator; bridge.ts checks every call. Used by preload.ts, bridge.ts and renderer/.
 */
import type { Settings, SettingsChange } from './settings.ts';
import type { CallName, LogEntry, Params, ProfileSummary, Result, Status } from '#core/ipc/contract.ts';
import type { FieldProblem } from '#core/ipc/profile-calls.ts';
import type { Profile } from '#core/profile/profile.ts';

/** The helper's calls that the window may make. Subscriptions stay with the main process. */
export const PASSED_ON = [
  'profiles.get',
  'profiles.import',
  'profiles.setSecret',
  'profiles.forgetSecret',
  'profiles.update',
  'profiles.certificates',
  'profiles.export',
  'profiles.remove',
  'tunnel.up',
  'tunnel.answer',
  'tunnel.down',
  'tunnel.rekey',
  'tunnel.reconnect',
  'lockdown.set',
  'doctor.run',
  'helper.info',
] as const satisfies readonly CallName[];
export type PassedOn = (typeof PASSED_ON)[number];

/** Keys that the helper does not ask for while a tunnel connects: the window does before, in this order. */
const ASKED_BEFORE = ['ppk', 'psk'] as const;
export type AskedKey = (typeof ASKED_BEFORE)[number];

/** The next one to ask for. */
export const missingKey = ({
  missingSecrets,
}: Pick<ProfileSummary, 'missingSecrets'>): AskedKey | undefined =>
  ASKED_BEFORE.find((name) => missingSecrets.includes(name));

/** Why there is no helper to talk to. */
export type LinkProblem =
  /** No socket, or nobody behind it. */
  | 'missing'
  /** We may not use it. */
  | 'refused'
  /** It speaks another major version of the contract. */
  | 'incompatible'
  /** What answers does not speak the contract. */
  | 'nonsense'
  /** It was there and ended the connection, or fell silent. */
  | 'lost';

export type HelperLink =
  | { readonly state: 'connecting' }
  | { readonly state: 'up'; readonly helper: string }
  | {
      readonly state: 'down';
      readonly problem: LinkProblem;
      /** For the details: the system's or the helper's own words. */
      readonly detail: string;
      readonly socket: string;
    };

/** All that the window shows, in one answer. */
export interface AppState {
  readonly link: HelperLink;
  /** Undefined while there is no helper: then nobody knows. */
  readonly status: Status | undefined;
  readonly profiles: readonly ProfileSummary[];
  /** Whether this system has what the repair needs. */
  readonly canRepair: boolean;
  /** Starts the helper in a terminal where it is no service. */
  readonly commandByHand: string;
  readonly version: string;
  readonly settings: ShownSettings;
  readonly trayHost: TrayHost;
  /** What was clicked before the page could listen. */
  readonly wanted: Wanted | undefined;
}

/**
 * A profile that was clicked in the tray, or is to be connected at start, and something stands in its way: the window shows
 * it and says `problem`, or without one asks for its pre-shared key, which nobody else can. Without a profile it is lockdown
 * that could not be switched off.
 */
export interface Wanted {
  readonly profile?: string;
  /** The helper's words. */
  readonly problem?: string;
}

export type { Settings, SettingsChange };

/** `unknown`: nobody could be asked. Then the window stays reachable as if there were none. */
export type TrayHost = 'present' | 'absent' | 'unknown';

export interface ShownSettings extends Settings {
  readonly startAtLogin: boolean;
}

/** What became of the repair, with the system's own words. */
export type RepairOutcome =
  | { readonly outcome: 'started' }
  | {
      readonly outcome: /** By the person. */
        | 'cancelled'
        /** The person may not, or the password was wrong. */
        | 'refused'
        /** Nothing here can ask for a password, or there is nothing to start. */
        | 'impossible'
        /** It was allowed, and the service did not start. */
        | 'failed';
      readonly detail: string;
    };

/** A file to save: a name to suggest, never a path, and its octets in base64. */
export interface SavedFile {
  readonly name: string;
  readonly content: string;
}

export interface ReadProfile {
  readonly summary: ProfileSummary;
  readonly profile: Profile;
}

/** What this application is made of, in the order to show it. */
export interface About {
  /** `Electron`, `45.4.1`. */
  readonly versions: readonly (readonly [name: string, version: string])[];
  readonly licences: readonly Licence[];
}

/** Of one package in the bundle. */
export interface Licence {
  readonly name: string;
  readonly version: string;
  /** SPDX, as the package says. */
  readonly licence: string;
  /** The text that came with the package; packages with the same text share it. */
  readonly text: string;
}

/** What is to become of what was typed and not saved. */
export type UnsavedWish = 'save' | 'discard';

interface OwnCalls {
  'app.state': { params: Record<string, never>; result: AppState };
  /** Tries the helper now instead of after the pause. */
  'app.reconnect': { params: Record<string, never>; result: null };
  /** Asks for an administrator's password and starts the helper. */
  'app.repair': { params: Record<string, never>; result: RepairOutcome };
  'app.copy': { params: { text: string }; result: null };
  /** The person chooses where. `saved` is false where they cancelled. At most 32 MiB. */
  'app.save': { params: SavedFile; result: { saved: boolean } };
  /** The helper's log as events `log`, the first of them before the answer; only while it is on and the window is seen. */
  'app.log.follow': { params: { on: boolean }; result: null };
  'app.about': { params: Record<string, never>; result: About };
  /** Answers with all settings as they are then. */
  'app.settings.set': { params: SettingsChange; result: ShownSettings };
  /** Whether something was typed that is not saved: told when it changes, and after each wish. */
  'app.unsaved': { params: { unsaved: boolean }; result: null };
  /** Asks what becomes of tunnels, unless the settings say. */
  'app.quit': { params: Record<string, never>; result: null };
}

export type BridgeCallName = PassedOn | keyof OwnCalls;
export type BridgeParams<C extends BridgeCallName> = C extends PassedOn
  ? Params<C>
  : C extends keyof OwnCalls
    ? OwnCalls[C]['params']
    : never;
export type BridgeResult<C extends BridgeCallName> = C extends 'profiles.get'
  ? /** Whole, and held against our schema: the form relies on it. */ ReadProfile
  : C extends PassedOn
    ? Result<C>
    : C extends keyof OwnCalls
      ? OwnCalls[C]['result']
      : never;

/** Electron flattens errors to text on the way, so a refusal travels as a value. */
export interface CallProblem {
  readonly kind: 'no-helper' | 'refused' | 'failed';
  /** For a person, in English; the helper's words where it was the helper. */
  readonly message: string;
  /** Of `profiles.update`: what is wrong, field by field, for the form; of `profiles.export`: why it cannot be. In English, too. */
  readonly problems?: readonly FieldProblem[];
}
export type BridgeAnswer<C extends BridgeCallName> =
  | { readonly ok: true; readonly result: BridgeResult<C> }
  | { readonly ok: false; readonly problem: CallProblem };

/** What happens without being asked for; sent while the window is visible, and all of it when it becomes so. */
export type BridgeEvent =
  | { readonly topic: 'link'; readonly link: HelperLink }
  | { readonly topic: 'status'; readonly status: Status | undefined }
  | { readonly topic: 'profiles'; readonly profiles: readonly ProfileSummary[] }
  | {
      /** A batch of lines, at most four a second. */
      readonly topic: 'log';
      /** The newest that the helper kept, some of which may be known; else what came after the last batch. */
      readonly isSnapshot: boolean;
      readonly entries: readonly LogEntry[];
      /** So many lines before these came too fast to be shown. */
      readonly missed: number;
    }
  | { readonly topic: 'settings'; readonly settings: ShownSettings; readonly trayHost: TrayHost }
  | ({ readonly topic: 'wanted' } & Wanted)
  /** What the person answered when the window was to go. */
  | { readonly topic: 'unsaved'; readonly wish: UnsavedWish };

/** `window.adit` */
export interface Bridge {
  call<C extends BridgeCallName>(name: C, params: BridgeParams<C>): Promise<BridgeAnswer<C>>;
  /** Returns how to end it. */
  onEvent(listener: (event: BridgeEvent) => void): () => void;
}

export const CHANNELS = { call: 'adit:call', event: 'adit:event' } as const;
