/** The main view: am I protected, and if not, what do I do? */
import { type ReactElement, useId, useState } from 'react';
import type { LockdownStatus, ProfileSummary, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { missingKey } from '#electron/bridge-contract.ts';
import { Button } from '../../components/button.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { Icon } from '../../components/icon.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useNow } from '../../components/use-now.ts';
import { View } from '../../components/view.tsx';
import { bytes, elapsed, endpoint, secondsSince } from '../../format/units.ts';
import { i18n, type Text, useText } from '../../i18n/text.ts';
import { activeLockdown } from '../../stores/lockdown.ts';
import { currentProfile } from '../../stores/profiles.ts';
import { shownState, tunnelOf } from '../../stores/tunnels.ts';
import { useApp } from '../../stores/use-app.ts';
import { holdsWords, inForce, mayStrand } from '../lockdown/lockdown-model.ts';
import { LockdownFault } from '../lockdown/lockdown-notices.tsx';
import { WayOut } from '../lockdown/way-out.tsx';
import { EmptyView } from '../profiles/empty-view.tsx';
import { ExpiryNotice } from '../profiles/expiry-notice.tsx';
import { FailureCard } from './failure-card.tsx';
import {
  LOOKS,
  mlKemNames,
  protectedNetworks,
  stepOf,
  stepShare,
  traffic,
  underLockdown,
} from './presentation.ts';
import { Reconnecting } from './reconnecting.tsx';
import { ThroughputGraph } from './throughput-graph.tsx';
import unseen from '#renderer/components/unseen.module.css';
import classes from './tunnel-view.module.css';

export function TunnelView(): ReactElement {
  const profiles = useApp((state) => state.profiles);
  const selected = useApp((state) => state.selected);
  const tunnels = useApp((state) => state.tunnels);
  const active = tunnels?.filter(({ state }) => LOOKS[state].live).map(({ profile }) => profile.id) ?? [];
  const protecting =
    tunnels?.filter(({ state }) => PROTECTS.has(state)).map(({ profile }) => profile.id) ?? [];
  // Where nothing is up, what went wrong is what there is to look at.
  const failed = tunnels?.filter(({ state }) => state === 'failed').map((one) => one.profile.id) ?? [];
  const profile = currentProfile(profiles, selected, active.length > 0 ? active : failed);
  if (!profile) return <EmptyView />;
  return <OneTunnel profile={profile} others={protecting.filter((id) => id !== profile.id).length} />;
}

/** States that leave the view to other things as well; in the others the mark is all there is to see. */
const SHARES: ReadonlySet<TunnelState> = new Set(['connected', 'reconnecting', 'failed']);

/** In the second nothing leaves unprotected. */
const PROTECTS: ReadonlySet<TunnelState> = new Set(['connected', 'reconnecting']);
/** States that say that nothing is protected: true only where no other tunnel does it. */
const EXPOSES: ReadonlySet<TunnelState> = new Set(['disconnected', 'connecting', 'failed']);
/** States that say something else, to which lockdown has to add what it holds back meanwhile. */
const WAITS: ReadonlySet<TunnelState> = new Set(['reconnecting', 'disconnecting']);

