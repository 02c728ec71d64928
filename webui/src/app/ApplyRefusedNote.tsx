import { useQuery } from '@connectrpc/connect-query';
import { FileWarning } from 'lucide-react';
import { ConfigService, StartupApplyState } from '@/gen/trunkline/admin/v1/config_pb';
import { useI18n } from '@/i18n';
import c from './shell.module.css';

/** The process runs, but not with what the file of --apply says; until it starts again every page says so. */
export function ApplyRefusedNote() {
  const { t, sentences } = useI18n();
  const { data } = useQuery(ConfigService.method.getStartupApply, {}, { staleTime: 60_000 });
  const apply = data?.startupApply;
  if (apply?.state !== StartupApplyState.REFUSED) return null;
  return (
    <div className={c.warning} role="note">
      <FileWarning size={17} aria-hidden />
      <div>
        {sentences(<b>{t('shell.applyRefused')}</b>, t('shell.applyRefusedWhy', { file: apply.file }))}
        <details>
          <summary>{t('shell.applyRefusedShow')}</summary>
          <p className="mono">{apply.error}</p>
        </details>
      </div>
    </div>
  );
}
