import { useI18n } from '@/i18n';
import { RelativeTime } from '@/ui/Time';
import type { ModelRow } from './draft';

/** What is wrong with a model, and whether the provider still lists it. */
export function ModelNotes({ row: { stored }, errors }: { row: ModelRow; errors: readonly string[] | undefined }) {
  const { t } = useI18n();
  const gone = stored?.imported?.goneTime;
  if (!errors && !gone) return null;
  return (
    <small>
      {gone && (
        <span>
          {t('providers.model.gone')} <RelativeTime at={gone} />
        </span>
      )}
      {errors?.map((words) => (
        <span key={words} role="alert">
          {words}
        </span>
      ))}
    </small>
  );
}
