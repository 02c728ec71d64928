import { type ReactNode, useEffect, useRef } from 'react';
import c from './fields.module.css';

/**
 * The fields of a form that closes when it has been sent. Nobody can type in them meanwhile, because it would be lost;
 * if the form is refused, the focus is back where it was.
 */
export function SentFields({ busy, children }: { busy: boolean; children: ReactNode }) {
  const last = useRef<HTMLElement>(undefined);
  useEffect(() => {
    if (!busy && document.activeElement === document.body) last.current?.focus();
  }, [busy]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only remembers which of its fields had the focus
    <div
      className={c.sent}
      inert={busy}
      onFocus={(event) => {
        last.current = event.target;
      }}
    >
      {children}
    </div>
  );
}
