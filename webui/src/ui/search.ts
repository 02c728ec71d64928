/** What an address says after its "?", before anyone looked at it. */
export type Search = Record<string, unknown>;

/** The named search parameters as texts. Absent and empty ones are left out; a bare number is text too. */
export function texts<K extends string>(search: Search, ...names: K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name of names) {
    const value = search[name];
    if (typeof value === 'number' || typeof value === 'boolean') found[name] = String(value);
    else if (typeof value === 'string' && value !== '') found[name] = value;
  }
  return found;
}

/** A parameter that has one of a few values; anything else counts as absent. */
export function choice<K extends string, V extends string>(search: Search, name: K, values: readonly V[]) {
  const value = values.find((v) => v === search[name]);
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V };
}

/** A switch that is on when it is in the address at all: ?new=true. */
export function flag<K extends string>(search: Search, name: K) {
  const on = search[name] === true || search[name] === 'true' || search[name] === '';
  return (on ? { [name]: true } : {}) as { [P in K]?: true };
}
