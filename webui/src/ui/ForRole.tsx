import type { DescMethod } from '@bufbuild/protobuf';
import { Lock } from 'lucide-react';
import type { ReactNode } from 'react';
import { roleFor, useMay } from '@/api/role';
import { useI18n } from '@/i18n';
import { PageHeader } from './Page';
import { roleWord } from './role';
import { EmptyState } from './States';

/** A page, or a part of one, that is nothing without the method: who may not call it is told which role it takes. */
export function ForRole({
  call,
  page,
  children,
}: {
  call: DescMethod;
  /** The heading of the page, where what is left out brings its own. */
  page?: string;
  children: ReactNode;
}) {
  const { t } = useI18n();
  const may = useMay();
  if (may(call)) return children;
  return (
    <>
      {page && <PageHeader title={page} />}
      <EmptyState icon={<Lock size={22} aria-hidden />} title={t('role.needed', { role: t(roleWord(roleFor(call))) })}>
        <p>{t('role.ask')}</p>
      </EmptyState>
    </>
  );
}
