/** The helper's calls without a socket: a real store in a temporary directory over a TunnelWorld. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CallName, HelperInfo, Params, Permission, Result } from '#core/ipc/contract.ts';
import { ERROR_CODES, type Event } from '#core/ipc/contract.ts';
import { importFiles } from '#core/profile/import.ts';
import { handlers } from '#helper/ipc/calls.ts';
import { dispatcher } from '#helper/ipc/dispatch.ts';
import type { Caller, Dispatch } from '#helper/ipc/dispatch.ts';
import { Subscriptions } from '#helper/ipc/subscriptions.ts';
import { ProfileStore } from '#helper/profile-store.ts';
import { remember } from '#helper/remember.ts';
import type { FileCalls } from '#helper/whole-file.ts';
import { TunnelWorld } from './tunnel-world.ts';
import { temporaryDirectory } from './temporary.ts';

/** One user at the helper's door. */
export class Person {
  readonly events: Event[] = [];
  readonly caller: Caller;
  readonly #dispatch: Dispatch;

  constructor(dispatch: Dispatch, uid: number, permission: Permission) {
    this.#dispatch = dispatch;
    this.caller = {
      viewer: { uid, admin: permission === 'admin' },
      permission,
      subscriptions: new Subscriptions((event) => this.events.push(event)),
    };
  }

  /** Rejects with CallError as a client would be answered. */
  call<C extends CallName>(name: C, params: Params<C>): Promise<Result<C>> {
    return this.raw(name, params) as Promise<Result<C>>;
  }

  raw(method: string, params?: unknown): Promise<unknown> {
    return this.#dispatch(method, params, this.caller);
  }
}

/** What a helper says about itself. */
export const INFO: HelperInfo = {
  helper: 'aditd 0',
  protocol: { major: 1, minor: 2 },
  node: 'v24.0.0',
  platform: 'linux x64',
  kernel: 'Linux 6.8.0',
  since: '2026-01-01T00:00:00.000Z',
  stateDir: '/var/lib/adit',
  dataPlane: null,
};

export class HelperWorld {
  readonly directory = join(temporaryDirectory(), 'profiles');
  readonly tunnels: TunnelWorld;
  readonly store: ProfileStore;
  readonly dispatch: Dispatch;

  constructor(files?: FileCalls) {
    const store: Pick<ProfileStore, 'get'> = { get: (id, viewer) => this.store.get(id, viewer) };
    this.tunnels = new TunnelWorld(
      { remember: (id, typed) => remember(this.store, this.tunnels.log.logger('store'), id, typed) },
      store,
    );
    const { log } = this.tunnels;
    this.store = new ProfileStore(this.directory, log.logger('store'), files);
    this.dispatch = dispatcher(
      handlers({
        store: this.store,
        tunnels: this.tunnels.tunnels,
        lockdown: this.tunnels.lockdown,
        log,
        importFiles,
        doctor: () => Promise.resolve([{ check: 'this', ok: true, found: 'good' }]),
        clock: this.tunnels.clock,
        info: () => ({ ...INFO, dataPlane: this.tunnels.tunnels.features() ?? null }),
      }),
    );
  }

  person(uid: number, permission: Permission = 'operate'): Person {
    return new Person(this.dispatch, uid, permission);
  }
}

/** A helper with two users at its door and an administrator. */
export function inhabited() {
  const world = new HelperWorld();
  return { world, alice: world.person(1000), bob: world.person(1001), root: world.person(0, 'admin') };
}

/** How a call is refused, to be matched. */
export const refused = (reason: keyof typeof ERROR_CODES, message: RegExp | string) => ({
  code: ERROR_CODES[reason],
  message: expect.stringMatching(message) as string,
});

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
