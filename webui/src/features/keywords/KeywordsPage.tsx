import { useInfiniteQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useKeywordHits } from '@/api/queries';
import { useMay } from '@/api/role';
import { KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { useI18n } from '@/i18n';
import { FilterBox } from '@/ui/FilterBox';
import { May } from '@/ui/May';
import { orderText, parseOrder } from '@/ui/order';
import { PageHeader } from '@/ui/Page';
import { useShortcut } from '@/ui/shortcuts';
import { useTitle } from '@/ui/useTitle';
import { KeywordPanel } from './KeywordPanel';
import { KeywordTable } from './KeywordTable';
import c from './keywords.module.css';
import { NoKeywords } from './NoKeywords';
import type { Preset } from './presets';

const route = getRouteApi('/signed-in/keywords');

export function KeywordsPage() {
  const { t } = useI18n();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const order = parseOrder(search.order, { by: 'name', desc: false });
  const list = useInfiniteQuery(
    KeywordService.method.listFailureKeywords,
    { search: search.q ?? '', orderBy: orderText(order), pageSize: 200, pageToken: '' },
    {
      pageParamKey: 'pageToken',
      getNextPageParam: (last) => last.nextPageToken || undefined,
      placeholderData: keepPreviousData,
      refetchInterval: 30_000,
    },
  );
  const hits = useHits();
  useTitle(t('nav.keywords'));

  const rows = list.data?.pages.flatMap((page) => page.failureKeywords);
  const add = (preset?: Preset) => navigate({ search: { ...search, new: true, keyword: preset?.name } });
  useShortcut('n', t('keywords.add'), () => void add(), {
    enabled: !search.keyword && !search.new && may(KeywordService.method.createFailureKeyword),
  });
  const close = () => navigate({ search: { ...search, new: undefined, keyword: undefined } });

  return (
    <>
      <PageHeader
        title={t('nav.keywords')}
        lead={t('keywords.lead')}
        aside={
          <May call={KeywordService.method.createFailureKeyword}>
            <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => add()}>
              {t('keywords.add')}
            </Button>
          </May>
        }
      />
      {(search.q || rows?.length !== 0) && (
        <div className={c.filter}>
          <FilterBox
            value={search.q ?? ''}
            onChange={(q) => navigate({ search: { ...search, q: q || undefined }, replace: true })}
            label={t('keywords.filter')}
          />
        </div>
      )}
      <KeywordTable
        rows={rows}
        hits={hits}
        query={list}
        order={order}
        onOrder={(next) => navigate({ search: { ...search, order: orderText(next) }, replace: true })}
        current={search.keyword}
        more={
          list.hasNextPage ? { label: '', load: () => list.fetchNextPage(), busy: list.isFetchingNextPage } : undefined
        }
        empty={<NoKeywords filtered={Boolean(search.q)} onPreset={add} />}
      />
      <KeywordPanel
        isNew={search.new === true}
        name={search.keyword}
        onClose={close}
        onSaved={(name) => navigate({ search: { ...search, new: undefined, keyword: name } })}
      />
    </>
  );
}

/** Hits on all connected nodes, by keyword; since each of them started. */
function useHits(): Map<string, bigint> | undefined {
  const nodes = useKeywordHits().data?.nodes;
  if (!nodes) return undefined;
  const sums = new Map<string, bigint>();
  for (const node of nodes) {
    for (const [name, n] of Object.entries(node.keywordHits)) sums.set(name, (sums.get(name) ?? 0n) + n);
  }
  return sums;
}
