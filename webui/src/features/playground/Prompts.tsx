import { UnstyledButton } from '@mantine/core';
import { type PlainKey, useI18n } from '@/i18n';
import c from './playground.module.css';

const PROMPTS: readonly PlainKey[] = [
  'playground.promptShort',
  'playground.promptLong',
  'playground.promptCode',
  'playground.promptJson',
];

/** Something to send for who only wants to see the gateway work. */
export function Prompts({ onChoose }: { onChoose: (text: string) => void }) {
  const { t } = useI18n();
  return (
    <fieldset className={c.prompts}>
      <legend>{t('playground.prompts')}</legend>
      {PROMPTS.map((key) => (
        <UnstyledButton key={key} className={c.prompt} onClick={() => onChoose(t(key))}>
          {t(key)}
        </UnstyledButton>
      ))}
    </fieldset>
  );
}
