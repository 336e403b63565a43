/** What of a guide is the same in every language: its headings' levels, code, pictures, tables, numbers, names and links. */

export interface Section {
  readonly level: number;
  readonly title: string;
  readonly line: number;
  readonly items: Item[];
}

/** One thing that a translation has to have: what it is, as a line to compare, and where it stands. */
export interface Item {
  readonly text: string;
  readonly line: number;
  /** Prose may say it again, or in another order: it has to be there, no more. */
  readonly loose: boolean;
}

export function sections(text: string, target: (link: string) => string): Section[] {
  const found: Section[] = [{ level: 0, title: "the beginning", line: 1, items: [] }];
  let language: string | undefined;
  let prose = { text: "", line: 1 };
  const add = (text: string, line: number, loose = false): void => {
    found.at(-1)!.items.push({ text, line, loose });
  };
  const addLinks = (text: string, line: number): void => {
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g))
      add(`](${target(link)})`, line, !/\.(png|gif)$/.test(link));
  };
  const endParagraph = (): void => {
    for (const atom of atoms(prose.text)) if (!/^\d$/.test(atom)) add(atom, prose.line, true);
    addLinks(prose.text, prose.line);
    prose = { text: "", line: 1 };
  };
  for (const [index, line] of [...text.split("\n"), ""].entries()) {
    const at = index + 1;
    const fence = /^\s*```(\w*)/.exec(line);
    const heading = /^(#+) (.*)/.exec(line);
    if (fence || heading || line.startsWith("|") || line === "") endParagraph();
    if (fence) {
      add(language === undefined ? `\`\`\`${fence[1]}` : "```", at);
      language = language === undefined ? fence[1]! : undefined;
    } else if (language !== undefined) {
      const code = withoutComments(line, language).trim();
      if (code) add(code, at);
    } else if (heading) found.push({ level: heading[1]!.length, title: heading[2]!, line: at, items: [] });
    else if (line.startsWith("|")) {
      const cells = line.replaceAll("\\|", "∣").split("|").slice(1, -1);
      add(cells.map((cell) => atoms(cell).sort().join(" ")).join(" | "), at);
      addLinks(line, at);
    } else if (line.startsWith("$$")) add(line, at);
    else if (line !== "") {
      if (/^ {4}\S/.test(line)) add("    a formula", at);
      if (/^(- |\d+\. )/.test(line)) add("a list's item", at);
      prose = { text: `${prose.text} ${line}`, line: prose.text ? prose.line : at };
    }
  }
  return found;
}

/** Names of code and numbers of a text: 16 million is 1600 万. */
export function atoms(text: string): string[] {
  const prose = text.replace(/\]\([^)]*\)/g, "]");
  const code = [...prose.matchAll(/`[^`]+`/g)].map((match) => match[0]);
  const rest = prose.replace(/`[^`]+`/g, " ").replace(/(?<=\d),(?=\d{3}(?!\d))/g, "");
  const numbers = [...rest.matchAll(/(\d+(?:\.\d+)*(?:e-?\d+)?)(?: (million|万))?/g)];
  return [
    ...code,
    ...numbers.map(([, number = "", unit]) => (unit ? `${round(Number(number) * UNITS[unit]!)}` : number)),
  ];
}

const UNITS: Readonly<Record<string, number>> = { million: 1e6, 万: 1e4 };
const round = (value: number): number => Number(value.toPrecision(6));

/** Comments are translated; what a snippet prints stays, and so does every word of a diagram but its labels. */
function withoutComments(line: string, language: string): string {
  if (language === "sh" || language === "yaml") return line.replace(/(^|\s)#.*/, "");
  if (language === "mermaid") return line.replace(/"[^"]*"/g, '""');
  if (/console\.log\(/.test(line)) return line;
  return line.replace(/\/\*.*?\*\//g, "").replace(/(^|\s)\/\/.*/, "");
}

/** The lines of `original` that `translation` lacks, and the other way about, each with its place. */
export function differences(original: readonly Section[], translation: readonly Section[]): string[] {
  const levels = (page: readonly Section[]): string => page.map((section) => section.level).join(" ");
  if (levels(original) !== levels(translation)) {
    const at = original.findIndex((section, i) => section.level !== translation[i]?.level);
    const [en, zh] = [original[at], translation[at < 0 ? original.length : at]];
    return [
      `line ${en?.line ?? "—"}: the heading "${en?.title ?? "nothing"}" meets "${zh?.title ?? "nothing"}"`,
    ];
  }
  return original.flatMap((section, i) => {
    const other = translation[i]!;
    const said: string[] = [];
    const missing = (of: Section, at: Section, kind: string): void => {
      const loose = new Set(at.items.map((item) => item.text));
      // Loose names may stand in a table there, or a table's in prose.
      const all = at.items.map((item) => item.text).join(" ");
      const strict = at.items.filter((item) => !item.loose).map((item) => item.text);
      for (const item of of.items) {
        if (item.loose ? loose.has(item.text) || all.includes(item.text) : take(strict, item.text)) continue;
        said.push(`line ${item.line}, "${of.title}": ${item.text} ${kind}`);
      }
    };
    missing(section, other, "is missing in the translation");
    missing(other, section, "is in the translation only");
    const order = (of: Section): string =>
      of.items.flatMap((item) => (item.loose ? [] : [item.text])).join("\n");
    if (said.length === 0 && order(section) !== order(other))
      said.push(`"${section.title}": code, tables, pictures or items are in another order`);
    return said;
  });
}

function take(list: string[], text: string): boolean {
  const at = list.indexOf(text);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
}
