import { createClient } from '@connectrpc/connect';
import { useTransport } from '@connectrpc/connect-query';
import { roleFor, useMay } from '@/api/role';
import { AuditExportFormat, AuditService } from '@/gen/trunkline/admin/v1/audit_pb';
import { useI18n } from '@/i18n';
import { ExportMenu } from '@/ui/ExportMenu';
import { roleWord } from '@/ui/role';
import type { AuditFilter } from './view';

const formats = { csv: AuditExportFormat.CSV, jsonl: AuditExportFormat.JSON_LINES };

/** Saves the events of the list as a file, which only owners may. */
export function Export({ filter }: { filter: AuditFilter }) {
  const { t, count } = useI18n();
  const may = useMay();
  const transport = useTransport();
  const { exportAuditEvents } = AuditService.method;
  return (
    <ExportMenu
      name="audit"
      jsonl={t('audit.export.jsonl')}
      read={(format, signal) =>
        createClient(AuditService, transport).exportAuditEvents({ format: formats[format], filter }, { signal })
      }
      progressText={(events, size) => count('audit.export.running', events, { size })}
      done={(events) => count('audit.export.done', events)}
      refused={may(exportAuditEvents) ? undefined : t('role.needed', { role: t(roleWord(roleFor(exportAuditEvents))) })}
    />
  );
}
