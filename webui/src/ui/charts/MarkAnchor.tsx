import { type LinkOptions, useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

/** A real link around a mark of a drawing, so that it opens in a new tab too. The keyboard has the chart's table. */
export function MarkAnchor({ to, children }: { to: LinkOptions | undefined; children: ReactNode }) {
  const router = useRouter();
  if (!to) return <>{children}</>;
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate(to);
  };
  return (
    <a href={router.history.createHref(router.buildLocation(to).publicHref)} tabIndex={-1} onClick={follow}>
      {children}
    </a>
  );
}
