import { AuditService } from '@/gen/trunkline/admin/v1/audit_pb';
import { useI18n } from '@/i18n';
import { ForRole } from '@/ui/ForRole';
import { PageHeader } from '@/ui/Page';
import { RangePicker } from '@/ui/RangePicker';
import { useTitle } from '@/ui/useTitle';
import { EventPanel } from './EventPanel';
import { EventTable } from './EventTable';
import { Filters } from './Filters';
import { useEvents } from './useEvents';
import { Verification } from './Verification';
import { useView, type View } from './view';

export function AuditPage() {
  const { t } = useI18n();
  const view = useView();
  useTitle(t('nav.audit'));
  return (
    <>
      <PageHeader
        title={t('nav.audit')}
        lead={t('audit.lead')}
        aside={<RangePicker value={view.range} onChange={view.setRange} />}
      />
      <ForRole call={AuditService.method.listAuditEvents}>
        <Log view={view} />
      </ForRole>
    </>
  );
}

function Log({ view }: { view: View }) {
  const list = useEvents(view.filter);
  const events = list.data?.pages.flatMap((page) => page.events);
  const sequences = events?.map((e) => Number(e.sequence)) ?? [];
  const at = view.event === undefined ? -1 : sequences.indexOf(view.event);
  const [previous, next] = at < 0 ? [undefined, undefined] : [sequences[at - 1], sequences[at + 1]];
  /** Walks on into the next page. */
  const openOlder = async () => {
    const first = (await list.fetchNextPage()).data?.pages.at(-1)?.events[0];
    if (first) view.open(Number(first.sequence));
  };
  const onNext =
    next !== undefined ? () => view.open(next) : at >= 0 && list.hasNextPage ? () => void openOlder() : undefined;
  return (
    <>
      <Filters view={view} known={list.data?.pages[0]} />
      <Verification onOpen={view.open} />
      <EventTable view={view} list={list} events={events} />
      <EventPanel
        sequence={view.event}
        loaded={at < 0 ? undefined : events?.[at]}
        onClose={() => view.open(undefined)}
        onPrevious={previous === undefined ? undefined : () => view.open(previous)}
        onNext={onNext}
      />
    </>
  );
}
