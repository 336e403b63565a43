import { expect, test } from "vitest";
import { openData } from "../../src/data/node.ts";
import { tangData } from "../../src/data/tang.ts";

const quatrain = (i: number): string[] => [
  `白日依山${"一二三四五六七八九十百千"[i]}，黃河入海流。`,
  "欲窮千里目？更上一層樓。",
];
const files = [0, 6].map((from) =>
  JSON.stringify([
    ...Array.from({ length: 6 }, (_, i) => ({ paragraphs: quatrain(from + i) })),
    { paragraphs: quatrain(from) },
    { paragraphs: ["朝辭白帝彩雲間，千里江陵一日還。"] },
    { paragraphs: ["春眠不覺曉，處處聞啼鳥。", "夜來風雨聲，□落知多少。"] },
    { paragraphs: [] },
  ]),
);
const texts = ({ train, test: held, tokenizer }: ReturnType<typeof tangData>): string[][] =>
  [train, held].map(({ tokens }) => tokenizer.decode(tokens).trimEnd().split("\n"));

test("poems of the Tang: each once, in order, a document each; of one form alone where it is asked for", () => {
  const [all, some] = ["", "4x5"].map((form) => texts(tangData("tang-poems", form, files)));
  expect(all!.map((part) => part.length)).toEqual([13, 1]);
  expect(some!.map((part) => part.length)).toEqual([11, 1]);
  expect(some![0]![0]).toBe("白日依山一，黃河入海流。欲窮千里目？更上一層樓。");
  expect(some![1]).toEqual([quatrain(9).join("")]);
});

test("no form, none that there is, no package: a sentence each", async () => {
  expect(() => tangData("tang-poems:short", "short", files)).toThrow('as tang-poems:4x5, not "short"');
  expect(() => tangData("tang-poems:2x7", "2x7", files)).toThrow("tang-poems:2x7: 1 poems have this form");
  await expect(openData("tang-poems")).rejects.toThrow("npm i chinese-poetry@2.0.1");
});
