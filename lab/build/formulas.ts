import katex from "katex";
import type { Plugin } from "vite";
import type { Term } from "./terms/index.ts";

/** TeX as HTML, with MathML for those who do not see it. It may break between lines where a formula may. */
export const formula = (tex: string): string =>
  katex.renderToString(`\\displaystyle ${tex}`, {
    strict: "ignore",
    trust: ({ command }) => command === "\\htmlData",
  });

/** Where a part occurs in a text. */
function occurrences(text: string, part: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found.push(at);
  return found;
}

/** A formula whose terms can be told apart: the i-th is wrapped with `data-term="i"`. @throws Error where terms overlap, or are not there. */
export function withTerms(tex: string, terms: readonly Pick<Term, "tex">[]): string {
  const places = terms
    .flatMap(({ tex: part }, term) => {
      const found = occurrences(tex, part);
      if (found.length === 0) throw new Error(`${tex} has no term ${part}`);
      return found.map((start) => ({ start, end: start + part.length, term }));
    })
    .sort((a, b) => a.start - b.start);
  let [out, at] = ["", 0];
  for (const { start, end, term } of places) {
    if (start < at) throw new Error(`${tex}: its term ${tex.slice(start, end)} overlaps another`);
    out += `${tex.slice(at, start)}\\htmlData{term=${term}}{${tex.slice(start, end)}}`;
    at = end;
  }
  return out + tex.slice(at);
}

/** KaTeX's fonts in one format, which every browser that runs the lab can read. */
export const oneFontFormat = (): Plugin => ({
  name: "galatea-lab:fonts",
  enforce: "pre",
  transform: {
    filter: { id: /katex.*\.css$/ },
    handler: (code) => code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\("[^"]*"\)/g, ""),
  },
});
