import { Code, ConnectError } from '@connectrpc/connect';
import { SearchX } from 'lucide-react';
import { useCall } from '@/api/queries';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { Panel, PanelPart } from '@/ui/Panel';
import { EmptyState } from '@/ui/States';
import { Bodies } from './Bodies';
import { CopyCurl } from './CopyCurl';
import { Cost } from './Cost';
import { Request } from './Request';
import { Skipped } from './Skipped';
import { Summary } from './Summary';
import { Waterfall } from './Waterfall';

/** One call in full: what was asked, what came back, and every attempt on the way. */
export function CallPanel({
  id,
  onClose,
  onPrevious,
  onNext,
}: {
  id: string | undefined;
  onClose: () => void;
  onPrevious?: () => void;
  onNext?: () => void;
}) {
  const { t } = useI18n();
  return (
    <Panel
      opened={id !== undefined}
      title={t('calls.call.title')}
      actions={id !== undefined && <CopyCurl id={id} />}
      onClose={onClose}
      onPrevious={onPrevious}
      onNext={onNext}
      size={680}
    >
      {id !== undefined && <Content key={id} id={id} />}
    </Panel>
  );
}

function Content({ id }: { id: string }) {
  const { t } = useI18n();
  const query = useCall(id);
  if (query.error && ConnectError.from(query.error).code === Code.NotFound) {
    return (
      <EmptyState icon={<SearchX size={22} aria-hidden />} title={t('calls.noSuchId')}>
        <p>{t('calls.noSuchIdHelp')}</p>
      </EmptyState>
    );
  }
  return (
    <Loaded query={query}>
      {({ call }) =>
        call && (
          <>
            <Summary call={call} />
            <PanelPart title={t('calls.call.attempts')}>
              <Skipped call={call} />
              <Waterfall call={call} />
            </PanelPart>
            <PanelPart title={t('calls.call.request')}>
              <Request call={call} />
            </PanelPart>
            <PanelPart title={t('calls.call.timeAndCost')}>
              <Cost call={call} />
            </PanelPart>
            <PanelPart title={t('calls.body.title')}>
              <Bodies call={call} />
            </PanelPart>
          </>
        )
      }
    </Loaded>
  );
}
