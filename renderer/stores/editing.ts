/**
 * A profile being edited. What was typed stays here whatever happens to the view: a refusal, a dropped file, a helper
 * that dies, somebody else's change. It goes when it is saved, or when the person says so.
 */
import type { FieldProblem } from '#core/ipc/profile-calls.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { UnsavedWish } from '#electron/bridge-contract.ts';
import {
  applied,
  changedFields,
  fieldAt,
  type FormField,
  type FormValues,
  formOf,
  problemsOf,
} from './profile-form.ts';
import type { Slice } from './store.ts';

export interface Editing {
  readonly id: string;
  readonly base: Profile;
  /** Of `base`. */
  readonly revision: string | undefined;
  readonly values: FormValues;
  readonly problems: Readonly<Partial<Record<FormField, FieldProblem>>>;
  /** What belongs to no field of the form. */
  readonly others: readonly FieldProblem[];
  /** What is wrong with the whole, in the helper's words. */
  readonly problem: string | undefined;
  /** How often saving was refused: the first wrong field takes the focus each time. */
  readonly refusals: number;
  readonly saving: boolean;
  /** The person wants to go, and something was changed. */
  readonly leaving: boolean;
}

export interface EditingSlice {
  readonly editing: Editing | undefined;
  /** Goes on with what was typed for this profile before, if anything was. */
  readonly edit: () => void;
  readonly changeField: <F extends FormField>(field: F, value: FormValues[F]) => void;
  readonly saveEdit: () => Promise<void>;
  /** What was typed, upon the profile as it is now. */
  readonly rebaseEdit: () => Promise<void>;
  /** False where there is something to lose: then the person is asked. */
  readonly mayLeaveEdit: () => boolean;
  readonly answerLeaving: (answer: 'stay' | UnsavedWish) => Promise<void>;
  /** The window was to go, and this is what the person wants first. */
  readonly finishEdit: (wish: UnsavedWish) => Promise<void>;
}

export const isUnsaved = (editing: Editing | undefined): boolean => editing !== undefined && isDirty(editing);
const isDirty = ({ base, values }: Editing): boolean => changedFields(formOf(base), values).length > 0;

export const editingSlice: Slice<EditingSlice> = (set, get, { bridge }) => {
  const change = (part: Partial<Editing>): void => {
    const { editing } = get();
    if (editing) set({ editing: { ...editing, ...part } });
  };
  const refuse = (found: readonly FieldProblem[], message?: string): void => {
    const problems: Partial<Record<FormField, FieldProblem>> = {};
    const others: FieldProblem[] = [];
    for (const one of found) {
      const field = fieldAt(one.field);
      if (field === undefined) others.push(one);
      else problems[field] ??= one;
    }
    const problem = found.length === 0 ? message : undefined;
    change({ problems, others, problem, saving: false, refusals: (get().editing?.refusals ?? 0) + 1 });
  };

  return {
    editing: undefined,
    edit() {
      const { opened, editing } = get();
      const read = opened?.read.value;
      if (!read) return;
      const { profile: base, summary } = read;
      if (editing && editing.id !== summary.id && isDirty(editing)) {
        // There is one form: what was typed into it for another profile is decided first.
        change({ leaving: true });
        get().go('edit');
        return;
      }
      if (editing?.id !== summary.id || !isDirty(editing))
        set({
          editing: {
            id: summary.id,
            base,
            revision: summary.revision,
            values: formOf(base),
            problems: {},
            others: [],
            problem: undefined,
            refusals: 0,
            saving: false,
            leaving: false,
          },
        });
      get().go('edit');
    },
    changeField(field, value) {
      const { editing } = get();
      if (!editing) return;
      // What is being put right is not called wrong; saving looks again.
      const { [field]: _, ...problems } = editing.problems;
      change({ values: { ...editing.values, [field]: value }, problems });
    },
    async saveEdit() {
      const { editing } = get();
      if (!editing || editing.saving) return;
      const { id, base, values, revision } = editing;
      const profile = applied(base, values);
      const found = problemsOf(profile);
      if (found.length > 0) {
        refuse(found);
        return;
      }
      change({ saving: true, problems: {}, others: [], problem: undefined });
      const baseRevision = revision === undefined ? {} : { baseRevision: revision };
      const answer = await bridge.call('profiles.update', { id, profile, ...baseRevision });
      if (!answer.ok) {
        refuse(answer.problem.problems ?? [], answer.problem.message);
        return;
      }
      set({ editing: undefined });
      const { opened, view } = get();
      if (view === 'edit') get().go('profile');
      if (opened?.id !== id) return;
      set({ opened: { ...opened, waits: answer.result.appliesAt === 'next-connection' } });
      await get().readOpened();
    },
    async rebaseEdit() {
      const before = get().editing;
      if (!before) return;
      const answer = await bridge.call('profiles.get', { id: before.id });
      const now = get().editing;
      if (now?.id !== before.id) return;
      if (!answer.ok) {
        change({ problem: answer.problem.message });
        return;
      }
      const { profile: base, summary } = answer.result;
      const typed = changedFields(formOf(now.base), now.values);
      const kept = Object.fromEntries(typed.map((field) => [field, now.values[field]]));
      change({
        base,
        revision: summary.revision,
        values: { ...formOf(base), ...kept },
        problems: {},
        others: [],
        problem: undefined,
      });
    },
    mayLeaveEdit() {
      const { editing } = get();
      if (!editing || !isDirty(editing)) {
        set({ editing: undefined });
        return true;
      }
      change({ leaving: true });
      return false;
    },
    async answerLeaving(answer) {
      if (answer === 'discard') {
        set({ editing: undefined });
        if (get().view === 'edit') get().go('profile');
        return;
      }
      change({ leaving: false });
      if (answer === 'save') await get().saveEdit();
    },
    async finishEdit(wish) {
      if (get().editing) {
        // Another view may stand before it; a refusal is shown where it was typed.
        if (wish === 'save') get().go('edit');
        await get().answerLeaving(wish);
      }
      await bridge.call('app.unsaved', { unsaved: isUnsaved(get().editing) });
    },
  };
};
