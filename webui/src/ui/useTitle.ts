import { useEffect } from 'react';

/** Names the tab after the page. */
export function useTitle(page: string) {
  useEffect(() => {
    document.title = `${page} · Trunkline`;
  }, [page]);
}
