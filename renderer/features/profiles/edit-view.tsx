/**
 * A profile's common settings as a form. What is wrong is said at its field; the first such field takes the focus when
 * saving is refused. Whatever happens, what was typed stays (stores/editing.ts).
 */
import { type FormEvent, type ReactElement, useEffect, useId, useRef, useState } from 'react';
import type { FieldProblem } from '#core/ipc/profile-calls.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Notice } from '../../components/notice.tsx';
import { FoldedSection, Section } from '../../components/section.tsx';
import { TextField } from '../../components/text-field.tsx';
import { View } from '../../components/view.tsx';
import type { MessageId } from '../../i18n/en.ts';
import { toldProblem } from '../../i18n/field-problems.ts';
import { useText } from '../../i18n/text.ts';
import type { Editing } from '../../stores/editing.ts';
import { type FormField, type FormValues, hasUser, revocationOf } from '../../stores/profile-form.ts';
import { useApp } from '../../stores/use-app.ts';
import { LIFETIME_UNITS, type LifetimeUnit } from '../../format/lifetimes.ts';
import { Choice, Select, Switch } from '../settings/fields.tsx';
import classes from './profile-view.module.css';

const ADVANCED: readonly FormField[] = [
  'encapsulation',
  'ikeLifetime',
  'childLifetime',
  'ikeProposals',
  'childProposals',
];

export function EditView(): ReactElement {
  const t = useText();
  const editing = useApp((state) => state.editing);
  const back = useApp((state) => state.back);
  if (editing) return <EditForm editing={editing} />;
  return (
    <View title={t('edit.title')} onBack={back}>
      <p role="status">{t('profile.reading')}</p>
    </View>
  );
}

function EditForm({ editing }: { readonly editing: Editing }): ReactElement {
  const t = useText();
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const back = useApp((state) => state.back);
  const saveEdit = useApp((state) => state.saveEdit);
  const { base, values, problems, refusals } = editing;
  const wrong = Object.keys(problems) as FormField[];
  const [advanced, setAdvanced] = useState(false);
  const mustOpen = wrong.some((field) => ADVANCED.includes(field));

  useEffect(() => {
    if (refusals === 0) return;
    const field = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.focus();
    // The one that has the focus already would stay where it is.
    field?.scrollIntoView({ block: 'nearest' });
  }, [refusals]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void saveEdit();
  };
  const revocation = revocationOf(base);

  return (
    <View
      title={t('edit.title')}
      onBack={back}
      foot={
        <Button type="submit" form={id} kind="primary" large disabled={editing.saving}>
          {t(editing.saving ? 'edit.saving' : 'edit.save')}
        </Button>
      }
    >
      <Problems editing={editing} wrong={wrong.length} />
      <form id={id} ref={form} className={classes['form']} onSubmit={submit} noValidate>
        <Section title={t('edit.general')}>
          <Field field="name" label="edit.name" />
          <Field field="addresses" label="edit.addresses" hint="edit.addresses.hint" kind="lines" code />
          <Field field="gatewayId" label="edit.gateway-id" hint="edit.gateway-id.hint" code />
        </Section>
        <Section title={t('edit.login')}>
          <p>{t(`profile.method.${base.authentication.method}`)}</p>
          <p className={classes['quiet']}>{t('edit.method.hint')}</p>
          <Field field="localId" label="edit.local-id" hint="edit.local-id.hint" code />
          {hasUser(base) && <Field field="user" label="edit.user" hint="edit.user.hint" />}
        </Section>
        <Section title={t('edit.networks')}>
          <Pick
            field="networks"
            label="edit.networks"
            options={[
              ['everything', 'edit.networks.everything'],
              ['some', 'edit.networks.some'],
            ]}
          />
          {values.networks === 'some' && (
            <Field field="remoteTs" label="edit.remote-ts" hint="edit.remote-ts.hint" kind="lines" code />
          )}
        </Section>
        <Section title={t('edit.dns')}>
          <Field field="dnsServers" label="edit.dns-servers" hint="edit.dns-servers.hint" kind="lines" code />
          <Field field="dnsDomains" label="edit.dns-domains" hint="edit.dns-domains.hint" kind="lines" code />
        </Section>
        <Section title={t('edit.behaviour')}>
          <Toggle field="reconnect" label="edit.reconnect" />
          {revocation !== undefined && (
            <Pick
              field="revocation"
              label="edit.revocation"
              options={[
                ['off', 'edit.revocation.off'],
                ['soft', 'edit.revocation.soft'],
                ['strict', 'edit.revocation.strict'],
              ]}
            />
          )}
        </Section>
        <Section title={t('edit.quantum')}>
          <Pick
            field="postQuantum"
            label="edit.post-quantum"
            hint={`edit.post-quantum.${values.postQuantum}.hint`}
            options={[
              ['off', 'edit.post-quantum.off'],
              ['prefer', 'edit.post-quantum.prefer'],
              ['require', 'edit.post-quantum.require'],
            ]}
          />
          <Field field="ppkId" label="edit.ppk-id" hint="edit.ppk-id.hint" code />
          {values.ppkId.trim() !== '' && (
            <Toggle field="ppkRequired" label="edit.ppk-required" hint="edit.ppk-required.hint" />
          )}
        </Section>
        <FoldedSection title={t('edit.advanced')} open={advanced || mustOpen} onToggle={setAdvanced}>
          <Pick
            field="encapsulation"
            label="edit.encapsulation"
            options={[
              ['force', 'edit.encapsulation.force'],
              ['auto', 'edit.encapsulation.auto'],
            ]}
          />
          <Lifetime field="ikeLifetime" label="edit.ike-lifetime" />
          <Lifetime field="childLifetime" label="edit.child-lifetime" />
          <Field
            field="ikeProposals"
            label="edit.ike-proposals"
            hint="edit.proposals.hint"
            kind="lines"
            code
          />
          <Field
            field="childProposals"
            label="edit.child-proposals"
            hint="edit.child-proposals.hint"
            kind="lines"
            code
          />
        </FoldedSection>
      </form>
      {editing.leaving && <LeaveDialog />}
    </View>
  );
}

