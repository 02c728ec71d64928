import type { MessageInitShape } from '@bufbuild/protobuf';
import { Button } from '@mantine/core';
import { CircleCheck, CircleX, Send } from 'lucide-react';
import { toMs } from '@/api/duration';
import { type ErrorTarget, useAction } from '@/api/useAction';
import { type AlertChannelSchema, AlertChannelService } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { Pill } from '@/ui/Pill';
import c from './alerts.module.css';

/** Sends a test message to the channel as the form has it, and says how that went. Nothing is saved. */
export function TestMessage({
  form,
  name,
  channel,
}: {
  form: ErrorTarget;
  name: string;
  channel: () => MessageInitShape<typeof AlertChannelSchema>;
}) {
  const { t, int } = useI18n();
  const test = useAction(AlertChannelService.method.testAlertChannel, { form: { target: form, name } });
  const { result } = test;
  if (!test.allowed) return null;
  return (
    <div>
      <div className={c.test}>
        <Button
          variant="default"
          leftSection={<Send size={15} aria-hidden />}
          loading={test.busy}
          onClick={() => test.run({ alertChannel: channel() })}
        >
          {t('alerts.sendTest')}
        </Button>
        <div role="status">
          {result && !test.busy && (
            <Pill tone={result.delivered ? 'ok' : 'bad'} Icon={result.delivered ? CircleCheck : CircleX}>
              {result.delivered
                ? t('alerts.testTaken', { ms: int(Math.round(toMs(result.duration))) })
                : t('alerts.testFailed')}
            </Pill>
          )}
          {result && !test.busy && result.error && <p lang="en">{result.error}</p>}
        </div>
      </div>
      <FormError error={test.leftError} />
    </div>
  );
}
