/** A program that signed in, and what it runs on when it says so. */
export type Agent = { program: string; system?: string };

/** Browsers by the mark of theirs; others' marks are in it too, so the more special one comes first. */
const BROWSERS: readonly [name: string, mark: RegExp][] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /\b(?:OPR|OPT|OPX)\/(\d+)/],
  ['Vivaldi', /\bVivaldi\/(\d+)/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+)\S* (?:Mobile\/\S+ )?Safari\//],
];
const SYSTEMS: readonly [name: string, mark: RegExp][] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac(?:intosh| OS X)\b/],
  ['Linux', /\b(?:Linux|X11)\b/],
];
/** A program that is no browser: curl/8.5.0, trunklinectl/v1.2.3 (linux). */
const PROGRAM = /^(?!Mozilla\b)([a-z][\w.-]{0,39})\/v?(\d[\w.+-]{0,19})(?=$|[ (;])/i;
const LONGEST = 40;

/** What a User-Agent header names in short: Chrome 131 and Linux; one that says nothing known is cut. */
export function agentOf(header: string): Agent {
  const told = header.trim();
  for (const [name, mark] of BROWSERS) {
    const version = mark.exec(told)?.[1];
    if (version) return { program: `${name} ${version}`, system: SYSTEMS.find(([, system]) => system.test(told))?.[0] };
  }
  const [, name, version] = PROGRAM.exec(told) ?? [];
  if (name) return { program: `${name} ${version}` };
  const letters = [...told];
  if (letters.length <= LONGEST) return { program: told };
  const beginning = letters.slice(0, LONGEST - 1).join('');
  return { program: `${beginning.trimEnd()}…` };
}
