/** Why a tunnel was lost, which try this is, and when the next begins; with a way not to wait. */
import type { ReactElement } from 'react';
import { explain } from '#core/failure/explain.ts';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { useNow } from '../../components/use-now.ts';
import { elapsed, secondsSince } from '../../format/units.ts';
import { activeLanguage, useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';

export function Reconnecting({ tunnel }: { readonly tunnel: TunnelStatus }): ReactElement | null {
  const t = useText();
  const now = useNow();
  const reconnect = useApp((state) => state.reconnectTunnel);
  if (!tunnel.reconnect) return null;
  const { attempt, nextAt, why } = tunnel.reconnect;
  const failure = why ?? tunnel.lastEnd?.failure;
  const left = nextAt === null ? 0 : -secondsSince(nextAt, now);
  return (
    <Notice tone="quiet">
      {failure && <p>{explain(failure, activeLanguage()).sentence}</p>}
      <p>
        {left > 0
          ? t('reconnect.next', { attempt, time: elapsed(Math.ceil(left)) })
          : t('reconnect.now', { attempt })}
      </p>
      {left > 0 && (
        <Button onClick={() => void reconnect(tunnel.profile.id)}>{t('action.reconnect-now')}</Button>
      )}
    </Notice>
  );
}
