import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { ConfigService } from '@/gen/trunkline/admin/v1/config_pb';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { May } from '@/ui/May';
import { Panel, PanelPart } from '@/ui/Panel';
import { RelativeTime } from '@/ui/Time';
import { ChangeList } from './ChangeList';
import c from './history.module.css';
import { RollBack } from './RollBack';

/** One revision beside the list: what it changed, or how it differs from the present configuration. */
export function RevisionPanel({
  revision,
  newest,
  compare,
  onCompare,
  onClose,
  onPrevious,
  onNext,
}: {
  revision: bigint | undefined;
  newest: bigint | undefined;
  compare: boolean;
  onCompare: (withNow: boolean) => void;
  onClose: () => void;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
}) {
  const { t, int } = useI18n();
  return (
    <Panel
      opened={revision !== undefined}
      title={revision === undefined ? '' : t('history.title', { revision: int(revision) })}
      onClose={onClose}
      onPrevious={onPrevious}
      onNext={onNext}
    >
      {revision !== undefined && (
        <Details revision={revision} isNewest={revision === newest} compare={compare} onCompare={onCompare} />
      )}
    </Panel>
  );
}

function Details({
  revision,
  isNewest,
  compare,
  onCompare,
}: {
  revision: bigint;
  isNewest: boolean;
  compare: boolean;
  onCompare: (withNow: boolean) => void;
}) {
  const { t, int } = useI18n();
  const [rollingBack, setRollingBack] = useState(false);
  const query = useQuery(ConfigService.method.getRevision, { revision });
  return (
    <Loaded query={query}>
      {({ revision: found }) => (
        <>
          <p className={c.meta}>
            <b>{found?.actor}</b> {found?.commitTime && <RelativeTime at={found.commitTime} />}
          </p>
          {!isNewest && (
            <div className={c.actions}>
              <Button variant="default" onClick={() => onCompare(!compare)} aria-pressed={compare}>
                {t(compare ? 'history.showOwn' : 'history.showNow')}
              </Button>
              <May call={ConfigService.method.rollBackConfig}>
                <Button variant="default" onClick={() => setRollingBack(true)}>
                  {t('history.rollBack')}
                </Button>
              </May>
            </div>
          )}
          {compare && !isNewest ? (
            <SinceThen revision={revision} />
          ) : (
            <PanelPart title={t('history.changes', { n: int(found?.changeCount ?? 0) })}>
              <ChangeList changes={found?.changes ?? []} of={found?.changeCount ?? 0} />
            </PanelPart>
          )}
          <RollBack revision={revision} opened={rollingBack} onClose={() => setRollingBack(false)} />
        </>
      )}
    </Loaded>
  );
}

/** What makes the revision into the present configuration. */
function SinceThen({ revision }: { revision: bigint }) {
  const { t, int } = useI18n();
  const query = useQuery(ConfigService.method.diffRevisions, { from: revision });
  return (
    <Loaded query={query}>
      {(diff) => (
        <PanelPart title={t('history.since', { n: int(diff.changeCount), revision: int(diff.to) })}>
          <ChangeList changes={diff.changes} of={diff.changeCount} />
        </PanelPart>
      )}
    </Loaded>
  );
}
