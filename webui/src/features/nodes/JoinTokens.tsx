import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import type { JoinToken } from '@/gen/trunkline/admin/v1/join_token_pb';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Tag } from '@/ui/Page';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './nodes.module.css';

const words: Record<string, PlainKey> = {
  usable: 'nodes.tokenUsable',
  used: 'nodes.tokenUsed',
  expired: 'nodes.tokenExpired',
};

/** The tokens with which nodes may join, or might have in the last days, and who joined with them. */
export function JoinTokens({
  tokens,
  query,
}: {
  tokens: JoinToken[] | undefined;
  query: { error: unknown; isFetching: boolean; refetch: () => unknown };
}) {
  const { t, int, dateTime } = useI18n();
  const [doomed, setDoomed] = useState<JoinToken>();
  const remove = useAction(NodeService.method.deleteJoinToken, {
    onDone: () => setDoomed(undefined),
    done: () => t('nodes.tokenDeleted'),
    quiet: true,
  });
  const columns: Column<JoinToken>[] = [
    { id: 'id', title: t('nodes.token'), cell: (k) => <span className="mono">{k.id}</span> },
    { id: 'node', title: t('nodes.onlyNode'), cell: (k) => k.node || t('nodes.anyNode') },
    { id: 'note', title: t('nodes.note'), cell: (k) => k.note || '–' },
    {
      id: 'state',
      phone: 'corner',
      title: t('nodes.state'),
      cell: (k) => <Tag quiet={k.state !== 'usable'}>{t(words[k.state] ?? 'nodes.tokenExpired')}</Tag>,
    },
    { id: 'uses', title: t('nodes.uses'), align: 'right', cell: (k) => `${int(k.uses.length)} / ${int(k.maxUses)}` },
    { id: 'nodes', title: t('nodes.joined'), cell: (k) => k.uses.map((u) => u.node).join(', ') || '–' },
    { id: 'by', title: t('nodes.createdBy'), cell: (k) => k.createdBy, optional: true },
    {
      id: 'made',
      title: t('nodes.created'),
      cell: (k) => k.createTime && <RelativeTime at={k.createTime} />,
    },
    { id: 'expires', title: t('nodes.expires'), cell: (k) => k.expireTime && dateTime(timestampMs(k.expireTime)) },
    {
      id: 'delete',
      title: t('table.actions'),
      hideTitle: true,
      align: 'right',
      bare: true,
      cell: (k) =>
        remove.allowed &&
        k.state === 'usable' && (
          <Button variant="subtle" color="red" size="compact-sm" onClick={() => setDoomed(k)}>
            {t('nodes.tokenDelete')}
          </Button>
        ),
    },
  ];
  return (
    <section className={c.tokens}>
      <h2>{t('nodes.tokens')}</h2>
      <DataTable
        label={t('nodes.tokens')}
        columns={columns}
        rows={tokens}
        rowKey={(k) => k.id}
        query={query}
        remember="joinTokens"
        empty={<p className={c.none}>{t('nodes.noTokens')}</p>}
      />
      <ConfirmDialog
        opened={doomed !== undefined}
        title={t('nodes.tokenDeleteTitle')}
        confirm={t('nodes.tokenDelete')}
        onConfirm={() => doomed && remove.run({ id: doomed.id })}
        onClose={() => setDoomed(undefined)}
        busy={remove.busy}
        error={remove.error}
      >
        <p>{t('nodes.tokenDeleteText')}</p>
      </ConfirmDialog>
    </section>
  );
}
