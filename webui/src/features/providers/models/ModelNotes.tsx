import { useI18n } from '@/i18n';
import { RelativeTime } from '@/ui/Time';
import { ruleText } from '../rules/rule';
import type { ModelRow } from './draft';

/** What is wrong with a model, and whether the provider still lists it. */
export function ModelNotes({
  row: { stored, values },
  errors,
}: {
  row: ModelRow;
  errors: readonly string[] | undefined;
}) {
  const { t } = useI18n();
  const gone = stored?.imported?.goneTime;
  if (!errors && !gone && values.rules.length === 0) return null;
  return (
    <small>
      {values.rules.length > 0 && <span>{values.rules.map(ruleText).join(', ')}</span>}
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
