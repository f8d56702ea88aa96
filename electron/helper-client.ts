/**
 * The helper as the application sees it: found again whenever it was lost, with a pause that grows; what it last said
 * about tunnels and profiles is kept. main.ts makes the one there is; tray, notifications and bridge listen.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallName, Params, ProfileSummary, Result, Status } from '#core/ipc/contract.ts';
import type { HelperLink, LinkProblem } from './bridge-contract.ts';
import { HelperConnection, LinkError, type LogNews, type ProfilesNews } from './helper-connection.ts';
import { ProfileList } from './profile-list.ts';

export interface HelperClientOptions {
  readonly socket: string;
  readonly client: string;
  /** First and longest pause between attempts, in milliseconds. */
  readonly pauseMs?: { readonly first: number; readonly longest: number };
  readonly onChange: (what: 'link' | 'status' | 'profiles') => void;
  /** While `followLog` is on; it begins with a snapshot, and again with each new connection. */
  readonly onLog?: (news: LogNews) => void;
}

export class HelperClient {
  link: HelperLink = { state: 'connecting' };
  /** Undefined while nobody knows. */
  status: Status | undefined;
  readonly #options: HelperClientOptions;
  readonly #list = new ProfileList();
  #connection: HelperConnection | undefined;
  /** Of the connection there is. */
  #ended = Promise.withResolvers<LinkError>();
  #stopped = false;
  #followsLog = false;
  #wake = new AbortController();

  constructor(options: HelperClientOptions) {
    this.#options = options;
  }

  /** Keeps connected until `stop`. Resolves then. */
  async run(): Promise<void> {
    const { first, longest } = this.#options.pauseMs ?? { first: 250, longest: 5_000 };
    let pause = first;
    let before: LinkProblem | undefined;
    while (!this.#stopped) {
      const { lasted, problem } = await this.#once(before === 'lost');
      if (this.#stopped) return;
      before = problem;
      pause = lasted ? first : Math.min(pause * 2, longest);
      this.#wake = new AbortController();
      await sleep(pause, undefined, { signal: this.#wake.signal, ref: false }).catch(() => {
        pause = first;
      });
    }
  }

  /** Tries again now. */
  reconnect(): void {
    this.#wake.abort();
  }

  stop(): void {
    this.#stopped = true;
    this.#connection?.close();
    this.#ended.resolve(new LinkError('lost', 'stopped'));
    this.#wake.abort();
  }

  /** Throws LinkError where there is no helper, RefusedError where it says no. */
  async call<C extends CallName>(name: C, params: Params<C>): Promise<Result<C>> {
    if (!this.#connection) throw new LinkError('missing', 'there is no connection to the helper');
    return await this.#connection.call(name, params);
  }

  /** Outlives the connection. Throws as `call` does, but not where there is no helper. */
  async followLog(on: boolean): Promise<void> {
    this.#followsLog = on;
    await this.#connection?.followLog(on);
  }

  /** As the helper last told them, by id. */
  get profiles(): readonly ProfileSummary[] {
    return this.#list.profiles;
  }

  /** One connection from its beginning to its end. */
  async #once(patient: boolean): Promise<{ lasted: boolean; problem: LinkProblem }> {
    const { socket, client } = this.#options;
    const ended = Promise.withResolvers<LinkError>();
    this.#ended = ended;
    try {
      this.#connection = await HelperConnection.open(socket, {
        client,
        onStatus: (status) => this.#setStatus(status),
        onProfiles: (news) => this.#hear(news),
        onLog: (news) => this.#options.onLog?.(news),
        onEnd: ended.resolve,
        ...(patient ? { listenFirstMs: 200 } : {}),
      });
      await this.#list.whole((after) => this.#page(after));
      this.#options.onChange('profiles');
      if (this.#followsLog) await this.#connection.followLog(true);
      this.#setLink({ state: 'up', helper: this.#connection.helper });
      const { problem, message } = await ended.promise;
      this.#lose({ state: 'down', problem, detail: message, socket });
      return { lasted: true, problem };
    } catch (error) {
      const problem = error instanceof LinkError ? error.problem : 'lost';
      const detail = error instanceof Error ? error.message : String(error);
      this.#connection?.close();
      this.#lose({ state: 'down', problem, detail, socket });
      return { lasted: false, problem };
    }
  }

  #lose(link: HelperLink): void {
    this.#connection = undefined;
    if (this.#stopped) return;
    this.#setStatus(undefined);
    this.#setLink(link);
  }

  #setLink(link: HelperLink): void {
    if (JSON.stringify(link) === JSON.stringify(this.link)) return;
    this.link = link;
    this.#options.onChange('link');
  }

  #setStatus(status: Status | undefined): void {
    if (status === undefined && this.status === undefined) return;
    this.status = status;
    this.#options.onChange('status');
  }

  #hear(news: ProfilesNews): void {
    const isOther = this.#list.hear(news);
    // While there is no link nobody is told piece by piece.
    if (this.link.state !== 'up') return;
    if (isOther) this.#options.onChange('profiles');
    // A failure here ends the connection, which is told elsewhere.
    if (!this.#list.isWhole) void this.#readOn().catch(() => undefined);
  }

  async #readOn(): Promise<void> {
    if (await this.#list.whole((after) => this.#page(after))) this.#options.onChange('profiles');
  }

  async #page(after: string | undefined) {
    if (!this.#connection) throw new LinkError('lost', 'the connection is gone');
    return await this.#connection.call('profiles.list', after === undefined ? {} : { after });
  }
}
