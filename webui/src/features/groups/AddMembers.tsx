import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Check, Plus } from 'lucide-react';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FilterBox, matches } from '@/ui/FilterBox';
import { Loaded } from '@/ui/Loaded';
import { Tag } from '@/ui/Page';
import { PriceText } from '@/ui/Price';
import c from './groups.module.css';
import { idOf, nameOf } from './memberOrder';
import { useProviderSearch } from './queries';

type Member = { provider: string; model: string };
type Props = {
  opened: boolean;
  /** Who is a member already, by idOf. */
  taken: ReadonlySet<string>;
  onAdd: (member: Member) => void;
  onClose: () => void;
};

/** Models shown at once; typing finds the others. */
const MOST = 60;

/** Finds models of providers while one types, and makes them members. */
export function AddMembers({ opened, onClose, ...rest }: Props) {
  const { t } = useI18n();
  return (
    <Dialog opened={opened} title={t('groups.addMembers')} onClose={onClose} size={620}>
      <Search {...rest} />
      <DialogActions>
        <Button onClick={onClose}>{t('action.done')}</Button>
      </DialogActions>
    </Dialog>
  );
}

function Search({ taken, onAdd }: Omit<Props, 'opened' | 'onClose'>) {
  const { t } = useI18n();
  const [filter, setFilter] = useState('');
  // The server looks for one text; the longest word leaves the fewest providers.
  const words = filter.trim().split(/\s+/);
  const [asked] = useDebouncedValue(
    words.reduce((a, b) => (b.length > a.length ? b : a), ''),
    200,
  );
  const query = useProviderSearch(asked);
  return (
    <>
      <FilterBox value={filter} onChange={setFilter} label={t('groups.findModel')} isFirst />
      <Loaded query={query}>
        {(data) => {
          const found = data.providers.flatMap((provider) =>
            provider.models
              .filter((model) => matches(filter, provider.name, model.id, model.alias))
              .map((model) => ({
                provider,
                model,
                member: { provider: provider.name, model: model.alias || model.id },
              })),
          );
          const isCut = found.length > MOST || data.nextPageToken !== '';
          return (
            <>
              {found.length === 0 && <p className={c.text}>{filter ? t('list.noMatch') : t('groups.noModel')}</p>}
              <ul className={c.found} aria-label={t('groups.foundModels')}>
                {found.slice(0, MOST).map(({ provider, model, member }) => {
                  const isIn = taken.has(idOf(member)) || taken.has(idOf({ provider: provider.name, model: model.id }));
                  return (
                    <li key={idOf(member)}>
                      <div>
                        <b>{provider.name}</b>
                        {provider.enabled === false && <Tag quiet>{t('health.disabled')}</Tag>}
                        <span className="mono">{member.model}</span>
                        <small>
                          <PriceText price={model.price} />
                        </small>
                      </div>
                      <Button
                        size="compact-sm"
                        variant={isIn ? 'subtle' : 'default'}
                        // Not disabled: the focus would be lost with each member that is added.
                        data-disabled={isIn || undefined}
                        aria-disabled={isIn}
                        leftSection={isIn ? <Check size={14} aria-hidden /> : <Plus size={14} aria-hidden />}
                        onClick={() => !isIn && onAdd(member)}
                      >
                        {isIn ? t('groups.isIn') : t('groups.add')}
                        <span className="visually-hidden"> {nameOf(member)}</span>
                      </Button>
                    </li>
                  );
                })}
              </ul>
              {isCut && <p className={c.text}>{t('groups.typeMore')}</p>}
            </>
          );
        }}
      </Loaded>
    </>
  );
}
