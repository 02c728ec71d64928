import { useNodes } from '@/api/queries';
import { useI18n } from '@/i18n';
import c from './shell.module.css';

/** Says whether what is configured is what is served. */
export function SnapshotStrip() {
  const { t, int } = useI18n();
  const { data, isError } = useNodes();
  if (!data) return <div className={c.snapshot} data-tone={isError ? 'bad' : 'mute'} />;

  const connected = data.nodes.filter((n) => n.connected);
  const live = connected.filter((n) => n.appliedRevision >= data.revision).length;
  const refused = connected.some((n) => n.error !== '');
  const revision = int(data.revision);
  const tone = isError || refused || connected.length === 0 ? 'bad' : live < connected.length ? 'warn' : 'ok';
  return (
    <div className={c.snapshot} data-tone={tone} role="status">
      <i aria-hidden />
      <span>
        {isError
          ? t('snapshot.offline')
          : connected.length === 0
            ? t('snapshot.noNode', { revision })
            : t('snapshot.live', { revision, live: int(live), nodes: int(connected.length) })}
        {refused && !isError && <b>{t('snapshot.refused')}</b>}
      </span>
    </div>
  );
}
