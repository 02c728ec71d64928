import { useMutation } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { AuditService, type VerifyAuditEventsResponse } from '@/gen/trunkline/admin/v1/audit_pb';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { FormError } from '@/ui/FormError';
import { Pill } from '@/ui/Pill';
import c from './audit.module.css';

/** Checks that the whole log is what was written. It reads all of it, so only when asked to. */
export function Verification({ onOpen }: { onOpen: (sequence: number) => void }) {
  const { t } = useI18n();
  const verify = useMutation(AuditService.method.verifyAuditEvents);
  return (
    <section className={c.verification} aria-label={t('audit.verification')}>
      <div className={c.verify}>
        <Button variant="default" onClick={() => verify.mutate({})} loading={verify.isPending}>
          {t('audit.verify')}
        </Button>
        <div role="status" className={c.result}>
          {verify.data ? <Result report={verify.data} onOpen={onOpen} /> : <p>{t('audit.verifyHow')}</p>}
        </div>
      </div>
      <FormError error={verify.error} />
    </section>
  );
}

function Result({ report, onOpen }: { report: VerifyAuditEventsResponse; onOpen: (sequence: number) => void }) {
  const { t, int, count, sentences } = useI18n();
  const broken = Number(report.brokenSequence);
  if (!report.intact) {
    return (
      <>
        <Pill tone="bad" Icon={ShieldAlert}>
          {t('audit.broken')}
        </Pill>
        <p>{sentences(<b>{t('audit.brokenAt', { n: int(broken) })}</b>, <span lang="en">{report.reason}</span>)}</p>
        <Button variant="subtle" size="compact-sm" onClick={() => onOpen(broken)}>
          {t('audit.show', { n: int(broken) })}
        </Button>
      </>
    );
  }
  return (
    <>
      <Pill tone="ok" Icon={ShieldCheck}>
        {t('audit.intact')}
      </Pill>
      <p>
        {sentences(
          <b>{count('audit.verified', Number(report.checked), { last: int(report.lastSequence) })}</b>,
          t('audit.keep'),
        )}
      </p>
      <CopyAction
        label={t('audit.copyHash')}
        value={`trunklinectl audit verify --known-sequence ${report.lastSequence} --known-hash ${report.lastHash}`}
      />
    </>
  );
}
