/**
 * An IANA registry as one list: number, name, and whatever else a row means. Constants, names and look-ups are
 * derived from it, so a number is typed once in the project.
 */
export interface RegistryRow {
  readonly id: number;
  /** The name in IANA's registry, e.g. `NO_PROPOSAL_CHOSEN`. */
  readonly name: string;
}

export interface Registry<Row extends RegistryRow> {
  readonly title: string;
  readonly rows: readonly Row[];
  /** `byName.NO_PROPOSAL_CHOSEN` is that number. */
  readonly byName: { readonly [N in Row['name']]: Extract<Row, { name: N }>['id'] };
  row(id: number): Row | undefined;
  /** The name for people; `title(4711)` where IANA lists none. */
  nameOf(id: number): string;
}

export function registry<const Row extends RegistryRow>(title: string, rows: readonly Row[]): Registry<Row> {
  const byId = new Map<number, Row>(rows.map((row) => [row.id, row]));
  if (byId.size !== rows.length) throw new Error(`${title}: a number stands twice`);
  return {
    title,
    rows,
    byName: Object.fromEntries(rows.map((row) => [row.name, row.id])) as Registry<Row>['byName'],
    row: (id) => byId.get(id),
    nameOf: (id) => byId.get(id)?.name ?? `${title}(${id})`,
  };
}
