/** The helper's calls without a socket: a real store in a temporary directory over a TunnelWorld. */
import { join } from 'node:path';
import type { CallName, Params, Permission, Result } from '#core/ipc/contract.ts';
import type { Event } from '#core/ipc/contract.ts';
import { importFiles } from '#core/profile/import.ts';
import { handlers } from '#helper/ipc/calls.ts';
import { dispatcher } from '#helper/ipc/dispatch.ts';
import type { Caller, Dispatch } from '#helper/ipc/dispatch.ts';
import { Subscriptions } from '#helper/ipc/subscriptions.ts';
import { ProfileStore } from '#helper/profile-store.ts';
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

export class HelperWorld {
  readonly directory = join(temporaryDirectory(), 'profiles');
  readonly tunnels: TunnelWorld;
  readonly store: ProfileStore;
  readonly dispatch: Dispatch;

  constructor(files?: FileCalls) {
    const store: Pick<ProfileStore, 'get'> = { get: (id, viewer) => this.store.get(id, viewer) };
    this.tunnels = new TunnelWorld({}, store);
    const { log } = this.tunnels;
    this.store = new ProfileStore(this.directory, log.logger('store'), files);
    this.dispatch = dispatcher(
      handlers({
        store: this.store,
        tunnels: this.tunnels.tunnels,
        log,
        importFiles,
        doctor: () => Promise.resolve([{ check: 'this', ok: true, found: 'good' }]),
      }),
    );
  }

  person(uid: number, permission: Permission = 'operate'): Person {
    return new Person(this.dispatch, uid, permission);
  }
}
