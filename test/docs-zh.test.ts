import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { differences, sections } from "./guide.ts";

/** Chinese pages that say what their English page says today: each is held to it by this test. */
const CURRENT: Readonly<Record<string, string>> = {
  "README.md": "README.zh-CN.md",
  "docs/getting-started.md": "docs/zh/getting-started.md",
  "docs/map.md": "docs/zh/map.md",
  "docs/autoencoders.md": "docs/zh/autoencoders.md",
  "docs/gan.md": "docs/zh/gan.md",
  "docs/diffusion.md": "docs/zh/diffusion.md",
  "docs/plane.md": "docs/zh/plane.md",
  "docs/metrics.md": "docs/zh/metrics.md",
  "docs/export-sampler.md": "docs/zh/export-sampler.md",
  "docs/cli.md": "docs/zh/cli.md",
  "docs/browser.md": "docs/zh/browser.md",
  "docs/lab.md": "docs/zh/lab.md",
  "docs/architecture.md": "docs/zh/architecture.md",
  "docs/rl.md": "docs/zh/rl.md",
  "docs/rl-bridge.md": "docs/zh/rl-bridge.md",
  "docs/rl-for-gpt.md": "docs/zh/rl-for-gpt.md",
  "docs/scale.md": "docs/zh/scale.md",
  "docs/deep-rl.md": "docs/zh/deep-rl.md",
  "docs/sequence.md": "docs/zh/sequence.md",
};
/** Pages without an English one. */
const OWN = ["docs/zh/glossary.md"];

const root = resolve(import.meta.dirname, "..");
const read = (page: string): string => readFileSync(join(root, page), "utf8");
const english = Object.fromEntries(Object.entries(CURRENT).map(([en, zh]) => [zh, en]));

/** Where a link of a page leads, in the terms of the English pages. */
const targetFrom =
  (page: string) =>
  (link: string): string => {
    const [path = "", anchor] = link.split("#");
    if (/^\w+:/.test(link)) return link;
    const place = path === "" ? page : relative(root, join(root, dirname(page), path));
    const same = place.replace("docs/zh/", "docs/").replace("README.zh-CN", "README");
    return same + (anchor === undefined ? "" : "#");
  };

test.each(Object.entries(CURRENT))(
  "%s and %s have the same headings, code, pictures, tables and numbers",
  (en, zh) => {
    // The line that leads to the other language is each page's own.
    const page = (name: string) => {
      const text = read(name).replace(/^.*\[(English|简体中文)\].*$/m, "");
      return sections(text.replace(/\[[^\]]*\]\([^)]*glossary.md\)/g, ""), targetFrom(name));
    };
    expect(differences(page(en), page(zh)), `${en} and ${zh}`).toEqual([]);
  },
);

test.each(Object.entries(CURRENT))("%s and %s lead to one another", (en, zh) => {
  const link = (from: string, to: string): string => `](${relative(dirname(from), to)})`;
  expect(read(en)).toContain(`[简体中文${link(en, zh)}`);
  expect(read(zh)).toContain(`[English${link(zh, en)}`);
});

const pages = [
  ...readdirSync(root).filter((name) => /^README.*zh/.test(name)),
  ...readdirSync(join(root, "docs/zh")).map((name) => `docs/zh/${name}`),
];

test.each(pages)("%s: punctuation is full-width, and one space stands between Chinese and Latin", (page) => {
  const prose = read(page)
    .replace(/^```.*?^```/gms, "")
    // Indented lines are formulas.
    .replace(/^ {4}\S.*$/gm, "")
    .split("\n")
    .map((line) => line.replace(/`[^`]*`/g, "`code`").replace(/\]\([^)]*\)/g, "]"));
  const han = "\\p{Script=Han}";
  const wrong = prose.flatMap((marked, i) => {
    const line = marked.replace(/\*\*/g, "");
    // Markdown does not see the end of emphasis after punctuation where a letter follows.
    const unended = [...marked.matchAll(/\*\*(.*?)\*\*(.?)/g)].filter(
      ([, inner = "", next = ""]) => /[，。；：？！）”]$/.test(inner) && /\p{Letter}/u.test(next),
    );
    const rules = [
      new RegExp(`${han}[,;:?!()]|[,;:?!)]${han}|${han}\\.(\\s|$)`, "u"),
      new RegExp(`${han}[A-Za-z0-9\`]|[A-Za-z0-9\`%]${han}`, "u"),
      /[^|\s]\s[，。；：？！、（）]|[，。；：？！、（]\s[^|\s]/u,
    ];
    const found = [
      ...unended.map((match) => match[0]),
      ...rules.flatMap((rule) => rule.exec(line)?.[0] ?? []),
    ];
    return found.length > 0 ? [`${i + 1}: ${found.join("  ")}   in   ${line}`] : [];
  });
  expect(wrong).toEqual([]);
});

/** Other names of what the glossary names, so that one thing has one name on all pages. */
const OTHER_NAMES =
  /时间差分|蒙特卡洛|贪婪|潜空间|潜变量|令牌|对抗生成|生成式对抗|移动平均|(?<!价)值迭代|(?<!价)值函数|离策略|贴现|折现|断点|评论员|遮罩|[a-zé] 等，? ?\d{4}/g;

test.each(pages)("%s: things have the glossary's names", (page) => {
  expect(read(page).match(OTHER_NAMES) ?? []).toEqual([]);
});

test("every page in Chinese is held to an English one, or has none", () => {
  expect(pages.filter((page) => !english[page] && !OWN.includes(page))).toEqual([]);
  expect([...Object.values(CURRENT), ...OWN].filter((page) => !existsSync(join(root, page)))).toEqual([]);
});
