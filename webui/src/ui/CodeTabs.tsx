import { useLocalStorage } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import { CodeBlock } from './Code';
import { Tabs } from './Tabs';
import c from './ui.module.css';

/** What a language or a tool needs. */
export type Snippet = {
  id: string;
  label: string;
  /** label says where the text belongs; without one it is for a shell. */
  blocks: { label?: string; code: string }[];
  before?: ReactNode;
  after?: ReactNode;
};

/** The same in several languages and tools; the one that was chosen last comes first the next time. */
export function CodeTabs({ snippets }: { snippets: readonly Snippet[] }) {
  const { t } = useI18n();
  const [last, setLast] = useLocalStorage({ key: 'ui.snippet', defaultValue: '', getInitialValueInEffect: false });
  const shown = snippets.find((s) => s.id === last) ?? snippets[0];
  if (!shown) return null;
  return (
    <Tabs
      label={t('snippet.tabs')}
      tabs={snippets.map((s) => ({ value: s.id, label: s.label }))}
      value={shown.id}
      onChange={setLast}
      wrap
    >
      <div className={c.snippet}>
        {shown.before}
        {shown.blocks.map(({ label, code }) => (
          <CodeBlock key={label ?? ''} label={label ?? t('snippet.shell')} code={code} />
        ))}
        {shown.after}
      </div>
    </Tabs>
  );
}
