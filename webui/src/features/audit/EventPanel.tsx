import { useQuery } from '@connectrpc/connect-query';
import { SearchX } from 'lucide-react';
import { type AuditEvent, AuditService } from '@/gen/trunkline/admin/v1/audit_pb';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { Panel } from '@/ui/Panel';
import { EmptyState } from '@/ui/States';
import { EventDetails } from './EventDetails';

/** One event in full, beside the list. */
export function EventPanel({
  sequence,
  loaded,
  onClose,
  onPrevious,
  onNext,
}: {
  sequence: number | undefined;
  /** The event, when the list has it. */
  loaded: AuditEvent | undefined;
  onClose: () => void;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
}) {
  const { t, int } = useI18n();
  return (
    <Panel
      opened={sequence !== undefined}
      title={sequence === undefined ? '' : t('audit.event', { n: int(sequence) })}
      onClose={onClose}
      onPrevious={onPrevious}
      onNext={onNext}
    >
      {sequence !== undefined && <Content key={sequence} sequence={sequence} loaded={loaded} />}
    </Panel>
  );
}

/** An event that the list does not have is asked for: it is older than its pages, or the filters leave it out. */
function Content({ sequence, loaded }: { sequence: number; loaded: AuditEvent | undefined }) {
  const { t } = useI18n();
  const query = useQuery(
    AuditService.method.listAuditEvents,
    { pageSize: 1, filter: { sequence: BigInt(sequence) } },
    { enabled: loaded === undefined },
  );
  const event = loaded ?? query.data?.events[0];
  if (event) return <EventDetails event={event} />;
  return (
    <Loaded query={query}>
      {() => (
        <EmptyState icon={<SearchX size={22} aria-hidden />} title={t('audit.noSuch')}>
          <p>{t('audit.noSuchHow')}</p>
        </EmptyState>
      )}
    </Loaded>
  );
}
