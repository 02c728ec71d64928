import { getRouteApi } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useGateway } from '@/api/queries';
import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { useTitle } from '@/ui/useTitle';
import { Answer } from './Answer';
import { AsCode } from './AsCode';
import { CallCard } from './CallCard';
import { Conversation } from './Conversation';
import { chatOf, emptyDraft, isBlank } from './draft';
import { Parameters } from './Parameters';
import { Prompts } from './Prompts';
import c from './playground.module.css';
import { Target } from './Target';
import { useRun } from './useRun';

const route = getRouteApi('/signed-in/playground');

export function PlaygroundPage() {
  const { t } = useI18n();
  const { group } = route.useSearch();
  const navigate = route.useNavigate();
  const gateway = useGateway();
  // The key lives here and nowhere else: whoever leaves the page leaves it behind.
  const [key, setKey] = useState('');
  const [draft, setDraft] = useState(emptyDraft);
  const { run, start, stop, clear, busy } = useRun();
  const write = useRef<HTMLTextAreaElement>(null);
  useTitle(t('nav.playground'));

  // A header takes no other characters, so the browser would not even send it.
  const usable = /^[!-~]+$/.test(key.trim());
  const missing = !group ? 'playground.needsGroup' : usable ? null : 'playground.needsKey';
  const ready = missing === null && !isBlank(draft) && !busy;
  const send = () => ready && group && start({ gateway, group, key: key.trim(), chat: chatOf(draft) });
  const edit = (change: Partial<typeof draft>) => setDraft((now) => ({ ...now, ...change }));
  const goOn = (text: string) => {
    edit({ messages: [...draft.messages, { role: 'assistant', content: text }, { role: 'user', content: '' }] });
    clear();
  };
  const startOver = () => {
    setDraft({ ...emptyDraft(), system: draft.system, stream: draft.stream });
    clear();
  };
  const choose = (content: string) => {
    edit({ messages: [{ role: 'user', content }] });
    write.current?.focus();
  };

  return (
    <>
      <PageHeader title={t('nav.playground')} lead={t('playground.lead')} />
      <div className={c.page}>
        <div className={c.main}>
          <Target
            group={group}
            onGroup={(next) => navigate({ search: { group: next }, replace: true })}
            apiKey={key}
            onKey={setKey}
            refused={run?.failure?.kind === 'refused' && run.failure.status === 401}
          />
          <Conversation draft={draft} onChange={edit} onSend={send} lastField={write}>
            {isBlank(draft) && <Prompts onChoose={choose} />}
            <Parameters draft={draft} onChange={edit} />
          </Conversation>
          <Answer
            run={run}
            busy={busy}
            ready={ready}
            missing={missing}
            gateway={gateway}
            onSend={send}
            onStop={stop}
            onGoOn={goOn}
            onStartOver={draft.messages.length > 1 ? startOver : undefined}
          />
        </div>
        <aside className={c.side} aria-label={t('playground.call')}>
          <CallCard run={run} />
          <AsCode gateway={gateway} group={group} chat={chatOf(draft)} />
        </aside>
      </div>
    </>
  );
}
