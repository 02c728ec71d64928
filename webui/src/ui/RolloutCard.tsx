import { durationMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { Eye, Pause, RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { LIVE } from '@/api/client';
import { useAction } from '@/api/useAction';
import { type Rollout, RolloutService, RolloutState as State } from '@/gen/trunkline/admin/v1/rollout_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from './ConfirmDialog';
import { Card, Facts } from './Page';
import { Pill } from './Pill';
import c from './rolloutCard.module.css';
import { RelativeTime } from './Time';

/** A change that is tried on some nodes, with what can be decided about it; nothing while there is none. */
export function RolloutCard() {
  const { data } = useQuery(RolloutService.method.getRollout, {}, { refetchInterval: LIVE });
  const rollout = data?.rollout;
  return rollout && rollout.revision > 0n ? <Tried rollout={rollout} /> : null;
}

function Tried({ rollout }: { rollout: Rollout }) {
  const { t, int, list } = useI18n();
  const [asked, setAsked] = useState<'promote' | 'abort'>();
  const close = () => setAsked(undefined);
  const revision = int(rollout.revision);
  const base = int(rollout.baseRevision);
  const promote = useAction(RolloutService.method.promoteRollout, {
    onDone: close,
    done: () => t('rollout.promoted', { revision }),
    quiet: true,
  });
  const abort = useAction(RolloutService.method.abortRollout, {
    onDone: close,
    done: (r) => t('rollout.aborted', { revision: int(r.revision) }),
    quiet: true,
  });
  const counted = rollout.requests > 0n || rollout.otherRequests > 0n;
  const facts = [
    { name: t('rollout.nodes'), value: list(rollout.nodes) },
    ...(rollout.lostNodes.length > 0 ? [{ name: t('rollout.lostNodes'), value: list(rollout.lostNodes) }] : []),
    ...(rollout.startTime ? [{ name: t('rollout.started'), value: <RelativeTime at={rollout.startTime} /> }] : []),
    ...(counted
      ? [
          {
            name: t('rollout.failed'),
            value: t('rollout.ofFirst', {
              failed: int(rollout.failedRequests),
              requests: int(rollout.requests),
              otherFailed: int(rollout.otherFailedRequests),
              otherRequests: int(rollout.otherRequests),
            }),
          },
        ]
      : []),
    ...(rollout.reason ? [{ name: t('rollout.reason'), value: rollout.reason }] : []),
  ];
  return (
    <Card
      title={
        rollout.state === State.HELD
          ? t('rollout.heldTitle', { revision })
          : t('rollout.title', { revision, nodes: list(rollout.nodes) })
      }
      sub={t('rollout.sub', { base })}
      aside={<Stage rollout={rollout} />}
    >
      <Facts rows={facts} />
      <div className={c.actions}>
        {promote.allowed && (
          <Button variant="default" onClick={() => setAsked('promote')}>
            {t('rollout.promote')}
          </Button>
        )}
        {abort.allowed && (
          <Button variant="default" onClick={() => setAsked('abort')}>
            {t('rollout.abort')}
          </Button>
        )}
      </div>
      <ConfirmDialog
        opened={asked === 'promote'}
        title={t('rollout.promoteTitle', { revision })}
        confirm={t('rollout.promote')}
        danger={rollout.state === State.HELD}
        onConfirm={() => promote.run({ revision: rollout.revision })}
        onClose={close}
        busy={promote.busy}
        error={promote.error}
      >
        <p>{t('rollout.promoteText')}</p>
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked === 'abort'}
        title={t('rollout.abortTitle', { revision })}
        confirm={t('rollout.abort')}
        danger={false}
        onConfirm={() => abort.run({ revision: rollout.revision })}
        onClose={close}
        busy={abort.busy}
        error={abort.error}
      >
        <p>{t('rollout.abortText', { base })}</p>
      </ConfirmDialog>
    </Card>
  );
}

function Stage({ rollout }: { rollout: Rollout }) {
  const { t, age } = useI18n();
  if (rollout.state === State.HELD) {
    return (
      <Pill tone="bad" Icon={Pause}>
        {t('rollout.held')}
      </Pill>
    );
  }
  if (rollout.state === State.WATCHING) {
    return (
      <Pill tone="warn" Icon={Eye}>
        {t('rollout.watching', { time: age(rollout.watched ? durationMs(rollout.watched) : 0) })}
      </Pill>
    );
  }
  return (
    <Pill tone="warn" Icon={RefreshCw}>
      {t('rollout.applying')}
    </Pill>
  );
}
