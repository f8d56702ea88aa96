/**
 * What the helper asks of the person while a tunnel connects: user, password, code. Shown over every view, one at a time;
 * closing it declines, and the helper says what that means.
 */
import type { ReactElement } from 'react';
import type { TunnelQuestion, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { MessageId } from '../../i18n/en.ts';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { SecretForm } from './secret-form.tsx';

interface Form {
  readonly title: MessageId;
  readonly label: MessageId;
  readonly plain?: true;
  readonly confirm?: true;
  readonly mayBeEmpty?: true;
  readonly keepable: boolean;
  /** It is the file's, not the person's. */
  readonly ofFile?: true;
  /** The prompt is the server's own, and the person has to read it. */
  readonly prompted?: true;
}

/** A kind of question without a form does not compile. */
const FORMS: Readonly<Record<TunnelQuestion['kind'], Form>> = {
  user: { title: 'question.user', label: 'question.user.label', plain: true, keepable: true },
  password: { title: 'question.password', label: 'question.password.label', keepable: true },
  // It is of no use a second time.
  'one-time-code': { title: 'question.code', label: 'question.code.label', keepable: false, prompted: true },
  // The helper keeps it where it kept the old one.
  'new-password': {
    title: 'question.new-password',
    label: 'question.new-password.label',
    confirm: true,
    keepable: false,
  },
  'pkcs12-password': {
    title: 'question.pkcs12',
    label: 'question.password.label',
    mayBeEmpty: true,
    keepable: true,
    ofFile: true,
  },
  'private-key-password': {
    title: 'question.private-key',
    label: 'question.password.label',
    keepable: true,
    ofFile: true,
  },
};

/** The question of the tunnel that has one open; nothing where none has. */
export function QuestionDialog(): ReactElement | null {
  const asking = useApp((state) => state.tunnels?.find(({ question }) => question !== null));
  if (!asking?.question) return null;
  // Another question is another form: nothing that was typed for the last one stays.
  return (
    <OneQuestion
      key={`${asking.profile.id}/${asking.question.id}`}
      tunnel={asking}
      question={asking.question}
    />
  );
}

function OneQuestion({
  tunnel,
  question,
}: {
  readonly tunnel: TunnelStatus;
  readonly question: TunnelQuestion;
}): ReactElement {
  const t = useText();
  const answer = useApp((state) => state.answer);
  const form = FORMS[question.kind];
  const name = printable(tunnel.profile.name, 96);
  const said = form.prompted ? t('question.says', { text: printable(question.prompt, 512) }) : undefined;
  return (
    <SecretForm
      title={t(form.title)}
      text={
        question.user === undefined
          ? t(form.ofFile ? 'question.for-file' : 'question.for', { name })
          : t('question.for-user', { name, user: printable(question.user, 96) })
      }
      label={t(form.label)}
      said={said}
      problem={question.retry ? t('question.wrong') : undefined}
      plain={form.plain ?? false}
      confirm={form.confirm ?? false}
      mayBeEmpty={form.mayBeEmpty ?? false}
      keepable={form.keepable}
      onSubmit={(text, remember) => void answer(tunnel.profile.id, question.id, text, remember)}
      onClose={() => void answer(tunnel.profile.id, question.id)}
    />
  );
}
