import type { ReactNode } from 'react';
import { ErrorState, SkeletonRows } from './States';

type Query<T> = { data: T | undefined; error: unknown; isFetching: boolean; refetch: () => unknown };

/** The content of a query, or why there is none yet. Old data stays: the shell says how old it is. */
export function Loaded<T>({
  query,
  skeleton,
  children,
}: {
  query: Query<T>;
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ErrorState error={query.error} onRetry={() => query.refetch()} busy={query.isFetching} />;
  return <>{skeleton ?? <SkeletonRows />}</>;
}
