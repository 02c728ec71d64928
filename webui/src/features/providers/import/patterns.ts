/**
 * What the import rules let in, as the control plane decides it (controlplane/importer/pattern.go): the
 * choice shows it while one types, and the review then shows the control plane's own answer.
 */
export function admits(include: readonly string[], exclude: readonly string[]): (id: string) => boolean {
  const [inside, outside] = [include, exclude].map((list) => list.map(matcher)) as [Test[], Test[]];
  return (id) => {
    const text = id.toLowerCase();
    if (outside.some((fits) => fits(text))) return false;
    return inside.length === 0 || inside.some((fits) => fits(text));
  };
}

type Test = (text: string) => boolean;

/** A keyword stands anywhere; a glob matches the whole: * is any text, ? one character. */
function matcher(pattern: string): Test {
  const lower = pattern.toLowerCase();
  if (!/[*?]/.test(lower)) return (text) => text.includes(lower);
  const parts = [...lower].map((letter) => (letter === '*' ? '.*' : letter === '?' ? '.' : literal(letter)));
  const whole = new RegExp(`^${parts.join('').replace(/(\.\*)+/g, '.*')}$`, 'su');
  return (text) => whole.test(text);
}

const literal = (letter: string) => letter.replace(/[\\^$.|+()[\]{}/]/, '\\$&');

export type Template = { stripVendor: boolean; lowerCase: boolean; prefix: string; suffix: string };

/** The alias that a template makes of an id; empty when it changes nothing. */
export function aliasOf(template: Template, id: string): string {
  const plain = template.stripVendor ? (id.split('/').at(-1) ?? id) : id;
  const name = template.prefix + (template.lowerCase ? plain.toLowerCase() : plain) + template.suffix;
  return name === id ? '' : name;
}
