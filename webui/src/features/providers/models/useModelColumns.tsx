import { ActionIcon, Checkbox, NumberInput, Switch, TextInput } from '@mantine/core';
import { ListFilter, Pencil, RotateCcw, Trash2 } from 'lucide-react';
import type { ProviderHealth } from '@/gen/trunkline/admin/v1/health_pb';
import { useI18n } from '@/i18n';
import { Tag } from '@/ui/Page';
import type { Column } from '@/ui/table/column';
import type { ModelRow, ModelValues } from './draft';
import { ModelNotes } from './ModelNotes';
import { ModelState } from './ModelState';
import c from './models.module.css';
import { PriceCell } from './PriceCell';
import { PriceInputs } from './PriceInputs';

type Props = {
  health: ProviderHealth | undefined;
  at: number;
  /** What the server found wrong, by model id. */
  errors: ReadonlyMap<string, readonly string[]>;
  /** They can only be read. */
  isFixed: boolean;
  editing: ReadonlySet<string>;
  picked: ReadonlySet<string>;
  onPick: (ids: ReadonlySet<string>) => void;
  onEdit: (id: string) => void;
  onRules: (id: string) => void;
  onChange: (values: ModelValues) => void;
  onRemove: (id: string) => void;
  onKeep: (id: string) => void;
};

export function useModelColumns(props: Props): Column<ModelRow>[] {
  const { t, compact } = useI18n();
  const { editing, picked, onPick, onChange, errors, isFixed } = props;
  const isOpen = (row: ModelRow) => editing.has(row.values.id) && !row.isRemoved;
  const pick = (id: string, on: boolean) => {
    const next = new Set(picked);
    if (on) next.add(id);
    else next.delete(id);
    onPick(next);
  };
  const tokens = (field: 'contextWindow' | 'maxOutputTokens', title: string, hint: string): Column<ModelRow> => ({
    id: field,
    title,
    hint,
    align: 'right',
    cell: (row) =>
      isOpen(row) ? (
        <NumberInput
          className={c.context}
          aria-label={`${row.values.id}: ${title}`}
          value={row.values[field] || ''}
          onChange={(n) => onChange({ ...row.values, [field]: typeof n === 'number' ? n : 0 })}
          min={0}
          max={1_000_000_000}
          allowDecimal={false}
          thousandSeparator=","
          hideControls
        />
      ) : row.values[field] > 0 ? (
        compact(row.values[field])
      ) : (
        <span className={c.quiet}>–</span>
      ),
  });
  return [
    {
      id: 'id',
      title: t('providers.model.id'),
      cell: (row) => (
        <span className={c.id} data-removed={row.isRemoved}>
          {!isFixed && (
            <Checkbox
              aria-label={t('providers.pick', { name: row.values.id })}
              checked={picked.has(row.values.id)}
              onChange={(event) => pick(row.values.id, event.currentTarget.checked)}
            />
          )}
          <span className="mono">
            {row.values.id}
            <ModelNotes row={row} errors={errors.get(row.values.id)} />
          </span>
        </span>
      ),
    },
    {
      id: 'alias',
      title: t('providers.model.alias'),
      cell: (row) =>
        isOpen(row) ? (
          <TextInput
            className={c.alias}
            aria-label={`${row.values.id}: ${t('providers.model.alias')}`}
            value={row.values.alias}
            onChange={(event) => onChange({ ...row.values, alias: event.currentTarget.value })}
            error={errors.has(row.values.id)}
            classNames={{ input: 'mono' }}
            autoComplete="off"
            spellCheck={false}
          />
        ) : (
          <span className="mono">{row.values.alias || <span className={c.quiet}>–</span>}</span>
        ),
    },
    {
      id: 'state',
      title: t('providers.model.state'),
      cell: (row) =>
        isOpen(row) ? (
          <Switch
            aria-label={`${row.values.id}: ${t('providers.form.enabled')}`}
            checked={row.values.enabled}
            onChange={(event) => onChange({ ...row.values, enabled: event.currentTarget.checked })}
          />
        ) : row.stored ? (
          <ModelState health={props.health} at={props.at} id={row.values.id} isEnabled={row.values.enabled} />
        ) : (
          <Tag>{t('providers.model.new')}</Tag>
        ),
    },
    tokens('contextWindow', t('providers.model.context'), t('providers.model.contextHint')),
    tokens('maxOutputTokens', t('providers.model.maxOutput'), t('providers.model.maxOutputHint')),
    {
      id: 'price',
      title: t('providers.model.price'),
      hint: t('providers.model.priceHint'),
      align: 'right',
      phone: 'wide',
      cell: (row) => (isOpen(row) ? <PriceInputs row={row} onChange={onChange} /> : <PriceCell row={row} />),
    },
    {
      id: 'edit',
      title: t('table.actions'),
      hideTitle: true,
      align: 'right',
      bare: true,
      cell: (row) => !isFixed && <Buttons row={row} {...props} isOpen={isOpen(row)} />,
    },
  ];
}

function Buttons({ row, isOpen, onEdit, onRules, onRemove, onKeep }: Props & { row: ModelRow; isOpen: boolean }) {
  const { t } = useI18n();
  const { id } = row.values;
  if (row.isRemoved) {
    return (
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('providers.keep', { name: id })}
        onClick={() => onKeep(id)}
      >
        <RotateCcw size={15} aria-hidden />
      </ActionIcon>
    );
  }
  return (
    <span className={c.end}>
      {!isOpen && (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('providers.editOf', { name: id })}
          onClick={() => onEdit(id)}
        >
          <Pencil size={15} aria-hidden />
        </ActionIcon>
      )}
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('providers.rules.of', { name: id })}
        onClick={() => onRules(id)}
      >
        <ListFilter size={15} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('pairs.remove', { name: id })}
        onClick={() => onRemove(id)}
      >
        <Trash2 size={15} aria-hidden />
      </ActionIcon>
    </span>
  );
}
