import { createClient } from '@connectrpc/connect';
import { useTransport } from '@connectrpc/connect-query';
import { type CallSearch, callFilter } from '@/api/callFilter';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { ExportFormat } from '@/gen/trunkline/admin/v1/call_stream_pb';
import { useI18n } from '@/i18n';
import { ExportMenu } from '@/ui/ExportMenu';

const formats = { csv: ExportFormat.CSV, jsonl: ExportFormat.JSON_LINES };

/** Saves the calls of the list as a file. */
export function Export({ filter }: { filter: CallSearch }) {
  const { t, count } = useI18n();
  const transport = useTransport();
  return (
    <ExportMenu
      name="calls"
      jsonl={t('calls.export.jsonl')}
      read={(format, signal) =>
        createClient(CallService, transport).exportCalls(
          { format: formats[format], filter: callFilter(filter) },
          { signal },
        )
      }
      progressText={(calls, size) => count('calls.export.running', calls, { size })}
      done={(calls) => count('calls.export.done', calls)}
    />
  );
}
