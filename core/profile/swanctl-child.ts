/**
 * The settings of `connections.<name>.children.<child>` (swanctl.conf(5)), a row each. Called by swanctl.ts.
 */
import { checkSelector } from '#core/profile/check.ts';
import { ignore, type Item, onlyOff, refuse, type Row, type Table } from '#core/profile/answers.ts';
import { type Draft, takeProposals } from '#core/profile/draft.ts';
import {
  CHILD_PACKETS,
  CHILD_TIMES,
  CHILD_VOLUMES,
  type Lifetimes,
} from '#core/profile/swanctl-lifetimes.ts';
import { readList } from '#core/profile/swanctl-values.ts';
import { AGAIN, ASKED, KERNEL, SCRIPT } from '#core/profile/reasons.ts';

interface ChildDraft {
  readonly draft: Draft;
  readonly times: Lifetimes;
  readonly volumes: Lifetimes;
  readonly packets: Lifetimes;
}

export const newChild = (draft: Draft): ChildDraft => ({ draft, times: {}, volumes: {}, packets: {} });

function selectors(side: 'local' | 'remote', set: (draft: Draft, texts: string[]) => void): Row<ChildDraft> {
  const check = checkSelector(side);
  return (item, { draft }) => {
    const texts = readList(item.value);
    if (side === 'remote' && texts.includes('dynamic')) return dynamicRemote(item, texts, draft);
    const problems = texts.flatMap((text) => check(text) ?? []);
    if (problems.length > 0) return item.problem(problems.join('; '));
    if (texts.length === 0 || texts.length > 64) return item.problem('expected 1 to 64 selectors');
    set(draft, texts);
    item.taken();
  };
}

/** For the remote side `dynamic` is the gateway's own address, which only a literal one tells before connecting. */
function dynamicRemote(item: Item, texts: readonly string[], draft: Draft): void {
  if (texts.length > 1) return item.problem('"dynamic" beside other selectors is not supported');
  draft.child.remoteTs = gatewayItself(draft);
  item.changed(`becomes ${draft.child.remoteTs.join(', ')}, which the gateway narrows`);
}

/** What `remote_ts` means where it is absent or `dynamic`. Needs the addresses, so it comes after the connection's settings. */
export function gatewayItself({ gateway }: Draft): string[] {
  const literal = gateway.addresses.filter((address) => /^[\d.]+$|:/.test(address));
  if (literal.length < gateway.addresses.length) return ['0.0.0.0/0', '::/0'];
  return literal.map((address) => `${address}/${address.includes(':') ? 128 : 32}`);
}

const replayWindow: Row<ChildDraft> = (item, { draft }) => {
  const size = item.number();
  if (size === undefined) return;
  draft.child.replayWindow = Math.min(size, 65536);
  if (draft.child.replayWindow === size) item.taken();
  else item.changed(`the largest window is ${draft.child.replayWindow}`);
};

const inactivity: Row<ChildDraft> = (item) => {
  const after = item.time();
  if (after === 0) item.taken();
  else if (after !== undefined) item.ignored('closing an idle tunnel is not supported yet');
};

const padding: Row<ChildDraft> = (item) => {
  if (item.value === '0') item.taken();
  else item.ignored('traffic flow confidentiality padding is not supported yet');
};

const startAction: Row<ChildDraft> = (item) => {
  if (item.value.toLowerCase() === 'none') item.taken();
  else item.ignored(ASKED);
};

function part(table: Table<Lifetimes>, of: (child: ChildDraft) => Lifetimes): Table<ChildDraft> {
  return Object.fromEntries(
    Object.entries(table).map(([key, row]) => [key, (item, child) => row(item, of(child))] as const),
  );
}

export const CHILD: Table<ChildDraft> = {
  esp_proposals: (item, { draft }) => takeProposals(item, 'ESP', (draft.child.proposals ??= [])),
  ah_proposals: (item) => item.problem('AH is not supported; expected esp_proposals'),
  local_ts: selectors('local', (draft, texts) => (draft.child.localTs = texts)),
  remote_ts: selectors('remote', (draft, texts) => (draft.child.remoteTs = texts)),
  // swanctl.ts chooses a child whose mode is tunnel.
  mode: (item) => item.taken(),
  ...part(CHILD_TIMES, (child) => child.times),
  ...part(CHILD_VOLUMES, (child) => child.volumes),
  ...part(CHILD_PACKETS, (child) => child.packets),
  replay_window: replayWindow,
  updown: refuse(SCRIPT),
  hostaccess: ignore('for an updown script'),
  ipcomp: onlyOff('IPComp is not supported'),
  sha256_96: onlyOff('the truncation of an old draft is not supported'),
  inactivity,
  tfc_padding: padding,
  start_action: startAction,
  close_action: ignore(AGAIN),
  dpd_action: ignore(AGAIN),
  ...Object.fromEntries(
    [
      'policies',
      'policies_fwd_out',
      'reqid',
      'priority',
      'interface',
      'mark_in',
      'mark_in_sa',
      'mark_out',
      'set_mark_in',
      'set_mark_out',
      'if_id_in',
      'if_id_out',
      'hw_offload',
      'copy_df',
      'copy_ecn',
      'copy_dscp',
      'label',
      'label_mode',
      'per_cpu_sas',
      'per_cpu_sas_encap',
    ].map((key) => [key, ignore(KERNEL)]),
  ),
};
