import { durationMs } from '@bufbuild/protobuf/wkt';
import { Server } from 'lucide-react';
import type { Node } from '@/gen/trunkline/admin/v1/node_pb';
import { useI18n } from '@/i18n';
import { NodeState } from '@/ui/NodeState';
import { Facts } from '@/ui/Page';
import { Panel, PanelPart } from '@/ui/Panel';
import { EmptyState } from '@/ui/States';
import { RelativeTime } from '@/ui/Time';
import { NodeActions } from './NodeActions';
import { NodeTargets } from './NodeTargets';
import c from './nodes.module.css';

/** One node in detail, beside the list. */
export function NodePanel({
  name,
  node,
  missing,
  revision,
  onClose,
}: {
  name: string | undefined;
  node: Node | undefined;
  missing: boolean;
  revision: bigint;
  onClose: () => void;
}) {
  const { t } = useI18n();
  return (
    <Panel opened={name !== undefined} title={name ?? ''} sub={node?.version} onClose={onClose}>
      {node ? (
        <Details node={node} revision={revision} onClose={onClose} />
      ) : (
        missing && <EmptyState icon={<Server size={22} aria-hidden />} title={t('nodes.gone')} />
      )}
    </Panel>
  );
}

function Details({ node, revision, onClose }: { node: Node; revision: bigint; onClose: () => void }) {
  const { t, int, decimal, bytes, age, duration, dateTime } = useI18n();
  const rows = [
    { name: t('nodes.revisionHead'), value: `${int(node.appliedRevision)} / ${int(revision)}` },
    { name: t('nodes.rate'), value: decimal(node.requestsPerSecond), note: t('nodes.rateHint') },
    { name: t('nodes.inFlightHead'), value: int(node.inFlight) },
    { name: t('nodes.spool'), value: int(node.callsWaiting), note: bytes(node.spoolBytes) },
    { name: t('nodes.summed'), value: int(node.callsSummed) },
    { name: t('nodes.gaps'), value: int(node.gaps) },
    { name: t('nodes.droppedHead'), value: int(node.callsDropped) },
    { name: t('nodes.uptime'), value: node.uptime ? age(durationMs(node.uptime)) : '–' },
    { name: t('nodes.clock'), value: node.clockOffset ? duration(Math.abs(durationMs(node.clockOffset))) : '–' },
    { name: t('nodes.replica'), value: node.replica || '–' },
  ];
  const expires = node.certificateExpireTime;
  return (
    <>
      <div className={c.head}>
        <NodeState node={node} />
        {node.lastSeenTime && (
          <small>
            {t('nodes.seen')} <RelativeTime at={node.lastSeenTime} />
          </small>
        )}
      </div>
      {node.error && <p className={c.trouble}>{node.error}</p>}
      {node.redisError && <p className={c.trouble}>{node.redisError}</p>}
      {node.spoolTrouble && <p className={c.trouble}>{node.spoolTrouble}</p>}
      {node.lineage?.ahead && <p className={c.trouble}>{t('nodes.ahead')}</p>}
      <NodeActions node={node} onGone={onClose} />
      <PanelPart title={t('nodes.figures')}>
        <Facts rows={rows} />
      </PanelPart>
      {expires && (
        <PanelPart title={t('nodes.certificate')}>
          <Facts rows={[{ name: t('nodes.expires'), value: dateTime(Number(expires.seconds) * 1000) }]} />
        </PanelPart>
      )}
      {node.refusedDocumentCount > 0 && (
        <PanelPart title={t('nodes.refusedDocuments', { n: int(node.refusedDocumentCount) })}>
          <p className={c.note}>{t('nodes.refusedHow')}</p>
          <ul className={c.list}>
            {node.refusedDocuments.map((d) => (
              <li key={`${d.kind} ${d.name}`}>
                <b>{d.name}</b> <span>{d.kind}</span>
                <small className="mono">{d.missingFeatures.join(', ')}</small>
              </li>
            ))}
          </ul>
        </PanelPart>
      )}
      <PanelPart title={t('nodes.targets')}>
        <NodeTargets targets={node.targets} />
      </PanelPart>
    </>
  );
}
