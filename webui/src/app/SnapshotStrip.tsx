import { problemOf } from '@/api/errors';
import { useNodes } from '@/api/nodes';
import { useI18n } from '@/i18n';
import c from './shell.module.css';

/** Says whether what is configured is what is served. */
export function SnapshotStrip() {
  const { t, int } = useI18n();
  const { data, isError, error } = useNodes();
  if (!data) {
    return (
      <div className={c.snapshot} data-tone="bad" role="status">
        {error && (
          <>
            <i aria-hidden />
            <span>{t(problemOf(error).message)}</span>
          </>
        )}
      </div>
    );
  }

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
          ? t(problemOf(error).message)
          : connected.length === 0
            ? t('snapshot.noNode', { revision })
            : t('snapshot.live', { revision, live: int(live), nodes: int(connected.length) })}
        {refused && !isError && <b>{t('snapshot.refused')}</b>}
      </span>
    </div>
  );
}
