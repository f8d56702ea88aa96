/**
 * From a request to its handler, by the contract's table: the call must exist, the caller hold its permission, the
 * parameters fit its schema. The answer passes through the result's schema too: what the contract does not name
 * never leaves the helper. Handlers: calls.ts. Called by session.ts.
 */
import type { z } from 'zod';
import { calls } from '#core/ipc/contract.ts';
import type { CallName, Calls, Permission, Result } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Viewer } from '../stored-profile.ts';
import { CallError } from './call-error.ts';
import { allows } from './permissions.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Who calls. */
export interface Caller {
  readonly viewer: Viewer;
  readonly permission: Permission;
  readonly subscriptions: Subscriptions;
}

export type Handlers = {
  readonly [C in CallName]: (
    params: z.output<Calls[C]['params']>,
    caller: Caller,
  ) => Result<C> | Promise<Result<C>>;
};

export type Dispatch = (method: string, params: unknown, caller: Caller) => Promise<unknown>;

/** Answers with a result that fits the contract, or throws CallError. */
export function dispatcher(handlers: Handlers): Dispatch {
  return async (method, params, caller) => {
    if (!isCall(method)) throw new CallError('unknownCall', `there is no call "${method}"`);
    const definition = calls[method];
    if (!allows(caller.permission, definition.permission)) {
      throw new CallError('forbidden', `${method} needs the permission "${definition.permission}"`);
    }
    const parsed = definition.params.safeParse(params ?? {});
    if (!parsed.success) throw new CallError('invalidParams', `${method}: ${fieldProblem(parsed.error)}`);
    // The table pairs each call's schema with its handler; TypeScript cannot follow a union of pairs.
    const handler = handlers[method] as (given: unknown, by: Caller) => unknown;
    return definition.result.parse(await handler(parsed.data, caller));
  };
}

/** Own keys only: `constructor` and `__proto__` are no calls. */
function isCall(method: string): method is CallName {
  return Object.hasOwn(calls, method);
}

/** The first thing that is wrong, with the field's name and without its value. A name that nobody knows is the client's own, of any length. */
export function fieldProblem(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) return 'the parameters do not fit';
  const field = issue.path.join('.');
  return printable(field === '' ? issue.message : `${field}: ${issue.message}`);
}
