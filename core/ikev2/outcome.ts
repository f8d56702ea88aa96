/**
 * What follows from an exchange, whoever began it: tasks take effect, the state moves, the next request leaves.
 * responses.ts and serving.ts call it.
 */
import type { Path, SocketAddress } from '#core/net/address.ts';
import { planAuth } from './exchanges.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { MachineInput } from './machine.ts';
import type { IkeHeader } from './payload-types.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';
import type { Exchange, Task, Verdict } from './tasks/task.ts';

/** A datagram with what is known before it is opened. */
export interface Arrived {
  readonly now: number;
  readonly header: IkeHeader;
  readonly bytes: Uint8Array;
  readonly path: Path;
}

/** The first verdict that is not "go on", in the order of the tasks. */
export function judge(tasks: readonly Task[], ask: (task: Task) => Verdict): Verdict {
  for (const task of tasks) {
    const verdict = ask(task);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** The exchange is complete. `leadsTo` is where it moves the state. */
export function succeed(
  life: Lifecycle,
  context: Exchange,
  tasks: readonly Task[],
  leadsTo: MachineInput | undefined,
): void {
  const { sa, now } = context;
  if (leadsTo !== undefined) life.enter(now, leadsTo);
  for (const task of tasks) {
    const verdict = task.done?.(context);
    if (verdict?.ruling === 'close') return life.close(now, verdict.failure);
  }
  if (leadsTo === 'keyed' && sa.config.role === 'initiator') {
    life.requests.add(planAuth(sa.config, life.requests.window));
  }
  // IDs never wrap (§2.2): the SA ends while there is one left to say so.
  const spent = life.requests.window.exhausted || life.answers.exhausted;
  if (spent && sa.state === 'established') {
    const detail = 'all message IDs are used up';
    return life.leave(now, [DELETE_IKE_SA], { cause: 'protocol-error', detail, sentBy: 'us' });
  }
  return life.proceed(now);
}

/** A fresh message whose ICV is right: proof of life, and of where the peer is now. */
export function noteAuthentic(life: Lifecycle, { now, path }: Arrived): void {
  const { sa } = life;
  life.alive(now);
  // The responder follows the initiator to port 4500; `path` is told when IKE_AUTH has succeeded.
  if (sa.state === 'ike-auth' && !sa.isInitiator) {
    sa.path = path;
    return;
  }
  // §2.23: a peer behind a NAT may appear elsewhere when the NAT forgets; not when we are behind one ourselves.
  if (!sa.nat.remote || sa.nat.local || sa.path === undefined || samePath(sa.path, path)) return;
  sa.path = path;
  sa.emitPath();
}

const sameEnd = (a: SocketAddress, b: SocketAddress): boolean => a.address === b.address && a.port === b.port;
const samePath = (a: Path, b: Path): boolean => sameEnd(a.local, b.local) && sameEnd(a.remote, b.remote);
