import { Button, Checkbox } from '@mantine/core';
import { CircleDollarSign, Pause, Play, Trash2 } from 'lucide-react';
import { useI18n } from '@/i18n';

/** How many models there are, and what can be done with those that are picked. */
export function ModelTools({
  n,
  isFixed,
  shown,
  picked,
  onPick,
  onEnable,
  onPrice,
  onRemove,
}: {
  n: number;
  /** They can only be read. */
  isFixed: boolean;
  /** Ids that the filter lets through: what a click on the box picks. */
  shown: readonly string[];
  picked: ReadonlySet<string>;
  onPick: (ids: ReadonlySet<string>) => void;
  onEnable: (enabled: boolean) => void;
  onPrice: () => void;
  onRemove: () => void;
}) {
  const { t, count } = useI18n();
  if (isFixed) return count('providers.models', n);
  const isAll = shown.length > 0 && shown.every((id) => picked.has(id));
  return (
    <>
      <Checkbox
        size="xs"
        label={picked.size > 0 ? count('providers.picked', picked.size) : count('providers.models', n)}
        checked={isAll}
        indeterminate={picked.size > 0 && !isAll}
        onChange={(event) => onPick(new Set(event.currentTarget.checked ? shown : []))}
      />
      {picked.size > 0 && (
        <>
          {[true, false].map((on) => (
            <Button
              key={String(on)}
              variant="subtle"
              size="compact-sm"
              leftSection={on ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
              onClick={() => onEnable(on)}
            >
              {t(on ? 'providers.enable' : 'providers.disable')}
            </Button>
          ))}
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<CircleDollarSign size={14} aria-hidden />}
            onClick={onPrice}
          >
            {t('providers.bulk.price')}
          </Button>
          <Button
            variant="subtle"
            size="compact-sm"
            color="red"
            leftSection={<Trash2 size={14} aria-hidden />}
            onClick={onRemove}
          >
            {t('providers.bulk.remove')}
          </Button>
        </>
      )}
    </>
  );
}
