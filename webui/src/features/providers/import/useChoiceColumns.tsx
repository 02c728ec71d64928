import { Checkbox, TextInput } from '@mantine/core';
import { type PlainKey, useI18n } from '@/i18n';
import { Tag } from '@/ui/Page';
import { PriceText } from '@/ui/Price';
import type { Column } from '@/ui/table/column';
import type { Candidate, Choice, Standing } from './choice';
import c from './import.module.css';
import { aliasOf } from './patterns';

const WORDS: Record<Standing, PlainKey> = {
  new: 'import.standing.new',
  present: 'import.standing.present',
  removed: 'import.standing.removed',
  left: 'import.standing.left',
};

export function useChoiceColumns(choice: Choice, onChange: (choice: Choice) => void): Column<Candidate>[] {
  const { t, compact } = useI18n();
  const pick = (id: string, on: boolean) => {
    const off = new Set(choice.off);
    if (on) off.delete(id);
    else off.add(id);
    onChange({ ...choice, off });
  };
  const rename = (id: string, alias: string) => {
    const aliases = { ...choice.rules.aliases, [id]: alias };
    // What the template says anyway needs no line of its own.
    if (alias === aliasOf(choice.rules.template, id)) delete aliases[id];
    onChange({ ...choice, rules: { ...choice.rules, aliases } });
  };
  return [
    {
      id: 'id',
      title: t('providers.model.id'),
      cell: ({ model, standing, isOn }) => (
        <Checkbox
          label={<span className="mono">{model.id}</span>}
          checked={isOn || standing === 'present'}
          disabled={standing !== 'new'}
          onChange={(event) => pick(model.id, event.currentTarget.checked)}
          classNames={{ label: c.label }}
        />
      ),
    },
    {
      id: 'standing',
      title: t('import.standing'),
      cell: ({ standing }) => <Tag quiet={standing !== 'new'}>{t(WORDS[standing])}</Tag>,
    },
    {
      id: 'alias',
      title: t('providers.model.alias'),
      cell: ({ model, standing, alias, isOn }) =>
        standing === 'new' && isOn ? (
          <TextInput
            aria-label={`${model.id}: ${t('providers.model.alias')}`}
            placeholder={t('import.noAlias')}
            value={alias}
            onChange={(event) => rename(model.id, event.currentTarget.value)}
            classNames={{ root: c.alias, input: 'mono' }}
            autoComplete="off"
            spellCheck={false}
          />
        ) : (
          <span className="mono">{standing === 'present' ? alias : ''}</span>
        ),
    },
    {
      id: 'context',
      title: t('providers.model.context'),
      align: 'right',
      phone: 'hide',
      cell: ({ model }) => (model.contextWindow > 0n ? compact(model.contextWindow) : ''),
    },
    {
      id: 'price',
      title: t('providers.model.price'),
      hint: t('providers.model.priceHint'),
      align: 'right',
      phone: 'hide',
      cell: ({ model }) => <PriceText price={model.price} />,
    },
  ];
}
