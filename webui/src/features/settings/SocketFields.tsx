import { NumberInput, Switch } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useI18n } from '@/i18n';
import { Fields } from '@/ui/fields/Form';
import { Card } from '@/ui/Page';
import type { Draft } from './data';
import { ResetButton } from './ResetButton';

/** The API's default, shown where nothing is written. */
const PER_KEY = 100;

/** Whether clients may speak the Responses API over WebSockets, and how many a key may have open. */
export function SocketFields({ form }: { form: UseFormReturnType<Draft> }) {
  const { t, int } = useI18n();
  const { enabled, maxConnectionsPerKey } = form.values.websocket;
  return (
    <Card
      title={t('settings.sockets')}
      sub={t('settings.socketsHow')}
      aside={
        <ResetButton
          isDefault={enabled && maxConnectionsPerKey === undefined}
          onReset={() => form.setFieldValue('websocket', { enabled: true, maxConnectionsPerKey: undefined })}
        />
      }
    >
      <Fields>
        <Switch
          label={t('settings.socketsOn')}
          description={t('settings.socketsOnHow')}
          {...form.getInputProps('websocket.enabled', { type: 'checkbox' })}
        />
        <NumberInput
          label={t('settings.socketsPerKey')}
          description={t('settings.socketsPerKeyHow')}
          placeholder={int(PER_KEY)}
          {...form.getInputProps('websocket.maxConnectionsPerKey')}
          value={maxConnectionsPerKey ?? ''}
          onChange={(n) => form.setFieldValue('websocket.maxConnectionsPerKey', typeof n === 'number' ? n : undefined)}
          min={1}
          max={10_000}
          allowDecimal={false}
          clampBehavior="none"
          disabled={!enabled}
        />
      </Fields>
    </Card>
  );
}
