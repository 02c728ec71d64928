import { PasswordInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useFoundGroups, useFoundKeys } from '@/api/found';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { Combo } from '@/ui/fields/Combo';
import { FieldRow } from '@/ui/fields/Form';
import { May } from '@/ui/May';
import { Card } from '@/ui/Page';
import c from './playground.module.css';

/** What is called, and as whom. */
export function Target({
  group,
  onGroup,
  apiKey,
  onKey,
  refused,
}: {
  group: string | undefined;
  onGroup: (group: string | undefined) => void;
  apiKey: string;
  onKey: (key: string) => void;
  /** The gateway did not take the key. */
  refused: boolean;
}) {
  const { t, sentences } = useI18n();
  const [typed, setTyped] = useState('');
  // What stands in the field is the choice itself until someone types: then it would find only itself.
  const found = useFoundGroups(typed === group ? '' : typed, { most: 50 }) ?? [];
  const keys = useFoundKeys('', { most: 1 });
  const malformed = /[^!-~]/.test(apiKey.trim());
  const names = found.map((g) => g.name);
  const create = (text: string) => (
    <Link to="/keys" search={{ new: true }} className={c.link}>
      {text}
    </Link>
  );
  return (
    <Card title={t('playground.target')}>
      <FieldRow>
        <Combo
          label={t('playground.group')}
          description={t('playground.groupHow')}
          placeholder={t('playground.groupChoose')}
          data={group && !names.includes(group) ? [group, ...names] : names}
          filter={({ options }) => options}
          value={group ?? null}
          onChange={(next) => onGroup(next ?? undefined)}
          searchValue={typed}
          onSearchChange={setTyped}
          nothingFoundMessage={t(typed === '' ? 'playground.noGroups' : 'list.noMatch')}
        />
        <PasswordInput
          label={t('playground.key')}
          description={sentences(
            t('playground.keyHow'),
            keys?.length === 0 && t('playground.noKeys'),
            <May call={KeyService.method.createApiKey}>{create(t('playground.makeKey'))}</May>,
          )}
          placeholder="sk-…"
          value={apiKey}
          onChange={(event) => onKey(event.currentTarget.value)}
          error={malformed ? t('playground.keyMalformed') : refused && t('playground.keyRefused')}
          autoComplete="off"
          spellCheck={false}
          data-1p-ignore
          data-lpignore="true"
          visibilityToggleButtonProps={{ 'aria-label': t('secret.show'), tabIndex: 0 }}
        />
      </FieldRow>
    </Card>
  );
}
