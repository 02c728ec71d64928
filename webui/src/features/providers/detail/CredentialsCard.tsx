import { healthFrom } from '@/api/targetState';
import { type ProviderHealth, TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import type { Credential, Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { HealthDetail } from '@/ui/HealthPill';
import { Card } from '@/ui/Page';
import { RelativeTime } from '@/ui/Time';
import { isEnabled } from '../address';
import { KIND_WORDS, kindOf } from '../form/cloud';
import c from './detail.module.css';

/** The account's keys by their last characters, and how each stands. */
export function CredentialsCard({
  provider,
  health,
  at,
}: {
  provider: Provider;
  health: ProviderHealth | undefined;
  at: number;
}) {
  const { t } = useI18n();
  const standing = (credential: Credential): { state: TargetState; detail?: string } => {
    if (!isEnabled(provider) || !isEnabled(credential)) return { state: TargetState.DISABLED };
    const told = health?.targets.find((target) => target.credential === credential.name && target.model === '');
    // What is not told of is simply healthy, as long as anything is known at all.
    return told ?? { state: health && health.state !== TargetState.UNSPECIFIED ? TargetState.HEALTHY : 0 };
  };
  return (
    <Card title={t('providers.credentials.title')} sub={t('providers.credentials.sub')} flush>
      {provider.credentials.length === 0 ? (
        <p className={c.none}>{t('providers.credentials.none')}</p>
      ) : (
        <ul className={c.list}>
          {provider.credentials.map((credential) => (
            <li key={credential.name}>
              <div>
                <b>{credential.name}</b>{' '}
                {kindOf(credential) !== 'secret' && <span>{t(KIND_WORDS[kindOf(credential)])}</span>}{' '}
                {credential.secretHint && <span className="mono">••••{credential.secretHint}</span>}
                {credential.secretSetTime && (
                  <small>
                    {t('secret.set')} <RelativeTime at={credential.secretSetTime} />
                  </small>
                )}
              </div>
              <div>
                <HealthDetail health={healthFrom(standing(credential), at)} />
                {standing(credential).detail && <small className={c.reason}>{standing(credential).detail}</small>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