function Problems({ editing, wrong }: { readonly editing: Editing; readonly wrong: number }): ReactElement {
  const t = useText();
  const rebase = useApp((state) => state.rebaseEdit);
  const listed = useApp((state) => state.profiles.find(({ id }) => id === editing.id)?.revision);
  const { revision, saving, problem, others } = editing;
  const stale = !saving && revision !== undefined && listed !== undefined && listed !== revision;
  return (
    <div role="status" className={classes['form']}>
      {stale && (
        <Notice tone="attention">
          <p>{t('edit.stale')}</p>
          <Button onClick={() => void rebase()}>{t('edit.rebase')}</Button>
        </Notice>
      )}
      {!stale && (problem !== undefined || others.length > 0) && (
        <Notice tone="attention">
          <p>
            <strong>{t('edit.refused')}</strong>
          </p>
          {problem !== undefined && <p lang="en">{printable(problem, 1024)}</p>}
          {others.map((one) => (
            <Elsewhere key={one.field} problem={one} />
          ))}
        </Notice>
      )}
      {wrong > 0 && (
        <Notice tone="attention">
          <p>{t('edit.wrong', { count: wrong })}</p>
        </Notice>
      )}
    </div>
  );
}

/** No field of the form shows it: the profile's own name of it stands in front. */
function Elsewhere({ problem }: { readonly problem: FieldProblem }): ReactElement {
  const { text, isTranslated } = toldProblem(problem);
  return (
    <p lang={isTranslated ? undefined : 'en'}>
      {problem.field !== '' && <code>{printable(problem.field, 128)}: </code>}
      {printable(text, 512)}
    </p>
  );
}

