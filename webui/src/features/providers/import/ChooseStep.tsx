import { Button, Switch } from '@mantine/core';
import { ClipboardPaste } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { ImportedModel } from '@/gen/trunkline/admin/v1/import_pb';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { FilterBox, matches } from '@/ui/FilterBox';
import { Card } from '@/ui/Page';
import { EmptyState } from '@/ui/States';
import { DataTable } from '@/ui/table/DataTable';
import { type Choice, candidatesOf, isAskable } from './choice';
import c from './import.module.css';
import { PasteList } from './PasteList';
import { RulesFields } from './RulesFields';
import { useChoiceColumns } from './useChoiceColumns';

/** Which of the listed models come: by rules, by click, or by a pasted list; every count is live. */
export function ChooseStep({
  provider,
  fetched,
  choice,
  onChange,
  onNext,
}: {
  provider: Provider;
  fetched: readonly ImportedModel[];
  choice: Choice;
  onChange: (choice: Choice) => void;
  onNext: () => void;
}) {
  const { t, int, count } = useI18n();
  const [filter, setFilter] = useState('');
  const [pasting, setPasting] = useState(false);
  const candidates = useMemo(() => candidatesOf(provider, fetched, choice), [provider, fetched, choice]);
  const shown = candidates.filter(({ model, alias }) => matches(filter, model.id, alias));
  const by = (standing: string) => candidates.filter((candidate) => candidate.standing === standing).length;
  const chosen = candidates.filter((candidate) => candidate.isOn).length;
  const removed = fetched.length - candidates.length + by('removed');
  const columns = useChoiceColumns(choice, onChange);
  const turn = (on: boolean) => {
    const off = new Set(choice.off);
    for (const { model, standing } of shown) {
      if (standing !== 'new') continue;
      if (on) off.delete(model.id);
      else off.add(model.id);
    }
    onChange({ ...choice, off });
  };
  return (
    <div className={c.choose}>
      <Card title={t('import.rules.title')}>
        <RulesFields
          rules={choice.rules}
          onChange={(rules) => onChange({ ...choice, rules })}
          credentials={provider.credentials.map((credential) => credential.name)}
          example={candidates.find((candidate) => candidate.isOn)?.model.id ?? candidates[0]?.model.id ?? ''}
        />
        {(removed > 0 || choice.restoreRemoved) && (
          <div className={c.restore}>
            <Switch
              label={t('import.restore')}
              description={t('import.restoreHint')}
              checked={choice.restoreRemoved}
              onChange={(event) => onChange({ ...choice, restoreRemoved: event.currentTarget.checked })}
            />
          </div>
        )}
      </Card>
      <div className={c.listed}>
        <div className={c.tools}>
          <FilterBox value={filter} onChange={setFilter} label={t('import.filter')} />
          <Button
            variant="default"
            leftSection={<ClipboardPaste size={15} aria-hidden />}
            onClick={() => setPasting(true)}
          >
            {t('import.paste')}
          </Button>
        </div>
        <DataTable
          label={t('import.listed')}
          columns={columns}
          rows={shown}
          rowKey={({ model }) => model.id}
          rowHeight={49}
          tools={
            <>
              <span role="status">
                <b>{count('import.chosen', chosen)}</b>{' '}
                {t('import.counts', {
                  matching: int(by('new')),
                  present: int(by('present')),
                  of: int(candidates.length),
                })}
              </span>
              <Button variant="subtle" size="compact-sm" onClick={() => turn(true)}>
                {t('import.all')}
              </Button>
              <Button variant="subtle" size="compact-sm" onClick={() => turn(false)}>
                {t('import.none')}
              </Button>
            </>
          }
          empty={
            <EmptyState
              icon={<ClipboardPaste size={22} aria-hidden />}
              title={candidates.length > 0 ? t('list.noMatch') : t('import.nothingListed')}
            />
          }
        />
        <div className={c.actions}>
          {!isAskable(candidates) && <span>{t('import.chooseOne')}</span>}
          <Button disabled={!isAskable(candidates)} onClick={onNext}>
            {t('import.next')}
          </Button>
        </div>
      </div>
      {pasting && (
        <PasteList
          candidates={candidates}
          onClose={() => setPasting(false)}
          onChoose={(ids) => {
            const rules = { ...choice.rules, include: [], exclude: [] };
            const wanted = new Set(ids);
            const off = new Set(fetched.map((model) => model.id).filter((id) => !wanted.has(id)));
            onChange({ ...choice, rules, off });
            setPasting(false);
          }}
        />
      )}
    </div>
  );
}
