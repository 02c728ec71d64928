import { timestampMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { type Token, TokenService } from '@/gen/trunkline/admin/v1/token_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { roleWord } from '@/ui/role';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import { NewToken } from './NewToken';
import c from './settings.module.css';

/** Bearer tokens of the admin API. */
export function Tokens() {
  const { t, dateTime } = useI18n();
  const query = useQuery(TokenService.method.listTokens, {});
  const [making, setMaking] = useState(false);
  const [doomed, setDoomed] = useState<Token>();
  const remove = useAction(TokenService.method.deleteToken, {
    onDone: () => setDoomed(undefined),
    done: () => t('settings.tokenDeleted', { name: doomed?.name ?? '' }),
    quiet: true,
  });
  const columns: Column<Token>[] = [
    { id: 'name', title: t('settings.token'), cell: (k) => <b>{k.name}</b> },
    { id: 'last', title: t('settings.tokenEnd'), cell: (k) => <span className="mono">…{k.lastFour}</span> },
    { id: 'user', title: t('people.user'), cell: (k) => k.user || '–' },
    { id: 'role', title: t('people.role'), cell: (k) => t(roleWord(k.role)) },
    { id: 'bodies', title: t('settings.tokenBodies'), cell: (k) => t(k.readBodies ? 'policy.yes' : 'policy.no') },
    { id: 'created', title: t('settings.created'), cell: (k) => k.createTime && <RelativeTime at={k.createTime} /> },
    {
      id: 'used',
      title: t('people.used'),
      cell: (k) => (k.useTime ? <RelativeTime at={k.useTime} /> : t('settings.never')),
    },
    {
      id: 'expires',
      title: t('settings.expires'),
      cell: (k) => (k.expireTime ? dateTime(timestampMs(k.expireTime)) : t('settings.never')),
    },
    {
      id: 'delete',
      title: '',
      align: 'right',
      bare: true,
      cell: (k) => (
        <Button variant="subtle" color="red" size="compact-sm" onClick={() => setDoomed(k)}>
          {t('settings.delete')}
        </Button>
      ),
    },
  ];
  return (
    <section className={c.tokens}>
      <header>
        <div>
          <h2>{t('settings.tokens')}</h2>
          <p className={c.note}>{t('settings.tokensHow')}</p>
        </div>
        <Button variant="default" leftSection={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
          {t('settings.newToken')}
        </Button>
      </header>
      <DataTable
        label={t('settings.tokens')}
        columns={columns}
        rows={query.data?.tokens}
        rowKey={(k) => k.name}
        query={query}
        empty={<p className={c.none}>{t('settings.noTokens')}</p>}
      />
      <NewToken opened={making} onClose={() => setMaking(false)} />
      <ConfirmDialog
        opened={doomed !== undefined}
        title={t('settings.tokenDeleteTitle', { name: doomed?.name ?? '' })}
        confirm={t('settings.delete')}
        onConfirm={() => doomed && remove.run({ name: doomed.name })}
        onClose={() => setDoomed(undefined)}
        busy={remove.busy}
        error={remove.error}
      >
        <p>{t('settings.tokenDeleteText')}</p>
      </ConfirmDialog>
    </section>
  );
}
