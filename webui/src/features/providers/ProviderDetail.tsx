import { Link } from '@tanstack/react-router';
import { KeyRound } from 'lucide-react';
import { toMs } from '@/api/duration';
import type { HealthIndex } from '@/api/health';
import type { Group } from '@/gen/trunkline/admin/v1/group_pb';
import type { Provider, ProviderTimeouts } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { HealthDetail, HealthPill } from '@/ui/HealthPill';
import { Card, Chip, Facts } from '@/ui/Page';
import { RelativeTime } from '@/ui/Time';
import { dialectOf } from './address';
import { ModelTable } from './ModelTable';
import c from './providers.module.css';

/** One provider: its models with prices, its credentials, and how it is reached. */
export function ProviderDetail({
  provider,
  groups,
  index,
}: {
  provider: Provider;
  groups: Group[];
  index: HealthIndex;
}) {
  const { t } = useI18n();
  const using = groups.filter((g) => g.members.some((m) => m.provider === provider.name));
  return (
    <>
      <header className={c.head}>
        <div className={c.headName}>
          <h2>{provider.name}</h2>
          <HealthPill state={index.provider(provider).state} />
        </div>
        <p className={c.meta}>
          <Chip>{dialectOf(provider)}</Chip>
          {provider.baseUrl ? <span className="mono">{provider.baseUrl}</span> : <span>{t('providers.builtIn')}</span>}
          <Link to="/calls" search={{ provider: provider.name }}>
            {t('providers.calls')}
          </Link>
        </p>
      </header>

      <Card title={t('providers.modelsTitle')} sub={t('providers.modelsSub')} flush>
        <ModelTable provider={provider} groups={using} index={index} />
      </Card>

      <div className={c.pair}>
        <Credentials provider={provider} index={index} />
        <Connection provider={provider} />
      </div>
    </>
  );
}

function Credentials({ provider, index }: { provider: Provider; index: HealthIndex }) {
  const { t } = useI18n();
  return (
    <Card title={t('providers.credentials.title')} sub={t('providers.credentials.sub')} flush>
      {provider.credentials.length === 0 ? (
        <p className={c.none}>{t('providers.credentials.none')}</p>
      ) : (
        <ul className={c.credentials}>
          {provider.credentials.map((credential) => (
            <li key={credential.name}>
              <KeyRound size={15} aria-hidden />
              <div>
                <b>{credential.name}</b>
                {credential.secretHint && <span className={`${c.hint} mono`}>••••{credential.secretHint}</span>}
                {credential.secretSetTime && (
                  <small>
                    {t('providers.credentials.set')} <RelativeTime at={credential.secretSetTime} />
                  </small>
                )}
              </div>
              <HealthDetail health={index.credential(provider, credential.name, credential.enabled)} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const timers = [
  'connect',
  'firstToken',
  'response',
  'streamIdle',
] as const satisfies readonly (keyof ProviderTimeouts)[];

function Connection({ provider }: { provider: Provider }) {
  const { t, int, setting } = useI18n();
  const headers = Object.keys(provider.headers);
  return (
    <Card title={t('providers.connection.title')} sub={t('providers.connection.sub')}>
      <Facts
        rows={[
          {
            name: t('providers.connection.inFlight'),
            value: provider.maxInFlight > 0 ? int(provider.maxInFlight) : t('providers.connection.noLimit'),
          },
          // Said only when it is so: the all-in-one allows them to every provider.
          ...(provider.allowPrivateNetwork
            ? [{ name: t('providers.connection.private'), value: t('providers.connection.allowed') }]
            : []),
          {
            name: t('providers.connection.headers'),
            value:
              headers.length > 0 ? (
                <span className="mono">{headers.join(', ')}</span>
              ) : (
                t('providers.connection.noHeaders')
              ),
          },
          ...timers.map((timer) => {
            const value = provider.timeouts?.[timer];
            return {
              name: t(`providers.connection.${timer}`),
              value: value ? setting(toMs(value)) : t('providers.connection.inherited'),
            };
          }),
        ]}
      />
    </Card>
  );
}
