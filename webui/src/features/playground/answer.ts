/** An error as the gateway words it. */
export type ApiError = { message: string; code: string };

/** What one event of a stream, or a whole answer, adds to what is known. */
export type Part = { text: string; thinking: string; finish: string; error: ApiError | null };

/** Reads one event or one answer; null when it is no JSON object. Nothing in it is trusted to have a shape. */
export function partOf(json: string): Part | null {
  const doc = parse(json);
  if (!isObject(doc)) return null;
  const choice = Array.isArray(doc.choices) && isObject(doc.choices[0]) ? doc.choices[0] : {};
  const said = isObject(choice.delta) ? choice.delta : isObject(choice.message) ? choice.message : {};
  return {
    text: contentOf(said.content) + textOf(said.refusal),
    thinking: textOf(said.reasoning_content) || textOf(said.reasoning),
    finish: textOf(choice.finish_reason),
    error: errorOf(doc),
  };
}

/** The error that a body holds; null when it holds none. */
function errorOf(doc: Record<string, unknown>): ApiError | null {
  const { error } = doc;
  if (typeof error === 'string') return { message: error, code: '' };
  if (!isObject(error)) return null;
  return { message: textOf(error.message), code: textOf(error.code) || textOf(error.type) };
}

/** A content is a text, or a list of parts of which some are texts. */
function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  return content.map((part) => (isObject(part) ? textOf(part.text) : '')).join('');
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
