/** The named search parameters as texts. Absent and empty ones are left out; a bare number is text too. */
export function texts<K extends string>(search: Record<string, unknown>, ...names: K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name of names) {
    const value = search[name];
    if (typeof value === 'number' || typeof value === 'boolean') found[name] = String(value);
    else if (typeof value === 'string' && value !== '') found[name] = value;
  }
  return found;
}

/** Where to go after signing in: only a path of this console, never another site. */
export function safeNext(value: unknown): { next?: string } {
  const isOurs = typeof value === 'string' && /^\/(?![/\\])/.test(value) && !value.startsWith('/login');
  return isOurs && value !== '/' ? { next: value } : {};
}