function OneTunnel({
  profile,
  others,
}: {
  readonly profile: ProfileSummary;
  /** Tunnels of other profiles that protect traffic. */
  readonly others: number;
}): ReactElement {
  const t = useText();
  const tunnel = useApp((state) => tunnelOf(state.tunnels, profile.id));
  const wish = useApp((state) => state.wishes[profile.id]);
  const connect = useApp((state) => state.connect);
  const disconnect = useApp((state) => state.disconnect);
  const go = useApp((state) => state.go);
  const askFor = useApp((state) => state.askFor);

  const lockdown = useApp(activeLockdown);

  const holding = inForce(lockdown);
  const state = shownState(tunnel, wish);
  const shown = underLockdown(state, holding !== undefined);
  const look = LOOKS[shown];
  const onControl = (): void => {
    if (look.control.wish === 'down') void disconnect(profile.id);
    else if (missingKey(profile)) askFor(profile.id);
    else void connect(profile.id);
  };

  return (
    <View
      title={t('app.name')}
      actions={
        <>
          {tunnel && (
            <Button kind="link" onClick={() => go('details')}>
              {t('nav.details')}
            </Button>
          )}
          <Button kind="link" onClick={() => go('profiles')}>
            {t('nav.profiles')}
          </Button>
          <Button kind="link" onClick={() => go('settings')} aria-label={t('nav.settings')}>
            <Icon name="settings" />
          </Button>
        </>
      }
      foot={
        <>
          <Button kind={look.control.kind} large disabled={state === 'disconnecting'} onClick={onControl}>
            {t(look.control.label)}
          </Button>
          {lockdown && mayStrand(lockdown, state, tunnel) && <WayOut lockdown={lockdown} />}
        </>
      }
    >
      <section
        className={classes['state']}
        data-state={shown}
        data-mark={look.mark}
        data-shares={SHARES.has(state) || (lockdown !== undefined && holding === undefined)}
      >
        <StateMark mark={look.mark} />
        <div role="status" className={classes['words']}>
          <h2 className={classes['heading']}>{t(look.heading)}</h2>
          <p className={classes['meaning']}>{meaningOf({ state, tunnel, holding, others }, t)}</p>
          {holding && WAITS.has(state) && (
            <p className={classes['meaning']}>{t(holdsWords(holding, others))}</p>
          )}
        </div>
        <p className={classes['profile']}>
          <span className={classes['name']}>{printable(profile.name, 96)}</span>
          {state === 'connected' && tunnel && <Since time={tunnel.since} />}
        </p>
        {others > 0 && <p className={classes['meaning']}>{t('profile.others', { count: others })}</p>}
        {/* Between two tries there is no step. */}
        {(state === 'connecting' || (state === 'reconnecting' && tunnel?.step)) && (
          <Step step={tunnel?.step} />
        )}
        {state === 'connected' && tunnel && <Chips tunnel={tunnel} holds={holding !== undefined} />}
      </section>
      <LockdownFault lockdown={lockdown} />
      {state === 'reconnecting' && tunnel && <Reconnecting tunnel={tunnel} />}
      {state === 'failed' && tunnel?.failure && <FailureCard failure={tunnel.failure} />}
      <ExpiryNotice profile={profile} />
      {state === 'connected' && <ThroughputGraph profile={profile.id} />}
      <TunnelFacts profile={profile} tunnel={tunnel} state={state} />
    </View>
  );
}

interface Situation {
  readonly state: TunnelState;
  readonly tunnel: TunnelStatus | undefined;
  /** Lockdown, where it is on and in force. */
  readonly holding: LockdownStatus | undefined;
  /** Tunnels of other profiles that protect traffic. */
  readonly others: number;
}

function meaningOf({ state, tunnel, holding, others }: Situation, t: Text): string {
  if (EXPOSES.has(state)) {
    if (holding) return t(holdsWords(holding, others));
    if (others > 0) return t('state.meaning.elsewhere');
  }
  if (state !== 'connected' || !tunnel) return t(LOOKS[state].meaning, { networks: '' });
  const { coverage, list } = protectedNetworks(tunnel);
  if (coverage !== 'some') return t(`state.connected.meaning.${coverage}`);
  const networks = new Intl.ListFormat(i18n.locale).format(list.map((network) => printable(network, 48)));
  // What other tunnels carry is not blocked.
  if (!holding || others > 0) return t('state.connected.meaning', { networks });
  return t(`state.connected.meaning.blocked${holding.lan ? '.lan' : ''}`, { networks });
}

/** A clock of its own, so that each second draws nothing else. */
function Since({ time }: { readonly time: string }): ReactElement {
  const t = useText();
  const now = useNow();
  return (
    <span className={classes['since']}>
      <span className={unseen['unseen']}>{t('fact.connected-for')}</span> {elapsed(secondsSince(time, now))}
    </span>
  );
}

