import { Link } from '@tanstack/react-router';
import { PackageSearch } from 'lucide-react';
import { useState } from 'react';
import { ImportAction, type ImportedModel } from '@/gen/trunkline/admin/v1/import_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { Tag } from '@/ui/Page';
import { PriceText } from '@/ui/Price';
import { Segments } from '@/ui/Segments';
import { EmptyState } from '@/ui/States';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './import.module.css';

const WORDS: Record<ImportAction, PlainKey> = {
  [ImportAction.UNSPECIFIED]: 'import.action.keep',
  [ImportAction.ADD]: 'import.action.add',
  [ImportAction.CHANGE]: 'import.action.change',
  [ImportAction.KEEP]: 'import.action.keep',
  [ImportAction.GONE]: 'import.action.gone',
  [ImportAction.EXCLUDE]: 'import.action.exclude',
  [ImportAction.REMOVED]: 'import.action.removed',
  [ImportAction.CONFLICT]: 'import.action.conflict',
};
/** What wants to be looked at comes first. */
const ORDER = [
  ImportAction.CONFLICT,
  ImportAction.ADD,
  ImportAction.CHANGE,
  ImportAction.GONE,
  ImportAction.KEEP,
  ImportAction.EXCLUDE,
  ImportAction.REMOVED,
] as const;
const SOURCES: Record<string, PlainKey> = {
  provider: 'import.source.provider',
  catalogue: 'import.source.catalogue',
  default: 'import.source.default',
  admin: 'import.source.admin',
};

/** Every model with what an import does with it and why, by what it does. */
export function PlanTable({ models }: { models: readonly ImportedModel[] }) {
  const { t, int, count, compact } = useI18n();
  const present = ORDER.filter((action) => models.some((model) => model.action === action));
  const [chosen, setChosen] = useState<string>();
  const open = present.find((action) => String(action) === chosen) ?? present[0];
  const columns: Column<ImportedModel>[] = [
    {
      id: 'id',
      title: t('providers.model.id'),
      cell: (model) => (
        <span>
          <span className="mono">{model.id}</span>
          {[...model.changes, model.note].filter(Boolean).map((line) => (
            <span key={line} className={c.change}>
              {line}
            </span>
          ))}
        </span>
      ),
    },
    {
      id: 'action',
      title: t('import.standing'),
      cell: (model) => <Tag quiet={model.action !== ImportAction.ADD}>{t(WORDS[model.action])}</Tag>,
    },
    {
      id: 'alias',
      title: t('providers.model.alias'),
      cell: (model) => <span className="mono">{model.alias || '–'}</span>,
    },
    {
      id: 'context',
      title: t('providers.model.context'),
      align: 'right',
      phone: 'hide',
      cell: (model) => (model.contextWindow > 0n ? compact(model.contextWindow) : '–'),
    },
    {
      id: 'price',
      title: t('providers.model.price'),
      hint: t('providers.model.priceHint'),
      align: 'right',
      cell: (model) => (
        <span>
          <PriceText price={model.price} />
          {model.pricesLeftOut.length > 0 && (
            <span className={c.change}>{t('import.leftOut', { names: model.pricesLeftOut.join(', ') })}</span>
          )}
          {model.price && model.price.tiers.length > 0 && (
            <span className={c.change}>{count('providers.price.tierCount', model.price.tiers.length)}</span>
          )}
          {SOURCES[model.priceSource] && <span className={c.change}>{t(SOURCES[model.priceSource] as PlainKey)}</span>}
        </span>
      ),
    },
    {
      id: 'groups',
      title: t('providers.col.groups'),
      cell: (model) => (
        <span className={c.links}>
          {model.groups.length === 0 && '–'}
          {model.groups.map((group) => (
            <Link key={group} to="/groups" search={{ group }}>
              {group}
            </Link>
          ))}
        </span>
      ),
    },
  ];
  return (
    <DataTable
      label={t('import.step.review')}
      columns={columns}
      rows={models.filter((model) => model.action === open)}
      rowKey={(model) => model.id}
      rowHeight={56}
      tools={
        <Segments
          label={t('import.standing')}
          value={open === undefined ? undefined : String(open)}
          options={present.map((action) => ({
            value: String(action),
            label: `${t(WORDS[action])} ${int(models.filter((model) => model.action === action).length)}`,
          }))}
          onChange={setChosen}
        />
      }
      empty={<EmptyState icon={<PackageSearch size={22} aria-hidden />} title={t('import.nothingListed')} />}
    />
  );
}
