import { Link } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import type { Obstacle } from './obstacle';
import c from './playground.module.css';
import type { Failure } from './send';
import type { Run } from './useRun';

/** Why there is no answer, or no more of it, and what to do about it. */
export function FailureNote({ failure, run, gateway }: { failure: Failure; run: Run; gateway: string }) {
  return (
    <div className={c.failure} role="alert">
      <CircleAlert size={17} aria-hidden />
      <div>
        {failure.kind === 'unsent' ? (
          <Unsent obstacle={failure.obstacle} gateway={gateway} />
        ) : (
          <Told failure={failure} run={run} />
        )}
      </div>
    </div>
  );
}

function Told({ failure, run }: { failure: Exclude<Failure, { kind: 'unsent' }>; run: Run }) {
  const { t } = useI18n();
  const error = failure.kind === 'cut' ? null : failure.error;
  const provider = run.provider || t('playground.theGateway');
  return (
    <>
      <b>
        {failure.kind === 'refused'
          ? t('playground.refused', { status: failure.status })
          : t('playground.broken', { provider })}
      </b>
      <p>{error ? error.message || t('playground.noMessage') : t('playground.cut')}</p>
      {error?.code && (
        <p>
          <code>{error.code}</code>
        </p>
      )}
      {failure.kind === 'refused' && failure.retryAfter !== '' && (
        <p>{t('playground.retryAfter', { n: failure.retryAfter })}</p>
      )}
      {failure.kind !== 'refused' && run.text !== '' && <p>{t('playground.kept')}</p>}
    </>
  );
}

function Unsent({ obstacle, gateway }: { obstacle: Obstacle; gateway: string }) {
  const { t, rich } = useI18n();
  const address = <code>{gateway}</code>;
  switch (obstacle.why) {
    case 'origin':
      return (
        <>
          <b>{t('playground.originTitle')}</b>
          <p>
            {rich('playground.originHow', {
              gateway: address,
              setting: (
                <Link to="/settings" search={{ section: 'data' }}>
                  {t('playground.originSetting')}
                </Link>
              ),
            })}
          </p>
          <p className={c.copyLine}>
            <code>{obstacle.origin}</code>
            <CopyAction value={obstacle.origin} />
          </p>
        </>
      );
    case 'mixed':
      return (
        <>
          <b>{t('playground.mixedTitle')}</b>
          <p>{rich('playground.mixedHow', { gateway: address, name: <code>TRUNKLINE_GATEWAY_URL</code> })}</p>
        </>
      );
    case 'noGateway':
      return (
        <>
          <b>{t('playground.noGatewayTitle', { status: obstacle.status })}</b>
          <p>{rich('playground.noGatewayHow', { gateway: address, name: <code>TRUNKLINE_GATEWAY_URL</code> })}</p>
        </>
      );
    case 'unreachable':
      return (
        <>
          <b>{t('playground.unreachableTitle')}</b>
          <p>{rich('playground.unreachableHow', { gateway: address, name: <code>TRUNKLINE_GATEWAY_URL</code> })}</p>
        </>
      );
  }
}
