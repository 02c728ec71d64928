import { type MantineColorScheme, Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { Check, Languages, Monitor, Moon, Sun } from 'lucide-react';
import { LANGS, type Lang, type PlainKey, TAGS, useI18n } from '@/i18n';
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
    <Menu position="top-start" checkIcon={<Check size={14} aria-hidden />}>
      <Menu.Target>
        <UnstyledButton className={c.tool} aria-label={`${t('shell.language')}: ${LANGS[lang]}`}>
          <Languages size={16} aria-hidden />
          <span className={c.word}>{LANGS[lang]}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={lang} onChange={(value) => setLang(value as Lang)}>
          {(Object.keys(LANGS) as Lang[]).map((l) => (
            <Menu.RadioItem key={l} value={l} lang={TAGS[l]} closeMenuOnClick>
              {LANGS[l]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

function ThemeMenu() {
  const { t } = useI18n();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const current = schemes.find((s) => s.value === colorScheme) ?? schemes[2];
  return (
    <Menu position="top-start" checkIcon={<Check size={14} aria-hidden />}>
      <Menu.Target>
        <UnstyledButton className={c.tool} aria-label={`${t('theme.title')}: ${t(current.word)}`}>
          <current.Icon size={16} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
          {schemes.map(({ value, word, Icon }) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick>
              <span className={c.choice}>
                <Icon size={14} aria-hidden />
                {t(word)}
              </span>
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
