type Fields = Record<string, unknown>;

/**
 * What a form shows when a save is done: what was saved, and over it what was typed since it was sent. Fields are told
 * apart one by one; in lists, what is the same at both ends stays what it is, so that a line more does not undo the others.
 */
export function keepTyped<D>(sent: D, typed: D, saved: D): D {
  if (isSame(sent, typed)) return saved;
  if (Array.isArray(sent) && Array.isArray(typed) && Array.isArray(saved)) return lines(sent, typed, saved) as D;
  if (isFields(sent) && isFields(typed) && isFields(saved)) {
    const names = new Set([...Object.keys(saved), ...Object.keys(typed)]);
    return Object.fromEntries([...names].map((n) => [n, keepTyped<unknown>(sent[n], typed[n], saved[n])])) as D;
  }
  return typed;
}

function lines(sent: unknown[], typed: unknown[], saved: unknown[]): unknown[] {
  if (sent.length !== saved.length) return typed;
  const least = Math.min(sent.length, typed.length);
  let head = 0;
  while (head < least && isSame(sent[head], typed[head])) head++;
  let tail = 0;
  while (tail < least - head && isSame(sent.at(-1 - tail), typed.at(-1 - tail))) tail++;
  const middle = typed.slice(head, typed.length - tail);
  return [
    ...saved.slice(0, head),
    ...(sent.length === typed.length ? middle.map((t, i) => keepTyped(sent[head + i], t, saved[head + i])) : middle),
    ...saved.slice(saved.length - tail),
  ];
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether two drafts hold the same; a field that is undefined is as one that is missing. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isSame(one, b[i]));
  if (!isFields(a) || !isFields(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => isSame(a[name], b[name]));
}
