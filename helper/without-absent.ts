/** For what comes from a parser, whose absent keys are there with `undefined`: they must not hide what stands elsewhere. */

/** Without the keys whose value is undefined. */
export function withoutAbsent<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
