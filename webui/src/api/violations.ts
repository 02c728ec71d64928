import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ConnectError } from '@connectrpc/connect';

/** What the server found wrong with one field of a request. */
export type Violation = { field: string; description: string };

/** Why the server refuses, for programs: TOTP_REQUIRED; empty when it does not say. */
export function reasonOf(error: unknown): string {
  for (const detail of ConnectError.from(error).details) {
    if (!('type' in detail) || detail.type !== 'google.rpc.ErrorInfo') continue;
    // ErrorInfo{ string reason = 1; string domain = 2 }, without its generated code.
    const reader = new BinaryReader(detail.value);
    while (reader.pos < reader.len) {
      const [no] = reader.tag();
      const text = reader.string();
      if (no === 1) return text;
    }
  }
  return '';
}

const BAD_REQUEST = 'google.rpc.BadRequest';

/** The fields at fault, as the server names them: group.members[0].model, providers["openai"].base_url. */
export function violationsOf(error: unknown): Violation[] {
  return ConnectError.from(error).details.flatMap((detail) => {
    if (!('type' in detail) || detail.type !== BAD_REQUEST) return [];
    return readBadRequest(detail.value);
  });
}

/** BadRequest{ repeated FieldViolation{ string field = 1; string description = 2 } = 1 }, without its generated code. */
function readBadRequest(bytes: Uint8Array): Violation[] {
  return fields(bytes, (reader) => {
    const violation = { field: '', description: '' };
    fields(reader.bytes(), (inner, no) => {
      const text = inner.string();
      if (no === 1) violation.field = text;
      if (no === 2) violation.description = text;
    });
    return violation;
  });
}

/** Reads every length-delimited field with read; BadRequest holds nothing else. */
function fields<T>(bytes: Uint8Array, read: (reader: BinaryReader, no: number) => T): T[] {
  const reader = new BinaryReader(bytes);
  const found: T[] = [];
  while (reader.pos < reader.len) {
    const [no] = reader.tag();
    found.push(read(reader, no));
  }
  return found;
}

/** One step of a path: a name, then perhaps an index or a quoted key. */
const STEP = /([A-Za-z0-9_]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g;

/** ["providers", "openai", "models", "0", "base_url"] */
export function stepsOf(field: string): string[] {
  return [...field.matchAll(STEP)].map((m) => m[1] ?? m[2] ?? JSON.parse(`"${m[3]}"`));
}

/**
 * The violations that belong to a form, by its own field paths (members.0.model), and the rest.
 * name is the document's: a violation of another document is never the form's.
 */
export function splitViolations(
  violations: readonly Violation[],
  name: string,
): { own: Record<string, string>; rest: Violation[] } {
  const own: Record<string, string> = {};
  const rest: Violation[] = [];
  for (const violation of violations) {
    const steps = stepsOf(violation.field);
    const isKeyed = /^[a-z_]+\["/.test(violation.field);
    // A request without a document in it names its fields alone.
    const inside = isKeyed ? 2 : Math.min(1, steps.length - 1);
    const path = (isKeyed && steps[1] !== name ? [] : steps.slice(inside)).map(camel).join('.');
    if (path === '') rest.push(violation);
    else own[path] ??= sentence(violation.description);
  }
  return { own, rest };
}

const camel = (step: string) => step.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const sentence = (text: string) => text.charAt(0).toLocaleUpperCase() + text.slice(1);
