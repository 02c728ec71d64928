import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import c from './tabs.module.css';

export type Tab<V extends string> = { value: V; label: string; badge?: ReactNode };

/** Several views of one thing. The page keeps the chosen one in its address. */
export function Tabs<V extends string>({
  label,
  tabs,
  value,
  onChange,
  wrap,
  children,
}: {
  label: string;
  tabs: readonly Tab<V>[];
  value: V;
  onChange: (value: V) => void;
  /** All of them are seen, on several lines if need be; else they scroll. */
  wrap?: boolean;
  /** The chosen view. */
  children: ReactNode;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const words = tabs.map((tab) => tab.label).join();
  // Where not all have room, the chosen one is in sight, in every language.
  useLayoutEffect(() => {
    const strip = list.current;
    const tab = strip?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(value)}"]`);
    if (strip && tab) strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
  }, [value, words]);
  const onKey = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.value === value);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    const next = to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onChange(next.value);
    list.current?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(next.value)}"]`)?.focus();
  };
  return (
    <div>
      <div className={c.list} data-wrap={wrap} role="tablist" aria-label={label} ref={list} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button
            key={tab.value}
            type="button"
            role="tab"
            id={`${id}-${tab.value}`}
            data-tab={tab.value}
            aria-selected={tab.value === value}
            aria-controls={`${id}-panel`}
            tabIndex={tab.value === value ? 0 : -1}
            onClick={() => onChange(tab.value)}
          >
            {tab.label}
            {tab.badge !== undefined && <span className={c.badge}>{tab.badge}</span>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${value}`} className={c.panel}>
        {children}
      </div>
    </div>
  );
}
