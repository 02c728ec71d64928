import { useI18n } from '@/i18n';
import { CodeTabs } from '@/ui/CodeTabs';
import { Card } from '@/ui/Page';
import { type Chat, callSnippets } from './snippets';

/** The same call from a program, with its messages; the key is read from the environment. */
export function AsCode({ gateway, group, chat }: { gateway: string; group: string | undefined; chat: Chat }) {
  const { t } = useI18n();
  if (!group) return null;
  const snippets = callSnippets({ gateway, group, chat: chat.messages.length > 0 ? chat : undefined });
  return (
    <Card title={t('playground.code')} sub={t('playground.codeHow')}>
      <CodeTabs snippets={snippets} />
    </Card>
  );
}
