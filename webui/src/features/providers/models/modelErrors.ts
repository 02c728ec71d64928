import { splitViolations, stepsOf, violationsOf } from '@/api/violations';

/** What the server found wrong, at the models it is about; and the error when any of it is about something else. */
export function modelErrors(error: unknown, provider: string, ids: readonly string[]) {
  const atRow = new Map<string, string[]>();
  if (!error) return { atRow, rest: null };
  const violations = violationsOf(error);
  const { own, rest } = splitViolations(violations, provider);
  let left = violations.length === 0 || rest.length > 0;
  for (const [path, words] of Object.entries(own)) {
    const [field, at] = stepsOf(path.replaceAll('.', ' '));
    const id = field === 'models' ? ids[Number(at)] : undefined;
    if (id === undefined) left = true;
    else atRow.set(id, [...(atRow.get(id) ?? []), words]);
  }
  return { atRow, rest: left ? error : null };
}
