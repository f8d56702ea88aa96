/** Errors that are sentences for the caller become refusals; others are the helper's own. calls.ts and its parts use it. */
import { ExportError } from '#core/profile/export-as.ts';
import { inEnglish } from '#core/profile/export-words.ts';
import { ImportError } from '#core/profile/profile.ts';
import { SystemFailure } from '../effects/effects.ts';
import { LockedError } from '../locked-error.ts';
import { NotYours } from '../lockdown/lockdown.ts';
import { StoreError } from '../profile-store.ts';
import { CallError } from './call-error.ts';

export function refusing<T>(act: () => T, otherwise: (error: unknown) => never = refuse): T {
  try {
    return act();
  } catch (error) {
    return otherwise(error);
  }
}

const unexportable = ({ message, why }: ExportError): CallError =>
  new CallError('refused', message, { problems: [{ field: '', problem: inEnglish(why), why }] });

export function refuse(error: unknown): never {
  if (error instanceof LockedError) {
    const { field, message } = error;
    throw new CallError('refused', message, { problems: [{ field, problem: message }] });
  }
  if (error instanceof NotYours) {
    throw new CallError(
      'forbidden',
      'lockdown: an administrator switched it on, and only an administrator changes it',
    );
  }
  if (error instanceof SystemFailure) throw new CallError('refused', `${error.message}. ${error.remedy}`);
  if (error instanceof ExportError) throw unexportable(error);
  if (error instanceof ImportError || error instanceof StoreError)
    throw new CallError('refused', error.message);
  throw error;
}
