import { toMs } from '@/api/duration';
import { useSettings } from '@/api/queries';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { DurationField } from '@/ui/fields/DurationField';
import { FieldRow } from '@/ui/fields/Form';
import type { ProviderForm } from './providerForm';
import { TIMER_WORDS, TIMERS, type Timer } from './values';

const IN_SETTINGS = {
  connect: 'connectTimeout',
  firstToken: 'firstTokenTimeout',
  firstTokenMax: 'firstTokenTimeoutMax',
  attempt: 'attemptTimeout',
  response: 'responseTimeout',
  streamIdle: 'streamIdleTimeout',
} as const satisfies Record<Timer, string>;

/** Timers that differ for this provider, each beside what holds without one. */
export function TimeoutFields({ form, stored }: { form: ProviderForm; stored?: Provider }) {
  const { t, setting } = useI18n();
  const settings = useSettings().data?.effectiveFailover;
  /** What holds while the field is empty: the settings', as the control plane tells it. */
  const inherited = (timer: Timer) =>
    settings?.[IN_SETTINGS[timer]] ?? (stored?.timeouts?.[timer] ? undefined : stored?.effectiveTimeouts?.[timer]);
  return (
    <FieldRow>
      {TIMERS.map((timer) => {
        const own = form.values.timeouts[timer];
        const usual = inherited(timer);
        const now = own ?? (usual ? toMs(usual) : undefined);
        return (
          <DurationField
            key={timer}
            label={t(TIMER_WORDS[timer])}
            description={
              now === undefined
                ? undefined
                : own === undefined
                  ? t('providers.timer.inherited', { time: setting(now) })
                  : t('providers.timer.own', { time: setting(now) })
            }
            value={own}
            onChange={(ms) => form.setFieldValue(`timeouts.${timer}`, ms)}
            placeholder={usual ? setting(toMs(usual)) : undefined}
            inherited={usual ? toMs(usual) : undefined}
            error={form.errors[`timeouts.${timer}`]}
            data-path={`timeouts.${timer}`}
            units={['ms', 's', 'min']}
          />
        );
      })}
    </FieldRow>
  );
}
