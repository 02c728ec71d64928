import { Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { Check, Languages, Monitor, Moon, Sun } from 'lucide-react';
import { LANGS, type Lang, type PlainKey, useI18n } from '@/i18n';
import c from './preferences.module.css';

const schemes = [
  { value: 'light', word: 'theme.light', Icon: Sun },
  { value: 'dark', word: 'theme.dark', Icon: Moon },
  { value: 'auto', word: 'theme.auto', Icon: Monitor },
] as const satisfies readonly { value: string; word: PlainKey; Icon: typeof Sun }[];

/** Language and theme: kept in this browser, so they work before signing in. */
export function Preferences() {
  return (
    <div className={c.tools}>
      <LanguageMenu />
      <ThemeMenu />
    </div>
  );
}

function LanguageMenu() {
  const { t, lang, setLang } = useI18n();
  return (
    <Menu position="top-start">
      <Menu.Target>
        <UnstyledButton className={c.tool} aria-label={`${t('shell.language')}: ${LANGS[lang]}`}>
          <Languages size={16} aria-hidden />
          <span className={c.word}>{LANGS[lang]}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(LANGS) as Lang[]).map((l) => (
          <Menu.Item
            key={l}
            lang={l}
            role="menuitemradio"
            aria-checked={l === lang}
            rightSection={l === lang && <Check size={14} aria-hidden />}
            onClick={() => setLang(l)}
          >
            {LANGS[l]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function ThemeMenu() {
  const { t } = useI18n();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const current = schemes.find((s) => s.value === colorScheme) ?? schemes[2];
  return (
    <Menu position="top-start">
      <Menu.Target>
        <UnstyledButton className={c.tool} aria-label={`${t('theme.title')}: ${t(current.word)}`}>
          <current.Icon size={16} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map(({ value, word, Icon }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={value === colorScheme}
            leftSection={<Icon size={14} aria-hidden />}
            rightSection={value === colorScheme && <Check size={14} aria-hidden />}
            onClick={() => setColorScheme(value)}
          >
            {t(word)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
