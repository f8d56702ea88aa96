/** In place of everything while there is no helper: what that means, and what to do. */
import type { ReactElement } from 'react';
import { printable } from '#core/text/printable.ts';
import type { LinkProblem } from '#electron/bridge-contract.ts';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { ProblemBar } from '../../components/problem-bar.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { View } from '../../components/view.tsx';
import type { MessageId } from '../../i18n/en.ts';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './helper-view.module.css';

/** Problems that a start of the service may cure, and what to do where it is none: start it, or another in its place. */
const BY_HAND: Readonly<Partial<Record<LinkProblem, MessageId>>> = {
  missing: 'helper.by-hand',
  lost: 'helper.by-hand',
  nonsense: 'helper.by-hand.instead',
  incompatible: 'helper.by-hand.instead',
};

const words = (problem: LinkProblem, part: 'title' | 'text' | 'steps' | 'command'): MessageId =>
  `helper.${problem}.${part}`;

export function HelperView(): ReactElement {
  const t = useText();
  const link = useApp((state) => state.link);
  const canRepair = useApp((state) => state.canRepair);
  const reconnect = useApp((state) => state.reconnect);
  const repair = useApp((state) => state.repair);
  const repairing = useApp((state) => state.repairing);
  const byHand = useApp((state) => state.commandByHand);
  const go = useApp((state) => state.go);
  if (link.state !== 'down') {
    return (
      <div className={classes['waiting']} role="status">
        {t('helper.connecting')}
      </div>
    );
  }
  const { problem, detail, socket } = link;
  const byHandSteps = BY_HAND[problem];
  const repairable = canRepair && byHandSteps !== undefined;
  // What is no service here cannot be started as one.
  const isByHand = !canRepair && byHandSteps !== undefined;
  const command = isByHand ? byHand : t(words(problem, 'command'));
  return (
    <div className={classes['page']}>
      <View
        title={t('app.name')}
        foot={
          <>
            {repairable && (
              <Button kind="primary" large disabled={repairing} onClick={() => void repair()}>
                {t(repairing ? 'helper.repairing' : 'helper.repair')}
              </Button>
            )}
            <Button kind={repairable ? 'quiet' : 'primary'} large onClick={() => void reconnect()}>
              {t('helper.retry')}
            </Button>
            <Button kind="link" onClick={() => go('report')}>
              {t('report.make')}
            </Button>
          </>
        }
      >
        <div className={classes['state']} role="status">
          <StateMark mark="attention" />
          <h2 className={classes['title']}>{t(words(problem, 'title'))}</h2>
          <p>{t(words(problem, 'text'))}</p>
        </div>
        <Repaired />
        <div className={classes['steps']}>
          <p>{t(isByHand ? byHandSteps : words(problem, 'steps'))}</p>
          <Command command={command} />
        </div>
        {/* What lockdown holds back, it holds back without the service, too; and nobody here can tell. */}
        <div className={classes['steps']}>
          <p>{t('helper.rescue')}</p>
          <Command command={t('helper.rescue.command')} />
        </div>
        <Notice tone="quiet">
          <strong>{t('helper.details')}</strong>
          <p className={classes['detail']} lang="en">{`${socket}\n${detail}`}</p>
        </Notice>
      </View>
      <ProblemBar />
    </div>
  );
}

function Command({ command }: { readonly command: string }): ReactElement {
  const t = useText();
  const copy = useApp((state) => state.copy);
  return (
    <div className={classes['command']}>
      <code>{command}</code>
      <Button kind="link" onClick={() => void copy(command)}>
        {t('helper.copy')}
      </Button>
    </div>
  );
}

/** What became of a repair that did not cure it; told when it happens. */
function Repaired(): ReactElement {
  const t = useText();
  const repaired = useApp((state) => state.repaired);
  return (
    <div role="alert">
      {repaired && (
        <Notice tone={repaired.outcome === 'failed' ? 'attention' : 'quiet'}>
          <p>{t(`helper.repair.${repaired.outcome}`)}</p>
          {repaired.outcome === 'failed' && (
            <p className={classes['detail']} lang="en">
              {printable(repaired.detail, 512)}
            </p>
          )}
        </Notice>
      )}
    </div>
  );
}
