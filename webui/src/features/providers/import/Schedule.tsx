import { type Duration, durationFromMs } from '@bufbuild/protobuf/wkt';
import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { toMs } from '@/api/duration';
import { useAction } from '@/api/useAction';
import { useConflict } from '@/api/useConflict';
import { splitViolations, violationsOf } from '@/api/violations';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { DurationField } from '@/ui/fields/DurationField';
import { Editable } from '@/ui/fields/Editable';
import { Card } from '@/ui/Page';
import c from './import.module.css';
import { RulesFields } from './RulesFields';
import { documentOf, rulesOf } from './rules';

/** How often models are imported by themselves, and by which rules. */
export function Schedule({ provider }: { provider: Provider }) {
  const { t, setting } = useI18n();
  const transport = useTransport();
  const { name } = provider;
  const stored = { interval: intervalOf(provider.import?.interval), rules: rulesOf(provider.import?.rules) };
  const [edited, setEdited] = useState<typeof stored>();
  const [etag, setEtag] = useState(provider.etag);
  const now = edited ?? stored;
  const change = (next: Partial<typeof stored>) => {
    if (!edited) setEtag(provider.etag);
    setEdited({ ...now, ...next });
  };
  const conflict = useConflict(async () => {
    return (await callUnaryMethod(transport, ProviderService.method.getProvider, { name })).provider;
  });
  const save = useAction(ProviderService.method.updateProvider, {
    quiet: true,
    done: () => t('providers.saved', { name }),
    onDone: () => {
      conflict.settled();
      setEdited(undefined);
    },
    onConflict: conflict.found,
  });
  const { own } = splitViolations(violationsOf(save.error), name);
  const ruleErrors = Object.fromEntries(
    Object.entries(own).map(([path, words]) => [path.replace(/^import\.rules\./, ''), words]),
  );
  const run = (tag: string) =>
    save.run({
      provider: {
        name,
        etag: tag,
        import: {
          interval: now.interval === undefined ? undefined : durationFromMs(now.interval),
          rules: documentOf(now.rules),
        },
      },
      updateMask: { paths: ['import.interval', 'import.rules'] },
    });
  const theirs = conflict.theirs;
  return (
    <Card
      title={t('import.schedule.title')}
      sub={
        stored.interval === undefined
          ? t('import.schedule.off')
          : t('import.schedule.on', { time: setting(stored.interval) })
      }
    >
      <div className={c.form}>
        <Editable call={ProviderService.method.updateProvider}>
          <DurationField
            label={t('import.schedule.every')}
            description={t('import.schedule.hint')}
            value={now.interval}
            onChange={(interval) => change({ interval })}
            units={['h', 'd']}
            error={own['import.interval']}
          />
          <div>
            <RulesFields
              rules={now.rules}
              onChange={(rules) => change({ rules })}
              credentials={provider.credentials.map((credential) => credential.name)}
              example={provider.models[0]?.id ?? ''}
              errors={ruleErrors}
            />
          </div>
        </Editable>
        {theirs ? (
          <div className={c.note} role="alert">
            <div>
              <b>{t('save.conflict')}</b>
              <p>
                {t('save.theirs')}: {scheduleText(theirs)}
              </p>
              <div className={c.row}>
                <Button
                  variant="default"
                  onClick={() => {
                    conflict.settled();
                    save.reset();
                    setEdited(undefined);
                  }}
                >
                  {t('save.takeTheirs')}
                </Button>
                <Button color="red" loading={save.busy} onClick={() => run(theirs.etag)}>
                  {t('save.overwrite')}
                </Button>
              </div>
            </div>
          </div>
        ) : (
          <FormError error={Object.keys(own).length > 0 ? null : save.error} />
        )}
        {edited && !theirs && (
          <div className={c.row}>
            <Button loading={save.busy} onClick={() => run(etag)}>
              {t('action.save')}
            </Button>
            <Button variant="default" onClick={() => setEdited(undefined)}>
              {t('action.discard')}
            </Button>
          </div>
        )}
      </div>
    </Card>
  );

  function scheduleText(other: Provider): string {
    const interval = intervalOf(other.import?.interval);
    const rules = rulesOf(other.import?.rules);
    return [
      interval === undefined ? t('import.schedule.off') : t('import.schedule.on', { time: setting(interval) }),
      rules.include.length > 0 && `${t('import.rules.include')}: ${rules.include.join(', ')}`,
      rules.exclude.length > 0 && `${t('import.rules.exclude')}: ${rules.exclude.join(', ')}`,
    ]
      .filter(Boolean)
      .join(' · ');
  }
}

const intervalOf = (interval: Duration | undefined) => (interval ? toMs(interval) : undefined);
