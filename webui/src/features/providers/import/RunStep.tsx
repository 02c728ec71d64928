import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Circle, CircleCheck, CircleX, LoaderCircle } from 'lucide-react';
import { useState } from 'react';
import {
  ImportAction,
  type ImportedModel,
  type ImportModelsResponse,
  ImportStage,
} from '@/gen/trunkline/admin/v1/import_pb';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { Card } from '@/ui/Page';
import { Progress } from '@/ui/Progress';
import { type Choice, candidatesOf, requestOf } from './choice';
import c from './import.module.css';
import { RemoveModels } from './RemoveModels';
import { useImport } from './useImport';

const STAGES: readonly { stage: ImportStage; word: PlainKey }[] = [
  { stage: ImportStage.READING, word: 'import.stage.reading' },
  { stage: ImportStage.COMPARED, word: 'import.stage.compared' },
  { stage: ImportStage.WRITING, word: 'import.stage.writing' },
  { stage: ImportStage.DONE, word: 'import.stage.done' },
];

/** The import as it runs, and then what it did and how to undo it. */
export function RunStep({
  provider,
  fetched,
  choice,
  saveRules,
  onBack,
  onDone,
  onModels,
}: {
  provider: Provider;
  fetched: readonly ImportedModel[];
  choice: Choice;
  saveRules: boolean;
  onBack: () => void;
  onDone: () => void;
  onModels: () => void;
}) {
  const { t, int } = useI18n();
  const run = useImport(
    () => ({ name: provider.name, ...requestOf(candidatesOf(provider, fetched, choice), choice), saveRules }),
    onDone,
  );
  const at = STAGES.findIndex(({ stage }) => stage === run.stage);
  const failed = run.stage === ImportStage.FAILED;
  return (
    <Card title={t('import.running', { name: provider.name })}>
      {!failed && !run.done && <Progress label={t('import.runningShort')} share={(at + 1) / (STAGES.length + 1)} />}
      <ol className={c.stages} aria-live="polite">
        {STAGES.map(({ stage, word }, i) => {
          const state = run.done || i < at ? 'done' : i === at ? 'now' : 'waiting';
          const Icon = state === 'done' ? CircleCheck : failed ? CircleX : state === 'now' ? LoaderCircle : Circle;
          return (
            <li key={stage} data-state={state}>
              <Icon size={16} aria-hidden />
              {t(word)}
              {stage === ImportStage.READING && run.listed > 0 && (
                <span className="num">{t('import.listedSoFar', { n: int(run.listed) })}</span>
              )}
            </li>
          );
        })}
      </ol>
      <FormError error={run.error} />
      {failed && (
        <div className={c.actions}>
          <Button onClick={onBack}>{t('import.back')}</Button>
        </div>
      )}
      {run.done && <Result provider={provider.name} done={run.done} onModels={onModels} />}
    </Card>
  );
}

function Result({ provider, done, onModels }: { provider: string; done: ImportModelsResponse; onModels: () => void }) {
  const { t, int, sentences } = useI18n();
  const [undoing, setUndoing] = useState(false);
  const { added = 0, changed = 0, gone = 0 } = done.counts ?? {};
  const priceless = done.models.filter((m) => m.action === ImportAction.ADD && !m.price).length;
  return (
    <>
      <p className={c.after} role="status">
        <b>{t('import.result', { added: int(added), changed: int(changed), gone: int(gone) })}</b>{' '}
        {sentences(
          done.revision > 0n && t('import.revision', { n: String(done.revision) }),
          priceless > 0 && t('import.priceless', { n: int(priceless) }),
        )}
      </p>
      <div className={c.actions}>
        {added > 0 && (
          <Button variant="subtle" color="red" onClick={() => setUndoing(true)}>
            {t('import.undo')}
          </Button>
        )}
        <Button variant="default" component={Link} to="/groups">
          {t('import.toGroups')}
        </Button>
        <Button onClick={onModels}>{t('import.toModels')}</Button>
      </div>
      {undoing && (
        <RemoveModels
          provider={provider}
          what={{ import: done.import }}
          title={t('import.undo')}
          onClose={() => setUndoing(false)}
        />
      )}
    </>
  );
}
