import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react';

export type Shortcut = {
  /** "j", "?", "g d" for one after the other, "mod+k" with Ctrl or Command. */
  keys: string;
  /** What it does, for the list of shortcuts. */
  what: string;
  /** Where the list shows it. */
  part: 'go' | 'any' | 'page';
  run: () => void;
};

type Registry = ReturnType<typeof createRegistry>;
const Context = createContext<Registry | null>(null);

/** How long a sequence such as "g d" may take, in milliseconds. */
const PATIENCE = 1200;

function createRegistry() {
  let all: readonly Shortcut[] = [];
  const listeners = new Set<() => void>();
  const set = (next: readonly Shortcut[]) => {
    all = next;
    for (const listener of listeners) listener();
  };
  return {
    add: (shortcut: Shortcut) => {
      set([...all, shortcut]);
      return () => set(all.filter((s) => s !== shortcut));
    },
    all: () => all,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Listens to the keyboard for everything below that uses useShortcut. */
export function ShortcutsProvider({ children }: { children: ReactNode }) {
  const [registry] = useState(createRegistry);
  useEffect(() => {
    let before = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return;
      const mod = event.ctrlKey || event.metaKey;
      if (!mod && isEditable(event.target)) return;
      const key = mod ? `mod+${event.key.toLowerCase()}` : event.key;
      const found = find(registry.all(), `${before} ${key}`.trim()) ?? find(registry.all(), key);
      clearTimeout(timer);
      before = found || mod ? '' : key;
      timer = setTimeout(() => {
        before = '';
      }, PATIENCE);
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('keydown', onKey);
    };
  }, [registry]);
  return <Context.Provider value={registry}>{children}</Context.Provider>;
}

/** The last one registered wins: a drawer's J goes before its page's. */
const find = (all: readonly Shortcut[], keys: string) => all.findLast((s) => s.keys === keys);

function isEditable(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Runs something on a key for as long as the component is there; it is in the list of shortcuts by itself. */
export function useShortcut(
  keys: string,
  what: string,
  run: () => void,
  { part = 'page', enabled = true }: { part?: Shortcut['part']; enabled?: boolean } = {},
) {
  const registry = useContext(Context);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!enabled) return;
    return registry?.add({ keys, what, part, run: () => latest.current() });
  }, [registry, keys, what, part, enabled]);
}

const NONE: readonly Shortcut[] = [];

/** Every shortcut that works now. */
export function useShortcuts(): readonly Shortcut[] {
  const registry = useContext(Context);
  return useSyncExternalStore(registry?.subscribe ?? (() => () => undefined), registry?.all ?? (() => NONE));
}

/** The name of the key that "mod" stands for on this machine. */
export const MOD = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘' : 'Ctrl';
