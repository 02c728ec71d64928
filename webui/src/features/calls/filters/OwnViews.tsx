import { UnstyledButton } from '@mantine/core';
import { BookmarkPlus } from 'lucide-react';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { route } from '../view';
import c from './filters.module.css';
import { isSameView, useOwnViews, whatOf } from './ownViews';
import { ViewDialog } from './ViewDialog';
import { ViewMenu } from './ViewMenu';

/** Views that somebody saved in this browser: a click opens one, its menu renames, shares or deletes it. */
export function OwnViews() {
  const { t } = useI18n();
  const search = route.useSearch();
  const own = useOwnViews();
  const [isSaving, setSaving] = useState(false);
  const what = whatOf(search);
  const isKnown = own.views.some((view) => isSameView(view.search, what));
  const isAny = Object.values(what).some((value) => value !== undefined);
  return (
    <>
      {own.views.length > 0 && (
        <ul className={c.own} aria-label={t('calls.ownViews')}>
          {own.views.map((view) => (
            <li key={view.name} data-on={isSameView(view.search, what)}>
              <route.Link
                to="."
                search={view.search}
                resetScroll={false}
                activeOptions={{ exact: true, includeSearch: true }}
              >
                {view.name}
              </route.Link>
              <ViewMenu view={view} own={own} />
            </li>
          ))}
        </ul>
      )}
      {isAny && !isKnown && !own.isFull && (
        <UnstyledButton className={c.clear} onClick={() => setSaving(true)}>
          <BookmarkPlus size={14} aria-hidden />
          {t('calls.saveView')}
        </UnstyledButton>
      )}
      <ViewDialog
        opened={isSaving}
        title={t('calls.saveView')}
        how={t('calls.saveViewHow')}
        taken={own.views}
        onSave={(name) => own.save({ name, search: what })}
        onClose={() => setSaving(false)}
      />
    </>
  );
}
