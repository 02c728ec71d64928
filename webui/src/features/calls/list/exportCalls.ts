import type { Client } from '@connectrpc/connect';
import { type CallSearch, callFilter } from '@/api/callFilter';
import type { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { ExportFormat } from '@/gen/trunkline/admin/v1/call_stream_pb';

export const FORMATS = {
  csv: { format: ExportFormat.CSV, type: 'text/csv', head: 1 },
  jsonl: { format: ExportFormat.JSON_LINES, type: 'application/jsonl', head: 0 },
} as const;
export type FormatName = keyof typeof FORMATS;

export type ExportProgress = { bytes: number; calls: number };

/** Reads the whole file; tells after each piece how much there is. A line is a call, but for CSV's head. */
export async function exportCalls(
  client: Pick<Client<typeof CallService>, 'exportCalls'>,
  filter: CallSearch,
  name: FormatName,
  signal: AbortSignal,
  onProgress: (progress: ExportProgress) => void,
): Promise<Blob> {
  const { format, type, head } = FORMATS[name];
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let [bytes, lines] = [0, 0];
  for await (const { data } of client.exportCalls({ format, filter: callFilter(filter) }, { signal })) {
    const piece = new Uint8Array(data);
    pieces.push(piece);
    bytes += piece.length;
    for (const byte of piece) if (byte === 10) lines++;
    onProgress({ bytes, calls: Math.max(0, lines - head) });
  }
  return new Blob(pieces, { type });
}

/** Hands a file to the browser to save. */
export function save(file: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
