/** The main view: am I protected, and if not, what do I do? */
import { type ReactElement, useState } from 'react';
import type { ProfileSummary, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { Icon } from '../../components/icon.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useNow } from '../../components/use-now.ts';
import { View } from '../../components/view.tsx';
import { bytes, elapsed, endpoint, secondsSince } from '../../format/units.ts';
import { i18n, type Text, useText } from '../../i18n/text.ts';
import { currentProfile } from '../../stores/profiles.ts';
import { shownState, tunnelOf } from '../../stores/tunnels.ts';
import { useApp } from '../../stores/use-app.ts';
import { EmptyView } from '../profiles/empty-view.tsx';
import { ExpiryNotice } from '../profiles/expiry-notice.tsx';
import { FailureCard } from './failure-card.tsx';
import { LOOKS, protectedNetworks, stepOf, traffic } from './presentation.ts';
import { Reconnecting } from './reconnecting.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import { ThroughputGraph } from './throughput-graph.tsx';
import classes from './tunnel-view.module.css';

export function TunnelView(): ReactElement {
  const profiles = useApp((state) => state.profiles);
  const selected = useApp((state) => state.selected);
  const tunnels = useApp((state) => state.tunnels);
  const active = tunnels?.filter(({ state }) => LOOKS[state].live).map(({ profile }) => profile.id) ?? [];
  // Where nothing is up, what went wrong is what there is to look at.
  const failed = tunnels?.filter(({ state }) => state === 'failed').map((one) => one.profile.id) ?? [];
  const profile = currentProfile(profiles, selected, active.length > 0 ? active : failed);
  if (!profile) return <EmptyView />;
  return <OneTunnel profile={profile} others={active.filter((id) => id !== profile.id).length} />;
}

function OneTunnel({
  profile,
  others,
}: {
  readonly profile: ProfileSummary;
  readonly others: number;
}): ReactElement {
  const t = useText();
  const tunnel = useApp((state) => tunnelOf(state.tunnels, profile.id));
  const wish = useApp((state) => state.wishes[profile.id]);
  const connect = useApp((state) => state.connect);
  const disconnect = useApp((state) => state.disconnect);
  const go = useApp((state) => state.go);
  const [asking, setAsking] = useState(false);

  const state = shownState(tunnel, wish);
  const look = LOOKS[state];
  const onControl = (): void => {
    if (look.control.wish === 'down') void disconnect(profile.id);
    else if (profile.missingSecrets.includes('psk')) setAsking(true);
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
        <Button kind={look.control.kind} large disabled={state === 'disconnecting'} onClick={onControl}>
          {t(look.control.label)}
        </Button>
      }
    >
      <section className={classes['state']} data-state={state} data-mark={look.mark}>
        <StateMark mark={look.mark} />
        <div role="status" className={classes['words']}>
          <h2 className={classes['heading']}>{t(look.heading)}</h2>
          <p className={classes['meaning']}>{meaningOf(state, tunnel, t)}</p>
        </div>
        <p className={classes['profile']}>{printable(profile.name, 96)}</p>
        {others > 0 && <p className={classes['meaning']}>{t('profile.others', { count: others })}</p>}
        {tunnel && <Chips tunnel={tunnel} />}
      </section>
      {state === 'reconnecting' && tunnel && <Reconnecting tunnel={tunnel} />}
      {state === 'failed' && tunnel?.failure && <FailureCard failure={tunnel.failure} />}
      <ExpiryNotice profile={profile} />
      {state === 'connected' && <ThroughputGraph profile={profile.id} />}
      <TunnelFacts profile={profile} tunnel={tunnel} state={state} />
      {asking && <SecretDialog profile={profile} onClose={() => setAsking(false)} />}
    </View>
  );
}

function meaningOf(state: TunnelState, tunnel: TunnelStatus | undefined, t: Text): string {
  if (state !== 'connected' || !tunnel) return t(LOOKS[state].meaning, { networks: '' });
  const { coverage, list } = protectedNetworks(tunnel);
  if (coverage !== 'some') return t(`state.connected.meaning.${coverage}`);
  const networks = new Intl.ListFormat(i18n.locale).format(list.map((network) => printable(network, 48)));
  return t('state.connected.meaning', { networks });
}

function Chips({ tunnel }: { readonly tunnel: TunnelStatus }): ReactElement | null {
  const t = useText();
  const chips = [
    ...(tunnel.nat && (tunnel.nat.local || tunnel.nat.remote) ? [t('chip.nat')] : []),
    ...(tunnel.path?.mobike ? [t('chip.mobike')] : []),
    ...(tunnel.ike && tunnel.ike.weak.length > 0 ? [t('chip.weak')] : []),
  ];
  if (chips.length === 0) return null;
  return (
    <ul className={classes['chips']}>
      {chips.map((chip) => (
        <li className={classes['chip']} key={chip}>
          {chip}
        </li>
      ))}
    </ul>
  );
}

interface TunnelFactsProps {
  readonly profile: ProfileSummary;
  readonly tunnel: TunnelStatus | undefined;
  readonly state: TunnelState;
}

function TunnelFacts({ profile, tunnel, state }: TunnelFactsProps): ReactElement {
  const t = useText();
  const now = useNow();
  const { live } = LOOKS[state];
  const facts: Fact[] = [
    {
      label: t('fact.gateway'),
      values: [live && tunnel?.gateway ? endpoint(tunnel.gateway) : printable(profile.gateway)],
    },
  ];
  // Between two tries there is no step.
  if (state === 'connecting' || (state === 'reconnecting' && tunnel?.step)) {
    facts.push({ label: t('fact.step'), values: [t(stepOf(tunnel?.step))] });
  }
  if (state === 'connected' && tunnel) {
    const { received, sent } = traffic(tunnel);
    facts.push(
      { label: t('fact.connected-for'), values: [elapsed(secondsSince(tunnel.since, now))], kind: 'number' },
      { label: t('fact.address'), values: tunnel.virtualIps.map((address) => printable(address)) },
      { label: t('fact.received'), values: [bytes(received, i18n.locale)], kind: 'number' },
      { label: t('fact.sent'), values: [bytes(sent, i18n.locale)], kind: 'number' },
    );
  }
  return <Facts facts={facts.filter(({ values }) => values.length > 0)} />;
}
