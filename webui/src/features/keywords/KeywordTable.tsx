import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { FailureKeyword } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import type { Order } from '@/ui/order';
import { Tag } from '@/ui/Page';
import type { Column } from '@/ui/table/column';
import { DataTable, type TableProps } from '@/ui/table/DataTable';
import { actionOf } from './draft';
import c from './keywords.module.css';
import { actionWords, scopeWords } from './words';

export function KeywordTable({
  rows,
  hits,
  empty,
  ...table
}: {
  rows: FailureKeyword[] | undefined;
  hits: Map<string, bigint> | undefined;
  empty: ReactNode;
  order: Order;
  onOrder: (order: Order) => void;
  current: string | undefined;
} & Pick<TableProps<FailureKeyword>, 'query' | 'more'>) {
  const { t, int, count } = useI18n();
  const columns: Column<FailureKeyword>[] = [
    { id: 'name', title: t('keywords.name'), sort: 'name', cell: (k) => k.name },
    {
      id: 'text',
      title: t('keywords.text'),
      phone: 'wide',
      cell: (k) => (
        <span className={c.text}>
          <code>{k.keyword || k.pattern}</code>
          {k.pattern && <Tag quiet>{t('keywords.pattern')}</Tag>}
        </span>
      ),
    },
    {
      id: 'state',
      phone: 'corner',
      title: t('keywords.state'),
      cell: (k) => (k.enabled === false ? <Tag quiet>{t('keywords.off')}</Tag> : <Tag>{t('keywords.on')}</Tag>),
    },
    { id: 'action', title: t('keywords.action'), cell: (k) => t(actionWords[actionOf(k)]) },
    {
      id: 'where',
      title: t('keywords.where'),
      cell: (k) => <Where keyword={k} />,
    },
    {
      id: 'hits',
      title: t('keywords.hits'),
      hint: t('keywords.hitsHint'),
      align: 'right',
      cell: (k) => (hits ? int(hits.get(k.name) ?? 0n) : '–'),
    },
  ];
  return (
    <DataTable
      label={t('nav.keywords')}
      columns={columns}
      rows={rows}
      rowKey={(k) => k.name}
      rowLink={(k, content, className) => (
        <Link to="/keywords" search={(s) => ({ ...s, keyword: k.name, new: undefined })} className={className}>
          {content}
        </Link>
      )}
      remember="keywords"
      tools={!table.more && rows && rows.length > 0 && count('keywords.count', rows.length)}
      empty={empty}
      {...table}
    />
  );
}

function Where({ keyword }: { keyword: FailureKeyword }) {
  const { t, list } = useI18n();
  const parts = keyword.scopes.map((s) => t(scopeWords[s as keyof typeof scopeWords] ?? 'keywords.everywhere'));
  const names = [...keyword.providers, ...keyword.groups];
  return (
    <span className={c.where}>
      {parts.length > 0 ? list(parts) : t('keywords.everywhere')}
      {names.length > 0 && <small>{names.join(', ')}</small>}
    </span>
  );
}
