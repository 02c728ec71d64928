import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';

/** The server's refusal of fields, as it comes over the wire: { 'group.name': 'must not be empty' }. */
export function refusal(fields: Record<string, string>, code = Code.InvalidArgument): ConnectError {
  const detail = new BinaryWriter();
  for (const [field, description] of Object.entries(fields)) {
    const one = new BinaryWriter().tag(1, 2).string(field).tag(2, 2).string(description).finish();
    detail.tag(1, 2).bytes(one);
  }
  return withDetail(
    new ConnectError('the configuration would not be valid', code, { [FIELDS]: JSON.stringify(fields) }),
    detail.finish(),
  );
}

const FIELDS = 'test-fields';
const REASON = 'test-reason';

/** A refusal that says why to programs: TOTP_REQUIRED. */
export function refusalBecause(reason: string, code: Code): ConnectError {
  const error = new ConnectError('refused', code, { [REASON]: reason });
  const value = new BinaryWriter().tag(1, 2).string(reason).tag(2, 2).string('trunkline').finish();
  error.details.push({ type: 'google.rpc.ErrorInfo', value: new Uint8Array(value) });
  return error;
}

function withDetail(error: ConnectError, value: Uint8Array): ConnectError {
  error.details.push({ type: 'google.rpc.BadRequest', value: new Uint8Array(value) });
  return error;
}

/** The in-memory transport drops details whose code is not generated; this puts those of a refusal back. */
export const keepRefusals: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const fields = error.metadata.get(FIELDS);
    const reason = error.metadata.get(REASON);
    if (reason && error.details.length === 0) throw refusalBecause(reason, error.code);
    throw fields && error.details.length === 0 ? refusal(JSON.parse(fields), error.code) : error;
  }
};
