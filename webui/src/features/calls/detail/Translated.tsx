import type { Translation } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { Tag } from '@/ui/Page';

/** What became of a request in another dialect: from which to which, and what was said otherwise or not at all. */
export function Translated({ translation: { from, to, approximated, dropped } }: { translation: Translation }) {
  const { t, list } = useI18n();
  return (
    <>
      <Tag quiet>{t('calls.attempt.translated', { from, to })}</Tag>
      {approximated.length > 0 && <span>{t('calls.attempt.approximated', { names: list(approximated) })}</span>}
      {dropped.length > 0 && <span>{t('calls.attempt.dropped', { names: list(dropped) })}</span>}
    </>
  );
}
