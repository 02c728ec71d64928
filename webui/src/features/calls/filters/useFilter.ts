import type { CallsSearch } from '../search';
import { route } from '../view';

/** The address, and a way to change part of it; undefined takes a parameter out, and the open call is closed. */
export function useFilter() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: Partial<CallsSearch>) =>
    void navigate({ search: (s) => ({ ...s, ...change, call: undefined }), replace: true, resetScroll: false });
  /** Keeps the time only. */
  const clear = () => void navigate({ search: ({ range, from, to }) => ({ range, from, to }), replace: true });
  return { search, set, clear };
}
