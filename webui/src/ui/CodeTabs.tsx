import { useLocalStorage } from '@mantine/hooks';
import type { Snippet } from '@/api/snippets';
import { useI18n } from '@/i18n';
import { CodeBlock } from './Code';
import { Tabs } from './Tabs';

/** The same call in several languages and tools; the one that was chosen last comes first the next time. */
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
    >
      <CodeBlock label={shown.file ?? t('snippet.shell')} code={shown.code} />
    </Tabs>
  );
}
