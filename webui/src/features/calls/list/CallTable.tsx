import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { SearchX } from 'lucide-react';
import { useEffect, useState } from 'react';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { EmptyState } from '@/ui/States';
import { DataTable } from '@/ui/table/DataTable';
import { route, type View } from '../view';
import { Export } from './Export';
import { GapLine } from './GapLine';
import { LiveControl } from './LiveControl';
import c from './list.module.css';
import { NewCalls } from './NewCalls';
import { NoCalls } from './NoCalls';
import { rowKey, withGaps } from './rows';
import { useCallColumns } from './useCallColumns';
import type { useCallList } from './useCallList';
import { useTail } from './useTail';

/** The calls, and between them the times of which there is no record. */
export function CallTable({
  view,
  viewKey,
  list,
  current,
  onRenew,
}: {
  view: View;
  viewKey: string;
  list: ReturnType<typeof useCallList>;
  current: string | undefined;
  onRenew: () => void;
}) {
  const { t, count, dateTime } = useI18n();
  const columns = useCallColumns();
  const [isPaused, setPaused] = useState(false);
  const { state, arrived } = useTail(view.which, viewKey, view.isOpen && !isPaused);
  const calls = list.data?.pages.flatMap((page) => page.calls);
  const isComplete = list.hasNextPage === false;
  const searchedTo = list.data?.pages.at(-1)?.searchEndTime;
  const gaps = useQuery(
    CallService.method.listGaps,
    { node: view.which.node, startTime: timestampFromMs(view.span.from), endTime: timestampFromMs(view.span.to) },
    { placeholderData: keepPreviousData, enabled: view.filter.id === undefined },
  );
  const seen = new Set(calls?.map((call) => call.id));
  const isNew = calls !== undefined && !list.isPlaceholderData;
  const n = isNew ? [...arrived.ids].filter((id) => !seen.has(id)).length + arrived.skipped : 0;

  // Nothing can be moved away under the pointer while the list is empty.
  const isFirst = n > 0 && calls?.length === 0;
  useEffect(() => {
    if (isFirst) onRenew();
  }, [isFirst, onRenew]);

  const rows = calls && withGaps(calls, (calls.length > 0 && gaps.data?.gaps) || [], isComplete);
  return (
    <>
      <NewCalls n={isFirst ? 0 : n} onShow={onRenew} />
      <DataTable
        label={t('nav.calls')}
        columns={columns}
        rows={rows}
        rowKey={rowKey}
        band={(row) => row.kind === 'gap' && <GapLine gap={row.gap} />}
        rowLink={(row, content, className) =>
          row.kind === 'call' && (
            <route.Link to="." search={(s) => ({ ...s, call: row.call.id })} resetScroll={false} className={className}>
              {content}
            </route.Link>
          )
        }
        current={current}
        query={list}
        remember="calls"
        tools={
          <>
            {calls && <span className="num">{count(isComplete ? 'calls.count' : 'calls.loaded', calls.length)}</span>}
            <LiveControl
              state={view.isOpen ? state : undefined}
              isPaused={isPaused}
              onPause={(next) => {
                setPaused(next);
                if (!next) onRenew();
              }}
              onRefresh={onRenew}
            />
            <Export filter={view.filter} />
          </>
        }
        more={
          list.hasNextPage
            ? {
                label: t(searchedTo ? 'calls.searchOn' : 'calls.older'),
                load: () => void list.fetchNextPage(),
                busy: list.isFetchingNextPage,
              }
            : undefined
        }
        empty={
          searchedTo ? (
            <EmptyState icon={<SearchX size={22} aria-hidden />} title={t('calls.noneYet')}>
              <Button variant="default" onClick={() => void list.fetchNextPage()} loading={list.isFetchingNextPage}>
                {t('calls.searchOn')}
              </Button>
            </EmptyState>
          ) : (
            <NoCalls isFiltered={view.isFiltered} />
          )
        }
      />
      {searchedTo && (
        <p className={c.searched} role="status">
          {t('calls.searchedBack', { time: dateTime(timestampMs(searchedTo)) })}
        </p>
      )}
    </>
  );
}
