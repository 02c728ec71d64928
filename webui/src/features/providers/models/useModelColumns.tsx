import { ActionIcon, Checkbox, NumberInput, TextInput } from '@mantine/core';
import { Pencil, RotateCcw, Trash2 } from 'lucide-react';
import { healthFrom } from '@/api/targetState';
import { type ProviderHealth, TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { useI18n } from '@/i18n';
import { MoneyField } from '@/ui/fields/MoneyField';
import { HealthDetail } from '@/ui/HealthPill';
import { Tag } from '@/ui/Page';
import { PriceText } from '@/ui/Price';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import type { ModelRow, ModelValues } from './draft';
import c from './models.module.css';

type Props = {
  health: ProviderHealth | undefined;
  at: number;
  /** What the server found wrong, by model id. */
  errors: ReadonlyMap<string, readonly string[]>;
  editing: ReadonlySet<string>;
  picked: ReadonlySet<string>;
  onPick: (ids: ReadonlySet<string>) => void;
  onEdit: (id: string) => void;
  onChange: (values: ModelValues) => void;
  onRemove: (id: string) => void;
  onKeep: (id: string) => void;
};

export function useModelColumns(props: Props): Column<ModelRow>[] {
  const { t, compact } = useI18n();
  const { editing, picked, onPick, onChange, errors } = props;
  const isOpen = (row: ModelRow) => editing.has(row.values.id) && !row.isRemoved;
  const pick = (id: string, on: boolean) => {
    const next = new Set(picked);
    if (on) next.add(id);
    else next.delete(id);
    onPick(next);
  };
  return [
    {
      id: 'id',
      title: t('providers.model.id'),
      cell: (row) => (
        <span className={c.id} data-removed={row.isRemoved}>
          <Checkbox
            aria-label={t('providers.pick', { name: row.values.id })}
            checked={picked.has(row.values.id)}
            onChange={(event) => pick(row.values.id, event.currentTarget.checked)}
          />
          <span className="mono">
            {row.values.id}
            <Notes row={row} errors={errors.get(row.values.id)} />
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
      cell: (row) => (row.stored ? <State {...props} id={row.values.id} /> : <Tag>{t('providers.model.new')}</Tag>),
    },
    {
      id: 'context',
      title: t('providers.model.context'),
      hint: t('providers.model.contextHint'),
      align: 'right',
      cell: (row) =>
        isOpen(row) ? (
          <NumberInput
            className={c.context}
            aria-label={`${row.values.id}: ${t('providers.model.context')}`}
            value={row.values.contextWindow || ''}
            onChange={(n) => onChange({ ...row.values, contextWindow: typeof n === 'number' ? n : 0 })}
            min={0}
            max={1_000_000_000}
            allowDecimal={false}
            thousandSeparator=","
            hideControls
          />
        ) : row.values.contextWindow > 0 ? (
          compact(row.values.contextWindow)
        ) : (
          <span className={c.quiet}>–</span>
        ),
    },
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
      cell: (row) => <Buttons row={row} {...props} isOpen={isOpen(row)} />,
    },
  ];
}

function Notes({ row: { stored }, errors }: { row: ModelRow; errors: readonly string[] | undefined }) {
  const { t } = useI18n();
  const gone = stored?.imported?.goneTime;
  if (!errors && !gone) return null;
  return (
    <small>
      {gone && (
        <span>
          {t('providers.model.gone')} <RelativeTime at={gone} />
        </span>
      )}
      {errors?.map((words) => (
        <span key={words} role="alert">
          {words}
        </span>
      ))}
    </small>
  );
}

function State({ health, at, id }: Pick<Props, 'health' | 'at'> & { id: string }) {
  const told = health?.targets.find((target) => target.model === id && target.credential === '');
  const whole = health?.targets.find((target) => target.model === '' && target.credential === '' && !target.derived);
  const isOff = health?.state === TargetState.DISABLED;
  // What is not told of is simply healthy, unless the whole provider is not, or nothing is known.
  const state = isOff || health?.state === TargetState.UNSPECIFIED ? health.state : TargetState.HEALTHY;
  return <HealthDetail health={healthFrom(health ? (told ?? whole ?? { state }) : undefined, at)} />;
}

function PriceCell({ row: { values, stored } }: { row: ModelRow }) {
  const { t, usd } = useI18n();
  const { cachedInput, cacheWrite } = values.price;
  const source = stored?.imported?.priceSource;
  const more = [
    cachedInput && t('price.cached', { price: usd(cachedInput) }),
    cacheWrite && t('providers.price.write', { price: usd(cacheWrite) }),
    source === 'catalogue' && t('providers.price.fromCatalogue'),
  ].filter(Boolean);
  return (
    <span>
      <PriceText price={values.price} />
      {more.length > 0 && <span className={c.sub}>{more.join(' · ')}</span>}
    </span>
  );
}

function PriceInputs({ row: { values }, onChange }: { row: ModelRow; onChange: Props['onChange'] }) {
  const { t } = useI18n();
  const fields = ['input', 'output', 'cachedInput', 'cacheWrite', 'perCall'] as const;
  return (
    <span className={c.prices}>
      {fields.map((field) => (
        <MoneyField
          key={field}
          aria-label={`${values.id}: ${t(`providers.price.${field}`)}`}
          placeholder={t(`providers.price.${field}`)}
          value={values.price[field]}
          onChange={(amount) => onChange({ ...values, price: { ...values.price, [field]: amount } })}
        />
      ))}
    </span>
  );
}

function Buttons({ row, isOpen, onEdit, onRemove, onKeep }: Props & { row: ModelRow; isOpen: boolean }) {
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
        aria-label={t('pairs.remove', { name: id })}
        onClick={() => onRemove(id)}
      >
        <Trash2 size={15} aria-hidden />
      </ActionIcon>
    </span>
  );
}
