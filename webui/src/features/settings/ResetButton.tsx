import { Button } from '@mantine/core';
import { SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import { May } from '@/ui/May';

/** Brings back the defaults of a part of the settings; it is saved with the rest. */
export function ResetButton({ isDefault, onReset }: { isDefault: boolean; onReset: () => void }) {
  const { t } = useI18n();
  return (
    <May call={SettingsService.method.updateSettings}>
      <Button variant="default" disabled={isDefault} onClick={onReset}>
        {t('settings.reset')}
      </Button>
    </May>
  );
}
