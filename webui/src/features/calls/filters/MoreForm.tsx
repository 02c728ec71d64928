import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { Button, NumberInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useNodes } from '@/api/queries';
import { UsageDimension, UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Combo } from '@/ui/fields/Combo';
import { DurationField } from '@/ui/fields/DurationField';
import { MoneyField } from '@/ui/fields/MoneyField';
import { offered } from '@/ui/fields/offered';
import { OUTCOMES, outcomeKey } from '@/ui/outcome';
import { Segments } from '@/ui/Segments';
import type { CallsSearch } from '../search';
import c from './filters.module.css';

const SAID = ['clientRequestId', 'traceId', 'user', 'metadata'] as const;
type More = Pick<
  CallsSearch,
  'model' | 'node' | 'status' | 'stream' | 'attemptOutcome' | (typeof SAID)[number] | 'minMs' | 'minCost'
>;
const inFront = { withinPortal: false } as const;

export function MoreForm({
  value,
  span,
  onApply,
}: {
  value: More;
  span: { from: number; to: number };
  onApply: (next: More) => void;
}) {
  const { t } = useI18n();
  const [next, setNext] = useState(value);
  const [cost, setCost] = useState(() => (value.minCost === undefined ? '' : String(value.minCost)));
  const nodes = useNodes().data?.nodes.map((n) => n.name) ?? [];
  const models = useQuery(UsageService.method.breakDownUsage, {
    filter: { startTime: timestampFromMs(span.from), endTime: timestampFromMs(span.to) },
    by: UsageDimension.MODEL,
    limit: 200,
  });
  const modelNames = models.data?.rows.map((row) => row.value).filter((name) => name !== '') ?? [];
  const put = (change: More) => setNext((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onApply({ ...next, minCost: Number(cost) > 0 ? Number(cost) : undefined });
  };
  return (
    <form className={c.more} onSubmit={submit}>
      <Combo
        label={t('calls.upstreamModel')}
        placeholder={t('calls.anyModel')}
        data={offered(modelNames, next.model)}
        value={next.model ?? null}
        onChange={(model) => put({ model: model ?? undefined })}
        comboboxProps={inFront}
        clearable
      />
      <Combo
        label={t('calls.node')}
        placeholder={t('calls.anyNode')}
        data={offered(nodes, next.node)}
        value={next.node ?? null}
        onChange={(node) => put({ node: node ?? undefined })}
        comboboxProps={inFront}
        clearable
      />
      <Combo
        label={t('calls.attemptOutcome')}
        description={t('calls.attemptOutcomeHelp')}
        placeholder={t('calls.anyOutcome')}
        data={OUTCOMES.map((value) => ({ value, label: t(outcomeKey(value)) }))}
        value={next.attemptOutcome ?? null}
        onChange={(attemptOutcome) => put({ attemptOutcome: attemptOutcome ?? undefined })}
        comboboxProps={inFront}
        clearable
      />
      {SAID.map((name) => (
        <TextInput
          key={name}
          label={t(`calls.said.${name}`)}
          description={t(`calls.saidHow.${name}`)}
          maxLength={256}
          value={next[name] ?? ''}
          onChange={(event) => put({ [name]: event.currentTarget.value.trim() || undefined })}
        />
      ))}
      <NumberInput
        label={t('calls.status')}
        description={t('calls.statusHelp')}
        min={100}
        max={599}
        hideControls
        allowDecimal={false}
        value={next.status ?? ''}
        onChange={(status) => put({ status: typeof status === 'number' && status > 0 ? status : undefined })}
      />
      <DurationField
        label={t('calls.atLeastTook')}
        units={['ms', 's', 'min']}
        value={next.minMs}
        onChange={(minMs) => put({ minMs: minMs || undefined })}
      />
      <MoneyField label={t('calls.atLeastCost')} value={cost} onChange={setCost} />
      <div className={c.streams}>
        <span>{t('calls.stream')}</span>
        <Segments
          label={t('calls.stream')}
          value={next.stream === undefined ? 'any' : next.stream ? 'yes' : 'no'}
          options={[
            { value: 'any', label: t('calls.streamAny') },
            { value: 'yes', label: t('calls.streamYes') },
            { value: 'no', label: t('calls.streamNo') },
          ]}
          onChange={(stream) => put({ stream: stream === 'any' ? undefined : stream === 'yes' })}
        />
      </div>
      <Button type="submit">{t('range.apply')}</Button>
    </form>
  );
}
