/**
 * The parts of the double that run in Chromium, as text: the page's own world, the preload's isolated world, and what
 * contextBridge does between them. Values are copied, functions become proxies, promises settle on the other side;
 * what cannot be copied is refused, as Electron does. The functions below are sent as their own source and use nothing
 * from outside of themselves. contents.ts injects them.
 */

type Coded =
  | { readonly t: 'value'; readonly v: unknown }
  | { readonly t: 'undefined' }
  | { readonly t: 'function' | 'promise'; readonly id: string }
  | { readonly t: 'error'; readonly v: string }
  | { readonly t: 'array'; readonly v: readonly Coded[] }
  | { readonly t: 'object'; readonly v: Readonly<Record<string, Coded>> };

interface Port {
  encode(value: unknown): Coded;
  decode(coded: Coded): unknown;
  send(kind: string, data: unknown): void;
  receive(kind: string, handler: (data: never) => void): void;
}

/** One end of the passage between two worlds of one page. */
function joinWorlds(tag: string, self: string, peer: string): Port {
  type Settle = { resolve: (value: unknown) => void; reject: (error: Error) => void };
  let last = 0;
  const functions = new Map<string, (...given: unknown[]) => unknown>();
  const promises = new Map<string, Settle>();
  let returned: { ok: boolean; value: Coded } | undefined;

  const send = (kind: string, data: unknown): void => {
    document.dispatchEvent(new CustomEvent(`${tag}-${peer}-${kind}`, { detail: JSON.stringify(data) }));
  };
  const receive = (kind: string, handler: (data: never) => void): void => {
    document.addEventListener(`${tag}-${self}-${kind}`, (event) => {
      handler(JSON.parse(String((event as CustomEvent<unknown>).detail)) as never);
    });
  };
  const errorOf = (error: unknown): Coded => ({
    t: 'error',
    v: error instanceof Error ? error.message : String(error),
  });

  const encode = (value: unknown): Coded => {
    if (value === undefined) return { t: 'undefined' };
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
      return { t: 'value', v: value };
    if (typeof value === 'function') {
      const id = `${self}${++last}`;
      functions.set(id, value as (...given: unknown[]) => unknown);
      return { t: 'function', id };
    }
    if (value instanceof Promise) {
      const id = `${self}${++last}`;
      value.then(
        (result: unknown) => send('settle', { id, ok: true, value: encode(result) }),
        (error: unknown) => send('settle', { id, ok: false, value: errorOf(error) }),
      );
      return { t: 'promise', id };
    }
    if (value instanceof Error) return errorOf(value);
    if (Array.isArray(value)) return { t: 'array', v: value.map(encode) };
    if (typeof value !== 'object') throw new TypeError('An object could not be cloned.');
    return {
      t: 'object',
      v: Object.fromEntries(Object.entries(value).map(([key, one]) => [key, encode(one)])),
    };
  };

  const decode = (coded: Coded): unknown => {
    if (coded.t === 'undefined') return undefined;
    if (coded.t === 'value') return coded.v;
    if (coded.t === 'error') return new Error(coded.v);
    if (coded.t === 'array') return coded.v.map(decode);
    if (coded.t === 'object')
      return Object.fromEntries(Object.entries(coded.v).map(([key, one]) => [key, decode(one)]));
    const { id } = coded;
    if (coded.t === 'promise') {
      return new Promise((resolve, reject) => {
        promises.set(id, { resolve, reject });
      });
    }
    return (...given: unknown[]): unknown => {
      returned = undefined;
      send('call', { id, given: given.map(encode) });
      const answer = returned as { ok: boolean; value: Coded } | undefined;
      if (!answer) return undefined;
      if (!answer.ok) throw decode(answer.value) as Error;
      return decode(answer.value);
    };
  };

  receive('call', ({ id, given }: { id: string; given: Coded[] }) => {
    try {
      send('return', { ok: true, value: encode(functions.get(id)?.(...given.map(decode))) });
    } catch (error) {
      send('return', { ok: false, value: errorOf(error) });
    }
  });
  receive('return', (answer: { ok: boolean; value: Coded }) => {
    returned = answer;
  });
  receive('settle', ({ id, ok, value }: { id: string; ok: boolean; value: Coded }) => {
    const promise = promises.get(id);
    promises.delete(id);
    if (ok) promise?.resolve(decode(value));
    else promise?.reject(decode(value) as Error);
  });
  return { encode, decode, send, receive };
}

/** The page: gets what the preload exposes, frozen, and nothing else. */
function pageWorld(tag: string, join: typeof joinWorlds): void {
  const port = join(tag, 'page', 'preload');
  const freeze = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
    return value;
  };
  port.receive('expose', ({ key, api }: { key: string; api: Coded }) => {
    Object.defineProperty(globalThis, key, { value: freeze(port.decode(api)), enumerable: true });
  });
}

/** The isolated world: ipcRenderer, contextBridge, and a `require` that knows only `electron`. */
function preloadWorld(tag: string, join: typeof joinWorlds, run: (...given: unknown[]) => void): void {
  type Listener = (event: unknown, ...given: unknown[]) => void;
  const port = join(tag, 'preload', 'page');
  const world = globalThis as unknown as Record<string, unknown>;
  const out = world[`${tag}_out`] as (message: string) => void;
  let last = 0;
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const listeners = new Map<string, Set<Listener>>();

  world[`${tag}_in`] = (message: {
    kind: string;
    id: number;
    ok: boolean;
    value: unknown;
    channel: string;
  }): void => {
    if (message.kind === 'event') {
      for (const listener of listeners.get(message.channel) ?? [])
        listener({ sender: ipcRenderer }, message.value);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.ok) call?.resolve(message.value);
    else call?.reject(new Error(String(message.value)));
  };

  const ipcRenderer = {
    invoke: (channel: string, ...given: unknown[]) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        out(JSON.stringify({ kind: 'invoke', id: last, channel, given: structuredClone(given) }));
      }),
    on(channel: string, listener: Listener) {
      listeners.set(channel, (listeners.get(channel) ?? new Set()).add(listener));
      return ipcRenderer;
    },
    removeListener(channel: string, listener: Listener) {
      listeners.get(channel)?.delete(listener);
      return ipcRenderer;
    },
  };
  const contextBridge = {
    exposeInMainWorld: (key: string, api: unknown) => port.send('expose', { key, api: port.encode(api) }),
  };
  const require = (name: string): unknown => {
    if (name === 'electron') return { ipcRenderer, contextBridge };
    throw new Error(`module not found: ${name}`);
  };
  out(JSON.stringify({ kind: 'hello' }));
  const module = { exports: {} };
  run(require, module, module.exports);
}

export const pageScript = (tag: string): string =>
  `(${String(pageWorld)})(${JSON.stringify(tag)}, ${String(joinWorlds)});`;

export const preloadScript = (tag: string, preload: string): string =>
  `(${String(preloadWorld)})(${JSON.stringify(tag)}, ${String(joinWorlds)}, function (require, module, exports) {\n${preload}\n});`;
