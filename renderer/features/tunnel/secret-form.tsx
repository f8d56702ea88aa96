/** A dialog that asks for one text. It lives here until it is sent; whoever keeps it is the helper. */
import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './secret-form.module.css';

export interface SecretFormProps {
  readonly title: string;
  readonly text: string;
  readonly label: string;
  /** The server's own words. */
  readonly said?: string | undefined;
  /** That the last answer was wrong. */
  readonly problem?: string | undefined;
  /** Nothing to hide: a user name. */
  readonly plain?: boolean;
  /** To be typed twice. */
  readonly confirm?: boolean;
  readonly mayBeEmpty?: boolean;
  /** Whether it can be kept. */
  readonly keepable: boolean;
  readonly onSubmit: (text: string, remember: boolean) => void;
  readonly onClose: () => void;
}

export function SecretForm(props: SecretFormProps): ReactElement {
  const {
    title,
    text,
    label,
    said,
    problem,
    plain = false,
    confirm = false,
    mayBeEmpty = false,
    keepable,
  } = props;
  const t = useText();
  const id = useId();
  const suggested = useApp((state) => state.settings?.rememberSecrets ?? false);
  const [typed, setTyped] = useState('');
  const [again, setAgain] = useState('');
  const [shown, setShown] = useState(plain);
  const [remember, setRemember] = useState(suggested);
  const differs = confirm && again !== '' && again !== typed;
  const ready = (typed !== '' || mayBeEmpty) && (!confirm || again === typed);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready) props.onSubmit(typed, keepable && remember);
  };
  const field = (name: string, words: string, value: string, set: (value: string) => void): ReactElement => (
    <div className={classes['field']}>
      <label htmlFor={`${id}-${name}`}>{words}</label>
      <input
        id={`${id}-${name}`}
        className={classes['input']}
        type={shown ? 'text' : 'password'}
        value={value}
        onChange={(event) => set(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
    </div>
  );

  return (
    <Dialog title={title} text={text} onClose={props.onClose}>
      <form className={classes['form']} onSubmit={submit}>
        {said !== undefined && <p className={classes['said']}>{said}</p>}
        {problem !== undefined && (
          <p className={classes['problem']} role="alert">
            {problem}
          </p>
        )}
        {field('secret', label, typed, setTyped)}
        {confirm && field('again', t('question.again'), again, setAgain)}
        {differs && (
          <p className={classes['problem']} role="alert">
            {t('question.differs')}
          </p>
        )}
        {!plain && (
          <label className={classes['check']}>
            <input type="checkbox" checked={shown} onChange={(event) => setShown(event.target.checked)} />
            {t('secret.show')}
          </label>
        )}
        {keepable && (
          <>
            <label className={classes['check']}>
              <input
                type="checkbox"
                checked={remember}
                onChange={(event) => setRemember(event.target.checked)}
                aria-describedby={`${id}-hint`}
              />
              {t('secret.remember')}
            </label>
            <p id={`${id}-hint`} className={classes['hint']}>
              {t('secret.remember.hint')}
            </p>
          </>
        )}
        <DialogButtons>
          <Button type="button" onClick={props.onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" kind="primary" disabled={!ready}>
            {t('action.connect')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