function Step({ step }: { readonly step: string | null | undefined }): ReactElement {
  const t = useText();
  return (
    <div className={classes['step']}>
      <p>{t(stepOf(step))}</p>
      <div className={classes['way']} aria-hidden="true">
        <div className={classes['done']} style={{ inlineSize: `${100 * (stepShare(step) + 0.125)}%` }} />
      </div>
    </div>
  );
}

interface ChipsProps {
  readonly tunnel: TunnelStatus;
  /** Whether lockdown is on and in force. */
  readonly holds: boolean;
}

function Chips({ tunnel, holds }: ChipsProps): ReactElement | null {
  const t = useText();
  const id = useId();
  const [isExplained, setExplained] = useState(false);
  const means = tunnel.postQuantum ?? [];
  const chips = [
    ...(tunnel.ike && tunnel.ike.weak.length > 0 ? (['chip.weak'] as const) : []),
    ...(holds ? (['chip.lockdown'] as const) : []),
    ...(tunnel.nat && (tunnel.nat.local || tunnel.nat.remote) ? (['chip.nat'] as const) : []),
    ...(tunnel.path?.mobike ? (['chip.mobike'] as const) : []),
  ];
  if (chips.length === 0 && means.length === 0) return null;
  return (
    <>
      <ul className={classes['chips']}>
        {means.length > 0 && (
          <li>
            <button
              type="button"
              className={classes['chip']}
              aria-expanded={isExplained}
              aria-controls={isExplained ? id : undefined}
              onClick={() => setExplained(!isExplained)}
            >
              {t('chip.post-quantum')}
            </button>
          </li>
        )}
        {chips.map((chip) => (
          <li
            className={classes['chip']}
            data-tone={chip === 'chip.weak' ? 'attention' : undefined}
            key={chip}
          >
            {chip === 'chip.weak' && <Icon name="warning" />}
            {t(chip)}
          </li>
        ))}
      </ul>
      {isExplained && means.length > 0 && (
        <p id={id} ref={intoSight} className={classes['explained']}>
          {t('chip.post-quantum.meaning', { means: protectedBy(tunnel, t) })}
        </p>
      )}
    </>
  );
}

/** The same function each time, so that what is drawn again stays where the person has scrolled it. */
const intoSight = (element: HTMLElement | null): void => element?.scrollIntoView({ block: 'nearest' });

/** By what the keys are protected against quantum computers; a name is not broken within. */
function protectedBy(tunnel: TunnelStatus, t: Text): string {
  const means = tunnel.postQuantum ?? [];
  return new Intl.ListFormat(i18n.locale).format([
    ...(means.includes('ml-kem') ? mlKemNames(tunnel).map((name) => name.replaceAll('-', '\u2011')) : []),
    ...(means.includes('ppk') ? [t('chip.post-quantum.ppk')] : []),
  ]);
}

interface TunnelFactsProps {
  readonly profile: ProfileSummary;
  readonly tunnel: TunnelStatus | undefined;
  readonly state: TunnelState;
}

function TunnelFacts({ profile, tunnel, state }: TunnelFactsProps): ReactElement {
  const t = useText();
  const { live } = LOOKS[state];
  const facts: Fact[] = [
    {
      label: t('fact.gateway'),
      values: [live && tunnel?.gateway ? endpoint(tunnel.gateway) : printable(profile.gateway)],
    },
  ];
  if (state === 'connected' && tunnel) {
    const { received, sent } = traffic(tunnel);
    facts.push(
      { label: t('fact.address'), values: tunnel.virtualIps.map((address) => printable(address)) },
      { label: t('fact.received'), values: [bytes(received, i18n.locale)], kind: 'number' },
      { label: t('fact.sent'), values: [bytes(sent, i18n.locale)], kind: 'number' },
    );
  }
  return <Facts facts={facts.filter(({ values }) => values.length > 0)} />;
}
