import { useLocalStorage } from '@mantine/hooks';
import type { Search } from '@/ui/search';
import { type CallsSearch, callsSearch } from '../search';

/** Filters and a period under a name. This browser keeps it; to someone else its address is sent. */
export type OwnView = { name: string; search: CallsSearch };

/** Characters of a name; more would not fit a line. */
export const LONGEST = 60;
const MOST = 50;

/** The views that were saved in this browser, by name. */
export function useOwnViews() {
  const [stored, setStored] = useLocalStorage<unknown>({
    key: 'ui.calls.views',
    defaultValue: [],
    getInitialValueInEffect: false,
  });
  const views = viewsOf(stored);
  const put = (next: OwnView[]) => setStored(next.sort((a, b) => a.name.localeCompare(b.name)));
  return {
    views,
    isFull: views.length >= MOST,
    save: (view: OwnView) => put([...views.filter(({ name }) => name !== view.name), view]),
    rename: (from: string, to: string) => put(views.map((view) => (view.name === from ? { ...view, name: to } : view))),
    remove: (name: string) => put(views.filter((view) => view.name !== name)),
  };
}

/** What was stored may be of another version, or of anybody. */
export function viewsOf(stored: unknown): OwnView[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((one: unknown) => {
    const { name, search } = (one ?? {}) as { name?: unknown; search?: unknown };
    if (typeof name !== 'string' || name === '' || typeof search !== 'object' || search === null) return [];
    return [{ name, search: whatOf(callsSearch(search as Search)) }];
  });
}

/** What of an address is a view: all but the call that is open. */
export const whatOf = ({ call: _, ...what }: CallsSearch): CallsSearch => what;

/** Whether two addresses show the same. */
export const isSameView = (a: CallsSearch, b: CallsSearch) => text(a) === text(b);

const text = (search: CallsSearch) =>
  JSON.stringify(
    Object.entries(whatOf(search))
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
