import { toMs } from '@/api/duration';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { Card, Facts } from '@/ui/Page';
import { TIMERS } from '../form/values';

/** How the provider is reached: what holds, whether it is set here or elsewhere. */
export function ConnectionCard({ provider }: { provider: Provider }) {
  const { t, int, setting } = useI18n();
  const headers = [...Object.keys(provider.headers), ...provider.secretHeaders.map((header) => header.name)];
  return (
    <Card title={t('providers.connection.title')} sub={t('providers.connection.sub')}>
      <Facts
        rows={[
          ...TIMERS.map((timer) => {
            const own = provider.timeouts?.[timer];
            const value = own ?? provider.effectiveTimeouts?.[timer];
            return {
              name: t(`providers.timer.${timer}`),
              value: value ? setting(toMs(value)) : '–',
              note: own ? t('providers.connection.own') : undefined,
            };
          }),
          {
            name: t('providers.form.maxInFlight'),
            value: provider.maxInFlight > 0 ? int(provider.maxInFlight) : t('providers.connection.noLimit'),
          },
          {
            name: t('providers.form.headers'),
            value:
              headers.length > 0 ? (
                <span className="mono">{headers.join(', ')}</span>
              ) : (
                t('providers.connection.noHeaders')
              ),
          },
          ...(provider.secretQuery.length > 0
            ? [
                {
                  name: t('providers.form.secretQuery'),
                  value: (
                    <span className="mono">{provider.secretQuery.map((parameter) => parameter.name).join(', ')}</span>
                  ),
                },
              ]
            : []),
          ...(provider.forwardHeaders.length > 0
            ? [
                {
                  name: t('providers.form.forward'),
                  value: <span className="mono">{provider.forwardHeaders.join(', ')}</span>,
                },
              ]
            : []),
          ...(provider.proxy
            ? [{ name: t('providers.form.proxy'), value: <span className="mono">{provider.proxy.url}</span> }]
            : []),
          ...(provider.caCertificates === ''
            ? []
            : [{ name: t('providers.form.authorities'), value: t('providers.yes') }]),
          ...(provider.clientCertificate
            ? [{ name: t('providers.form.clientCertificate'), value: t('providers.yes') }]
            : []),
          {
            name: t('providers.form.private'),
            value: t(provider.allowPrivateNetwork ? 'providers.yes' : 'providers.no'),
          },
        ]}
      />
    </Card>
  );
}
