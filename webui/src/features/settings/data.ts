import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { Settings } from '@/gen/trunkline/admin/v1/settings_pb';

/** Retention, CORS and WebSockets as the form has them, by the API's own paths; undefined is the default. */
export type Draft = {
  retention: { calls: number | undefined; auditEvents: number | undefined };
  cors: { allowedOrigins: string[] };
  websocket: { enabled: boolean; maxConnectionsPerKey: number | undefined };
};

/** What of the settings the form saves. */
export const PATHS = ['retention', 'cors', 'websocket'];

export const draftOf = ({ retention, cors, websocket }: Settings): Draft => ({
  retention: {
    calls: retention?.calls && toMs(retention.calls),
    auditEvents: retention?.auditEvents && toMs(retention.auditEvents),
  },
  cors: { allowedOrigins: [...(cors?.allowedOrigins ?? [])] },
  websocket: { enabled: websocket?.enabled ?? true, maxConnectionsPerKey: websocket?.maxConnectionsPerKey },
});

const durationOf = (ms: number | undefined) => (ms === undefined ? undefined : durationFromMs(ms));

export const messageOf = ({ retention, cors, websocket }: Draft) => ({
  retention:
    retention.calls === undefined && retention.auditEvents === undefined
      ? undefined
      : { calls: durationOf(retention.calls), auditEvents: durationOf(retention.auditEvents) },
  cors: cors.allowedOrigins.length > 0 ? cors : undefined,
  websocket: websocket.enabled && websocket.maxConnectionsPerKey === undefined ? undefined : websocket,
});
