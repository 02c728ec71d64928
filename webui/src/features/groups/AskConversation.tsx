import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useFoundKeys } from '@/api/found';
import { useI18n } from '@/i18n';
import { Combo } from '@/ui/fields/Combo';
import { FieldRow } from '@/ui/fields/Form';
import { Card } from '@/ui/Page';
import c from './groups.module.css';

/** A conversation as a client names it. */
export type Conversation = { apiKey: string; session: string };

/** Names a conversation of a sticky group, to see where its calls go; undefined: any. */
export function AskConversation({
  onAsk,
  error,
}: {
  onAsk: (asked: Conversation | undefined) => void;
  error: string | undefined;
}) {
  const { t } = useI18n();
  const [apiKey, setApiKey] = useState('');
  const [search, setSearch] = useState('');
  const [session, setSession] = useState('');
  const found = useFoundKeys(search === apiKey ? '' : search, { most: 50 });
  const isWhole = apiKey !== '' && session.trim() !== '';
  const forget = () => {
    setApiKey('');
    setSession('');
    onAsk(undefined);
  };
  return (
    <Card title={t('groups.conversation.title')} sub={t('groups.conversation.sub')}>
      <form
        className={c.ask}
        onSubmit={(event) => {
          event.preventDefault();
          if (isWhole) onAsk({ apiKey, session: session.trim() });
        }}
      >
        <FieldRow>
          <Combo
            label={t('groups.conversation.key')}
            description={t('groups.conversation.keyHow')}
            data={[...new Set([...(apiKey ? [apiKey] : []), ...(found ?? []).map((key) => key.name)])]}
            value={apiKey || null}
            onChange={(key) => setApiKey(key ?? '')}
            onSearchChange={setSearch}
            filter={({ options }) => options}
          />
          <TextInput
            label={t('groups.conversation.session')}
            description={t('groups.conversation.sessionHow')}
            value={session}
            onChange={(event) => setSession(event.currentTarget.value)}
            maxLength={1024}
            autoComplete="off"
            spellCheck={false}
            error={error}
          />
        </FieldRow>
        <div className={c.askActions}>
          <Button type="submit" size="sm" variant="default" disabled={!isWhole}>
            {t('groups.conversation.show')}
          </Button>
          {(apiKey || session) && (
            <Button size="sm" variant="subtle" onClick={forget}>
              {t('groups.conversation.any')}
            </Button>
          )}
        </div>
      </form>
    </Card>
  );
}
