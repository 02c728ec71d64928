import type { MessageInitShape } from '@bufbuild/protobuf';
import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { Button, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck, CircleX } from 'lucide-react';
import { useState } from 'react';
import {
  type DryRunFailureKeywordResponse,
  type FailureKeywordSchema,
  KeywordService,
} from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { FieldPart } from '@/ui/fields/Form';
import { Pill } from '@/ui/Pill';
import c from './keywords.module.css';

/** How many of the newest stored calls a trial looks at. */
const CALLS = 1000;

/** Tries the keyword on stored calls and on a pasted text, before it is saved. */
export function DryRun({ keyword }: { keyword: MessageInitShape<typeof FailureKeywordSchema> }) {
  const { t } = useI18n();
  const transport = useTransport();
  const [sample, setSample] = useState('');
  const trial = useMutation({
    mutationFn: () =>
      callUnaryMethod(transport, KeywordService.method.dryRunFailureKeyword, {
        failureKeyword: keyword,
        calls: CALLS,
        sample,
      }),
  });
  return (
    <FieldPart title={t('keywords.try')} sub={t('keywords.tryHow')}>
      <Textarea
        label={t('keywords.sample')}
        placeholder={t('keywords.samplePlaceholder')}
        value={sample}
        onChange={(event) => setSample(event.currentTarget.value)}
        autosize
        minRows={2}
        maxRows={8}
        maxLength={65_536}
        spellCheck={false}
      />
      <div>
        <Button variant="default" onClick={() => trial.mutate()} loading={trial.isPending}>
          {t('keywords.run')}
        </Button>
      </div>
      <FormError error={trial.error} />
      {trial.data && <Result result={trial.data} hasSample={sample !== ''} />}
    </FieldPart>
  );
}

function Result({ result, hasSample }: { result: DryRunFailureKeywordResponse; hasSample: boolean }) {
  const { t, int } = useI18n();
  return (
    <div className={c.result} role="status">
      {hasSample && (
        <Pill tone={result.sampleHit ? 'warn' : 'mute'} Icon={result.sampleHit ? CircleX : CircleCheck}>
          {t(result.sampleHit ? 'keywords.sampleHit' : 'keywords.sampleFree')}
        </Pill>
      )}
      <p>{t('keywords.would', { n: int(result.hitCount), of: int(result.lookedAt) })}</p>
      {result.hits.length > 0 && (
        <ul>
          {result.hits.slice(0, 20).map((hit) => (
            <li key={`${hit.callId} ${hit.provider}`}>
              <Link to="/calls" search={{ call: hit.callId }}>
                {hit.provider}
              </Link>
              <q>{hit.text}</q>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
