import { UnstyledButton } from '@mantine/core';
import { X } from 'lucide-react';
import { useI18n } from '@/i18n';
import { outcomeKey } from '@/ui/outcome';
import type { CallsSearch } from '../search';
import c from './filters.module.css';
import { useFilter } from './useFilter';

/** Filters that no field in sight shows, each with a button that takes it out, and one that takes out all. */
export function Chosen() {
  const { t } = useI18n();
  const { search, set, clear } = useFilter();
  const { id, group, provider, key, outcome, failed, failedOver, minMs, minCost } = search;
  const { model, node, status, stream, attemptOutcome, clientRequestId, traceId, user, metadata } = search;
  const hidden: { name: keyof CallsSearch; text: string }[] = [];
  if (model !== undefined) hidden.push({ name: 'model', text: t('calls.chosen.model', { name: model }) });
  if (node !== undefined) hidden.push({ name: 'node', text: t('calls.chosen.node', { name: node }) });
  if (status !== undefined) hidden.push({ name: 'status', text: t('calls.chosen.status', { status }) });
  if (attemptOutcome !== undefined)
    hidden.push({
      name: 'attemptOutcome',
      text: t('calls.chosen.attempt', { outcome: t(outcomeKey(attemptOutcome)) }),
    });
  const said = { clientRequestId, traceId, user, metadata };
  for (const name of ['clientRequestId', 'traceId', 'user', 'metadata'] as const)
    if (said[name] !== undefined) hidden.push({ name, text: `${t(`calls.said.${name}`)}: ${said[name]}` });
  if (stream !== undefined) hidden.push({ name: 'stream', text: t(stream ? 'calls.streamYes' : 'calls.streamNo') });
  const any = [id, group, provider, key, outcome, failed, failedOver, minMs, minCost].some((v) => v !== undefined);
  if (!any && hidden.length === 0) return null;
  return (
    <>
      {hidden.map(({ name, text }) => (
        <span key={name} className={c.chosen}>
          {text}
          <UnstyledButton
            aria-label={t('calls.chosen.remove', { name: text })}
            onClick={() => set({ [name]: undefined })}
          >
            <X size={13} aria-hidden />
          </UnstyledButton>
        </span>
      ))}
      <UnstyledButton className={c.clear} onClick={clear}>
        {t('calls.clear')}
      </UnstyledButton>
    </>
  );
}
