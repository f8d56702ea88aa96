/**
 * What is wrong with a field of a profile, in the person's language: by the rule that is broken (core/profile), else in
 * the English that the helper said. The form asks. Lifetimes are told in the units that the form has for them.
 */
import type { FieldProblem } from '#core/ipc/profile-calls.ts';
import { violationText } from '#core/profile/violation-words.ts';
import { lifetime } from '../format/lifetimes.ts';
import { activeLanguage, i18n } from './text.ts';

export interface ToldProblem {
  readonly text: string;
  readonly isTranslated: boolean;
}

/** `“x” is no host name; expected …`. Rendered anew with whoever asks when the language changes. */
export function toldProblem(given: FieldProblem): ToldProblem {
  const { problem, remedy } = given;
  const language = activeLanguage();
  const inWords = isEmpty(given) ? i18n._('edit.empty') : lifetimeProblem(given);
  if (inWords !== undefined) return { text: inWords, isTranslated: true };
  const translated =
    language === 'en' || given.violation === undefined ? undefined : violationText(given.violation, language);
  const said = translated ?? { problem, remedy };
  const comma = language === 'zh' && translated ? '；' : '; ';
  return {
    text: said.remedy === undefined ? said.problem : `${said.problem}${comma}${said.remedy}`,
    isTranslated: translated !== undefined || language === 'en',
  };
}

/** `found ""; expected at least 1 characters` says the same to a machine. */
const isEmpty = ({ violation }: FieldProblem): boolean =>
  violation?.rule === 'too-small' && violation.least === 1 && violation.of !== 'number';

function lifetimeProblem({ field, violation }: FieldProblem): string | undefined {
  if (!field.endsWith('.lifetimeSec')) return undefined;
  if (violation?.rule === 'too-small')
    return i18n._('edit.lifetime.least', { least: lifetime(violation.least, i18n.locale) });
  if (violation?.rule === 'too-big')
    return i18n._('edit.lifetime.most', { most: lifetime(violation.most, i18n.locale) });
  return undefined;
}
