import { NumberInput, Switch } from '@mantine/core';
import { useI18n } from '@/i18n';
import { Fields } from '@/ui/fields/Form';
import { Card } from '@/ui/Page';

export type Sockets = { enabled: boolean; perKey: number | undefined };

/** Whether clients may speak the Responses API over WebSockets, and how many a key may have open. */
export function SocketFields({
  value,
  onChange,
  byDefault,
  error,
}: {
  value: Sockets;
  onChange: (value: Sockets) => void;
  byDefault: number;
  error: string | undefined;
}) {
  const { t, int } = useI18n();
  return (
    <Card title={t('settings.sockets')} sub={t('settings.socketsHow')}>
      <Fields>
        <Switch
          label={t('settings.socketsOn')}
          description={t('settings.socketsOnHow')}
          checked={value.enabled}
          onChange={(e) => onChange({ ...value, enabled: e.currentTarget.checked })}
        />
        <NumberInput
          label={t('settings.socketsPerKey')}
          description={t('settings.socketsPerKeyHow')}
          placeholder={int(byDefault)}
          value={value.perKey ?? ''}
          onChange={(n) => onChange({ ...value, perKey: typeof n === 'number' ? n : undefined })}
          min={1}
          max={10_000}
          allowDecimal={false}
          clampBehavior="none"
          disabled={!value.enabled}
          error={error}
        />
      </Fields>
    </Card>
  );
}
