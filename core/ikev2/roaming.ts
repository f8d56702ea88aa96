/**
 * Changes of the path (RFC 4555 §3.5): how a move begins, and what happens when nothing answers over a new path. connection.ts
 * and lifecycle.ts call it; the exchanges are in tasks/mobike.ts and tasks/mobike-responder.ts.
 */
import type { Path } from '#core/net/address.ts';
import { exchangeTypes } from '#core/registry/exchange-types.ts';
import { planLiveness } from './exchanges.ts';
import type { Lifecycle } from './lifecycle.ts';
import { samePath } from './whereabouts.ts';

/** The IKE SAs of a connection, as succession.ts has them. */
interface Line {
  readonly current: Lifecycle;
  readonly living: readonly Lifecycle[];
}

/**
 * Outbound packets take the new path at once, as §3.5 has it: the old address is gone as a rule, the gateway knows packets by
 * their SPI, and waiting would lose a round trip of them. What comes in follows when the gateway has answered.
 */
export function roam(line: Line, now: number, path: Path): void {
  const { current } = line;
  const { sa } = current;
  const { where } = sa;
  if (sa.state !== 'established') return undefined;
  const moved = !samePath(where.path, path);
  if (!where.mobike || sa.config.role === 'responder') {
    if (moved) return sa.emit({ type: 'roam-failed', failure: { cause: 'roaming-unsupported' } });
    // Any message of ours shows the peer a NAT's new mapping (RFC 7296 §2.23).
    return current.requests.idle ? current.ask(now, planLiveness(current.requests.window)) : again(line, now);
  }
  where.path = path;
  where.roaming = true;
  if (where.update === 'no') where.update = 'due';
  sa.emitPath();
  // A peer that made the IKE SA we live by may not have our answer yet, and would ask for it where we were for ever.
  // Not under one that lost a race with it (RFC 7296 §2.8.2), which nobody has ever lived by.
  for (const { sa: old } of line.living) {
    old.owesUpdate = old.generation < sa.generation && old.state === 'established';
  }
  again(line, now);
  for (const life of line.living) life.tend(now);
  return undefined;
}

/** What waits for an answer goes over the path as it is now, under whichever IKE SA. */
function again({ living }: Line, now: number): void {
  for (const life of living) life.redirect(now);
}

/** All attempts of a request are spent. Whether the IKE SA lives on, because it may be the new path that does not work. */
export function survives(life: Lifecycle, now: number): boolean {
  const { sa, requests } = life;
  const { where } = sa;
  if (sa.state !== 'established' || sa.superseded || !where.mobike) return false;
  if (where.roaming) {
    // The request stays where it is: its message ID has to be answered before there can be another.
    sa.emit({ type: 'roam-failed', failure: silenceOver(where.path, requests) });
    return true;
  }
  // A responder that was led to where nobody answers goes back to where somebody did.
  if (sa.config.role === 'initiator' || samePath(where.path, where.confirmed)) return false;
  where.path = where.confirmed;
  where.check = 'no';
  life.redirect(now);
  return true;
}

function silenceOver(path: Path | undefined, { outstanding }: Lifecycle['requests']) {
  return {
    cause: 'no-answer' as const,
    exchange: exchangeTypes.nameOf(outstanding?.plan.exchange ?? 0),
    tried: path === undefined ? [] : [{ ...path.remote }],
    attempts: outstanding?.attempts ?? 0,
  };
}
