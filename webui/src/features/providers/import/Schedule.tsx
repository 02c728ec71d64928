import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { toMs } from '@/api/duration';
import { fieldErrors } from '@/api/fieldErrors';
import { useUpdate } from '@/api/useUpdate';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { DurationField } from '@/ui/fields/DurationField';
import { Editable } from '@/ui/fields/Editable';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Card } from '@/ui/Page';
import c from './import.module.css';
import { RulesFields } from './RulesFields';
import { documentOf, rulesOf } from './rules';
import { type ScheduleDraft, useScheduleChanges } from './useScheduleChanges';

const draftOf = ({ import: stored }: Provider): ScheduleDraft => ({
  import: { interval: stored?.interval && toMs(stored.interval), rules: rulesOf(stored?.rules) },
});

/** How often models are imported by themselves, and by which rules. */
export function Schedule({ provider }: { provider: Provider }) {
  const { t, setting } = useI18n();
  const transport = useTransport();
  const { name } = provider;
  const differences = useScheduleChanges();
  const form = useForm<ScheduleDraft>({ initialValues: draftOf(provider) });
  const read = async () => (await callUnaryMethod(transport, ProviderService.method.getProvider, { name })).provider;
  const { edit, update, save } = useUpdate(ProviderService.method.updateProvider, {
    stored: provider,
    name,
    form,
    draftOf,
    differences,
    read,
    request: ({ import: draft }, { etag }) => ({
      provider: {
        name,
        etag,
        import: {
          interval: draft.interval === undefined ? undefined : durationFromMs(draft.interval),
          rules: documentOf(draft.rules),
        },
      },
      updateMask: { paths: ['import.interval', 'import.rules'] },
    }),
    result: (answer) => answer.provider,
    done: () => t('providers.saved', { name }),
  });
  const { interval, rules } = form.values.import;
  const stored = draftOf(edit.base).import.interval;
  return (
    <div>
      <Card
        title={t('import.schedule.title')}
        sub={stored === undefined ? t('import.schedule.off') : t('import.schedule.on', { time: setting(stored) })}
      >
        <div className={c.form}>
          <Editable call={ProviderService.method.updateProvider}>
            <DurationField
              label={t('import.schedule.every')}
              description={t('import.schedule.hint')}
              value={interval}
              onChange={(ms) => form.setFieldValue('import.interval', ms)}
              units={['h', 'd']}
              error={form.errors['import.interval']}
              data-path="import.interval"
            />
            <div>
              <RulesFields
                path="import.rules"
                rules={rules}
                onChange={(next) => form.setFieldValue('import.rules', next)}
                credentials={provider.credentials.map((credential) => credential.name)}
                example={provider.models[0]?.id ?? ''}
                errors={fieldErrors(form.errors as Record<string, string>, 'import.rules')}
              />
            </div>
          </Editable>
        </div>
      </Card>
      <EditBar edit={edit} update={update} onSave={save} />
      <LeaveGuard when={edit.changes.length > 0} leaves={(next) => next.tab !== 'imports'} />
    </div>
  );
}
