import { Button, Textarea, UnstyledButton } from '@mantine/core';
import { Plus, Trash2 } from 'lucide-react';
import type { KeyboardEvent, ReactNode, RefObject } from 'react';
import { useI18n } from '@/i18n';
import { Fields } from '@/ui/fields/Form';
import { Card } from '@/ui/Page';
import type { Draft } from './draft';
import c from './playground.module.css';
import type { ChatMessage } from './snippets';

/** What is said: the system's words, then the messages in turn, each of which can be changed. */
export function Conversation({
  draft,
  onChange,
  onSend,
  lastField,
  children,
}: {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  onSend: () => void;
  lastField: RefObject<HTMLTextAreaElement | null>;
  children: ReactNode;
}) {
  const { t } = useI18n();
  const { messages } = draft;
  const set = (at: number, change: Partial<ChatMessage>) =>
    onChange({ messages: messages.map((m, i) => (i === at ? { ...m, ...change } : m)) });
  const last = messages.at(-1);
  const sendOnEnter = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onSend();
  };
  return (
    <Card title={t('playground.messages')}>
      <Fields>
        <Textarea
          label={t('playground.system')}
          description={t('playground.systemHow')}
          autosize
          minRows={1}
          maxRows={8}
          value={draft.system}
          onChange={(event) => onChange({ system: event.currentTarget.value })}
          onKeyDown={sendOnEnter}
        />
        {messages.map((message, i) => (
          <div key={i} className={c.message}>
            <Textarea
              ref={i === messages.length - 1 ? lastField : undefined}
              label={t(message.role === 'assistant' ? 'playground.assistant' : 'playground.user')}
              autosize
              minRows={i === messages.length - 1 ? 3 : 1}
              maxRows={14}
              value={message.content}
              onChange={(event) => set(i, { content: event.currentTarget.value })}
              onKeyDown={sendOnEnter}
            />
            {messages.length > 1 && (
              <UnstyledButton
                className={c.remove}
                aria-label={t('playground.remove', { n: i + 1 })}
                onClick={() => onChange({ messages: messages.filter((_, at) => at !== i) })}
              >
                <Trash2 size={15} aria-hidden />
              </UnstyledButton>
            )}
          </div>
        ))}
        {last && last.content.trim() !== '' && (
          <div>
            <Button
              variant="subtle"
              size="compact-sm"
              leftSection={<Plus size={14} aria-hidden />}
              onClick={() =>
                onChange({
                  messages: [...messages, { role: last.role === 'user' ? 'assistant' : 'user', content: '' }],
                })
              }
            >
              {t('playground.add')}
            </Button>
          </div>
        )}
        {children}
      </Fields>
    </Card>
  );
}
