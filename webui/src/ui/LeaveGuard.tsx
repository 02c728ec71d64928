import { useBlocker } from '@tanstack/react-router';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from './ConfirmDialog';
import type { Search } from './search';

/**
 * Asks before a page with unsaved changes is left: by a link of the console, by Back, or by closing
 * the tab. What stays on the same page, such as opening a drawer, asks only when leaves says so.
 */
export function LeaveGuard({
  when,
  leaves = () => false,
}: {
  when: boolean;
  /** Whether another address of the same page leaves what is edited as well, by what it holds. */
  leaves?: (search: Search) => boolean;
}) {
  const { t } = useI18n();
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => when && (current.pathname !== next.pathname || leaves(next.search as Search)),
    enableBeforeUnload: () => when,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      opened={blocker.status === 'blocked'}
      title={t('leave.title')}
      confirm={t('leave.confirm')}
      onConfirm={() => blocker.proceed?.()}
      onClose={() => blocker.reset?.()}
    >
      {t('leave.text')}
    </ConfirmDialog>
  );
}
