import { createContext, type ReactNode, useContext, useEffect, useLayoutEffect, useMemo, useState } from 'react';
import { type Lang, pickLang, TAGS } from './languages';
import type { Messages } from './messages';
import { type I18n, makeI18n } from './translate';

export { LANGS, type Lang, TAGS } from './languages';
export type { MessageKey, PlainKey, PluralKey } from './messages';
export type { I18n } from './translate';

const STORED = 'ui.lang';

/** Each language is a chunk of its own: nobody loads texts that they do not read. */
const loaders: Record<Lang, () => Promise<Messages>> = {
  en: async () => (await import('./locales/en')).en,
  zh: async () => (await import('./locales/zh')).zh,
  ja: async () => (await import('./locales/ja')).ja,
  ko: async () => (await import('./locales/ko')).ko,
};

type Value = I18n & { setLang: (lang: Lang) => void };
const Context = createContext<Value | null>(null);

const first = (): Lang => pickLang([readStored(), ...navigator.languages]);
/** Starts to load the language of this browser, before anything is rendered. */
export const preloadLanguage = () => void loaders[first()]().catch(() => undefined);

export function I18nProvider({ children, initial }: { children: ReactNode; initial?: Lang }) {
  const [lang, setLang] = useState<Lang>(() => initial ?? first());
  const [loaded, setLoaded] = useState<{ lang: Lang; messages: Messages } | null>(null);

  useEffect(() => {
    let wanted = true;
    void loaders[lang]().then((messages) => {
      if (wanted) setLoaded({ lang, messages });
    });
    return () => {
      wanted = false;
    };
  }, [lang]);

  // The document says its language when its texts are there.
  useLayoutEffect(() => {
    if (loaded) document.documentElement.lang = TAGS[loaded.lang];
  }, [loaded]);

  // What is chosen in one tab holds in all, as the theme does.
  useEffect(() => {
    const follow = (event: StorageEvent) => {
      if (event.storageArea === localStorage && event.key === STORED && event.newValue)
        setLang(pickLang([event.newValue]));
    };
    window.addEventListener('storage', follow);
    return () => window.removeEventListener('storage', follow);
  }, []);

  const value = useMemo<Value | null>(() => {
    if (!loaded) return null;
    return {
      ...makeI18n(loaded.lang, loaded.messages),
      setLang: (next) => {
        store(next);
        setLang(next);
      },
    };
  }, [loaded]);

  return value ? <Context.Provider value={value}>{children}</Context.Provider> : null;
}

export function useI18n(): Value {
  const value = useContext(Context);
  if (!value) throw new Error('I18nProvider is missing');
  return value;
}

function readStored(): string {
  try {
    return localStorage.getItem(STORED) ?? '';
  } catch {
    return ''; // storage is refused: the browser's languages decide
  }
}

function store(lang: Lang) {
  try {
    localStorage.setItem(STORED, lang);
  } catch {
    // the choice then lasts until the page is left
  }
}
