/**
 * Inheritance between sections, `name : other.section { … }` (strongswan.conf(5), "Referencing other sections"):
 * what a section does not say itself it takes from its references, left to right, sub-sections merged alike; an
 * empty value clears an inherited one. Called by swanctl.ts.
 */
import { ImportError } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';
import { emptySection, type Section } from '#core/profile/swanctl-parser.ts';

/** Copies that resolving may make; a file whose references multiply beyond it is refused. */
const MAX_COPIES = 20_000;
/** References that lead to references, sections inside them included. */
const MAX_CHAIN = 64;

/** `root` with every reference followed. Throws ImportError for a reference to nowhere, in a circle, or exploding. */
export function resolveReferences(root: Section): Section {
  const budget = { left: MAX_COPIES };
  return resolve(root, root, [], budget);
}

function resolve(
  section: Section,
  root: Section,
  under: readonly Section[],
  budget: { left: number },
): Section {
  if (under.length > MAX_CHAIN) throw new ImportError('the references between sections lead on without end');
  const resolved = emptySection();
  resolved.includes.push(...section.includes);
  extend(resolved, section, budget);
  for (const [name, inner] of section.sections) {
    resolved.sections.set(name, resolve(inner, root, [...under, section], budget));
  }
  for (const { name, place } of section.references) {
    const target = find(root, name);
    if (!target) throw new ImportError(`${place}: there is no section "${printable(name, 64)}" to refer to`);
    if (target === section || under.includes(target)) {
      throw new ImportError(`${place}: the reference to "${printable(name, 64)}" leads back to itself`);
    }
    inherit(resolved, resolve(target, root, [...under, section], budget), budget);
  }
  return resolved;
}

function find(root: Section, name: string): Section | undefined {
  let section: Section | undefined = root;
  for (const part of name.split('.')) section = section?.sections.get(part);
  return section;
}

/** Settings of `from` that `into` does not have. */
function extend(into: Section, from: Section, budget: { left: number }): void {
  budget.left -= 1 + from.settings.size;
  if (budget.left < 0) throw new ImportError('the references between sections multiply beyond any use');
  for (const [key, setting] of from.settings) {
    if (!into.settings.has(key)) into.settings.set(key, setting);
  }
}

/** The same for whole trees; both are resolved already. */
function inherit(into: Section, from: Section, budget: { left: number }): void {
  extend(into, from, budget);
  for (const [name, inner] of from.sections) {
    const existing = into.sections.get(name) ?? emptySection();
    into.sections.set(name, existing);
    inherit(existing, inner, budget);
  }
}
