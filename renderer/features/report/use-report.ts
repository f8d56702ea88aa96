/** Collects what a problem report is made of; whatever does not answer is left out. */
import { useCallback, useContext, useEffect, useState } from 'react';
import type { BridgeCallName, BridgeParams, BridgeResult } from '#electron/bridge-contract.ts';
import type { AppStore } from '../../stores/store.ts';
import { StoreContext } from '../../stores/use-app.ts';
import { type Collected, LOG_LINES } from './report-model.ts';

/** Of so many profiles the shape is looked at; those that are up first. */
const PROFILES = 50;

async function asked<C extends BridgeCallName>(
  name: C,
  params: BridgeParams<C>,
): Promise<BridgeResult<C> | undefined> {
  const answer = await window.adit.call(name, params);
  return answer.ok ? answer.result : undefined;
}

async function collect(state: () => AppStore): Promise<Collected> {
  const { link, settings, profiles: summaries, tunnels, lockdown } = state();
  const about = await asked('app.about', {});
  const base = {
    madeAt: new Date().toISOString(),
    versions: about?.versions ?? [],
    link,
    settings,
    summaries,
  };
  if (link.state !== 'up') return { ...base, profiles: [], log: state().logRing.newest(LOG_LINES) };
  const [info, doctor] = await Promise.all([asked('helper.info', {}), asked('doctor.run', {})]);
  const isUp = (id: string): boolean => tunnels?.some(({ profile }) => profile.id === id) ?? false;
  const looked = [...summaries.filter(({ id }) => isUp(id)), ...summaries.filter(({ id }) => !isUp(id))];
  const profiles: unknown[] = [];
  for (const { id } of looked.slice(0, PROFILES)) {
    const answer = await asked('profiles.get', { id });
    if (answer) profiles.push(answer.profile);
  }
  // Its first lines come before the answer.
  await state().followLog(true);
  await state().followLog(false);
  return {
    ...base,
    info,
    checks: doctor?.checks,
    status: tunnels === undefined ? undefined : { tunnels: [...tunnels], ...(lockdown ? { lockdown } : {}) },
    profiles,
    log: state().logRing.newest(LOG_LINES),
  };
}

export function useReport(): { readonly collected: Collected | undefined; readonly again: () => void } {
  const store = useContext(StoreContext);
  const [collected, setCollected] = useState<Collected>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isWanted = true;
    const begin = async (): Promise<void> => {
      if (!store) return;
      const found = await collect(() => store.getState());
      if (isWanted) setCollected(found);
    };
    void begin();
    return () => {
      isWanted = false;
    };
  }, [store, round]);
  const again = useCallback(() => {
    setCollected(undefined);
    setRound((before) => before + 1);
  }, []);
  return { collected, again };
}