function LeaveDialog(): ReactElement {
  const t = useText();
  const answer = useApp((state) => state.answerLeaving);
  return (
    <Dialog title={t('edit.leave.title')} text={t('edit.leave.text')} onClose={() => void answer('stay')}>
      <DialogButtons>
        <Button onClick={() => void answer('stay')}>{t('edit.leave.stay')}</Button>
        <Button kind="danger" onClick={() => void answer('discard')}>
          {t('edit.leave.leave')}
        </Button>
        <Button kind="primary" onClick={() => void answer('save')}>
          {t('edit.save')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

type TextFields = {
  [F in FormField]: FormValues[F] extends string ? (string extends FormValues[F] ? F : never) : never;
}[FormField];

interface FieldProps {
  readonly field: TextFields;
  readonly label: MessageId;
  readonly hint?: MessageId;
  readonly kind?: 'text' | 'number' | 'lines';
  readonly code?: boolean;
  readonly after?: ReactElement;
}

function Field({ field, label, hint, kind = 'text', code = false, after }: FieldProps): ReactElement {
  const t = useText();
  const value = useApp((state) => state.editing?.values[field] ?? '');
  const problem = useApp((state) => state.editing?.problems[field]);
  const change = useApp((state) => state.changeField);
  const told = problem && toldProblem(problem);
  return (
    <TextField
      label={t(label)}
      value={value}
      onChange={(typed) => change(field, typed)}
      hint={hint === undefined ? undefined : t(hint)}
      problem={told && printable(told.text, 512)}
      problemIsTranslated={told?.isTranslated ?? false}
      kind={kind}
      code={code}
      after={after}
    />
  );
}

interface LifetimeProps {
  readonly field: 'ikeLifetime' | 'childLifetime';
  readonly label: MessageId;
}

/** A number, and what it counts in a field of its own beside it. */
function Lifetime({ field, label }: LifetimeProps): ReactElement {
  const t = useText();
  const unitField = `${field}Unit` as const;
  const unit = useApp((state) => state.editing?.values[unitField] ?? 'seconds');
  const change = useApp((state) => state.changeField);
  const units = (Object.keys(LIFETIME_UNITS) as LifetimeUnit[]).map(
    (known) => [known, t(`edit.lifetime.${known}`)] as const,
  );
  return (
    <Field
      field={field}
      label={label}
      kind="number"
      after={
        <Select
          name={t('edit.lifetime.unit', { of: t(label) })}
          value={unit}
          options={units}
          onChange={(chosen) => change(unitField, chosen)}
        />
      }
    />
  );
}

type ChoiceFields = 'networks' | 'revocation' | 'postQuantum' | 'encapsulation';

interface PickProps<F extends ChoiceFields> {
  readonly field: F;
  readonly label: MessageId;
  readonly hint?: MessageId;
  readonly options: readonly (readonly [value: FormValues[F], label: MessageId])[];
}

function Pick<F extends ChoiceFields>(props: PickProps<F>): ReactElement | null {
  const t = useText();
  const value = useApp((state) => state.editing?.values[props.field]);
  const problem = useApp((state) => state.editing?.problems[props.field]);
  const change = useApp((state) => state.changeField);
  if (value === undefined) return null;
  const told = problem && toldProblem(problem);
  return (
    <Choice<FormValues[F]>
      label={t(props.label)}
      hint={props.hint === undefined ? undefined : t(props.hint)}
      problem={told && printable(told.text, 512)}
      problemIsTranslated={told?.isTranslated ?? false}
      value={value}
      options={props.options.map(([known, label]) => [known, t(label)])}
      onChange={(chosen) => change(props.field, chosen)}
    />
  );
}

interface ToggleProps {
  readonly field: 'reconnect' | 'ppkRequired';
  readonly label: MessageId;
  readonly hint?: MessageId;
}

function Toggle({ field, label, hint }: ToggleProps): ReactElement {
  const t = useText();
  const checked = useApp((state) => state.editing?.values[field] ?? false);
  const change = useApp((state) => state.changeField);
  return (
    <Switch
      label={t(label)}
      hint={hint === undefined ? undefined : t(hint)}
      checked={checked}
      onChange={(on) => change(field, on)}
    />
  );
}
