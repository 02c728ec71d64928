import type { UseFormReturnType } from '@mantine/form';
import { toMs } from '@/api/duration';
import { type Settings, SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { EditBar } from '@/ui/EditBar';
import { TagsField } from '@/ui/fields/Combo';
import { DurationField } from '@/ui/fields/DurationField';
import { Editable } from '@/ui/fields/Editable';
import { Fields } from '@/ui/fields/Form';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Card } from '@/ui/Page';
import { type Draft, draftOf, messageOf, PATHS } from './data';
import { PriceCatalogueCard } from './PriceCatalogueCard';
import { ResetButton } from './ResetButton';
import { SocketFields } from './SocketFields';
import c from './settings.module.css';
import { useSettingsEdit } from './useSettingsEdit';

/** How long calls are kept, what is kept of them, and which web pages may call the gateway. */
export function DataSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const differences = useDifferences();
  const { form, edit, update, save } = useSettingsEdit({ settings, paths: PATHS, draftOf, messageOf, differences });
  const byDefault = edit.base.defaultRetention;
  return (
    <>
      <Editable call={SettingsService.method.updateSettings}>
        <Card
          title={t('settings.retention')}
          sub={t('settings.retentionHow')}
          aside={
            <ResetButton
              isDefault={form.values.retention.calls === undefined && form.values.retention.auditEvents === undefined}
              onReset={() => form.setFieldValue('retention', { calls: undefined, auditEvents: undefined })}
            />
          }
        >
          <Fields>
            <KeptField form={form} field="calls" byDefault={toMs(byDefault?.calls)} />
            <KeptField form={form} field="auditEvents" byDefault={toMs(byDefault?.auditEvents)} />
            <p className={c.note}>{t('settings.bodies')}</p>
          </Fields>
        </Card>
        <Card title="CORS" sub={t('settings.corsHow')}>
          <TagsField
            label={t('settings.origins')}
            description={t('settings.originsHow')}
            placeholder="https://app.example.com"
            {...form.getInputProps('cors.allowedOrigins')}
          />
        </Card>
        <SocketFields form={form} />
      </Editable>
      <PriceCatalogueCard catalogue={settings.priceCatalogue} />
      <EditBar edit={edit} update={update} onSave={save} />
      <LeaveGuard when={edit.changes.length > 0} />
    </>
  );
}

const WORDS = {
  calls: { label: 'settings.calls', how: 'settings.callsHow' },
  auditEvents: { label: 'settings.auditEvents', how: 'settings.auditEventsHow' },
} as const;

function KeptField({
  form,
  field,
  byDefault,
}: {
  form: UseFormReturnType<Draft>;
  field: keyof typeof WORDS;
  byDefault: number;
}) {
  const { t, setting } = useI18n();
  const path = `retention.${field}`;
  return (
    <DurationField
      label={t(WORDS[field].label)}
      description={t(WORDS[field].how)}
      placeholder={setting(byDefault)}
      inherited={byDefault}
      value={form.values.retention[field]}
      onChange={(ms) => form.setFieldValue(path, ms)}
      units={['h', 'd']}
      error={form.errors[path]}
      data-path={path}
    />
  );
}

/** Says in words how two drafts differ. */
function useDifferences() {
  const { t, setting, list, int } = useI18n();
  const kept = (ms: number | undefined) => (ms === undefined ? t('policy.inherited') : setting(ms));
  const sockets = (d: Draft) => t(d.websocket.enabled ? 'settings.on' : 'settings.off');
  const perKey = ({ websocket: { maxConnectionsPerKey: n } }: Draft) =>
    n === undefined ? t('policy.inherited') : int(n);
  const pages = ({ cors }: Draft) =>
    cors.allowedOrigins.length > 0 ? list(cors.allowedOrigins) : t('settings.noOrigins');
  return (a: Draft, b: Draft): Change[] =>
    [
      { name: t('settings.calls'), before: kept(a.retention.calls), after: kept(b.retention.calls) },
      { name: t('settings.auditEvents'), before: kept(a.retention.auditEvents), after: kept(b.retention.auditEvents) },
      { name: t('settings.origins'), before: pages(a), after: pages(b) },
      { name: t('settings.sockets'), before: sockets(a), after: sockets(b) },
      { name: t('settings.socketsPerKey'), before: perKey(a), after: perKey(b) },
    ].filter(({ before, after }) => before !== after);
}
