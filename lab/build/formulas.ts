import katex from "katex";
import type { Plugin } from "vite";

/** TeX as HTML, with MathML for those who do not see it. It may break between lines where a formula may. */
export const formula = (tex: string): string =>
  katex.renderToString(`\\displaystyle ${tex}`, { strict: "ignore" });

/** KaTeX's fonts in one format, which every browser that runs the lab can read. */
export const oneFontFormat = (): Plugin => ({
  name: "galatea-lab:fonts",
  enforce: "pre",
  transform: {
    filter: { id: /katex.*\.css$/ },
    handler: (code) => code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\("[^"]*"\)/g, ""),
  },
});
