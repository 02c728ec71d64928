import type { MessageInitShape } from '@bufbuild/protobuf';
import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useUpdate } from '@/api/useUpdate';
import { type Settings, type SettingsSchema, SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';

/** A part of the settings, named by its paths, as a form and its save bar have it. */
export function useSettingsEdit<D extends Record<string, unknown>>({
  settings,
  paths,
  draftOf,
  messageOf,
  differences,
}: {
  settings: Settings;
  paths: string[];
  draftOf: (settings: Settings) => D;
  messageOf: (draft: D) => MessageInitShape<typeof SettingsSchema>;
  differences: (before: D, after: D) => Change[];
}) {
  const { t } = useI18n();
  const transport = useTransport();
  const form: UseFormReturnType<D> = useForm<D>({ initialValues: draftOf(settings) });
  const read = async () => (await callUnaryMethod(transport, SettingsService.method.getSettings, {})).settings;
  const editor = useUpdate(SettingsService.method.updateSettings, {
    stored: settings,
    name: '',
    form,
    draftOf,
    differences,
    read,
    request: (draft, { etag }) => ({ settings: { ...messageOf(draft), etag }, updateMask: { paths } }),
    result: (answer) => answer.settings,
    done: () => t('settings.saved'),
  });
  return { form, ...editor };
}
