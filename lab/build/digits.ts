/** MNIST for the pages: its first images below `mnist/`, part of the site unless `galatea lab` serves all of it; and a test image of each digit. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Plugin } from "vite";
import { IDX_FILES, readIdx } from "../../src/data/idx.ts";
import { mnistFolder } from "../../src/data/images.node.ts";
import { LIMIT } from "../src/digits/limit.ts";
import { PACKAGE } from "./ort.ts";
import { exporting, virtual } from "./virtual.ts";

const { trainImages, trainLabels, testImages, testLabels } = IDX_FILES;
const COUNTS: Readonly<Record<string, number>> = {
  [trainImages]: LIMIT.train,
  [trainLabels]: LIMIT.train,
  [testImages]: LIMIT.test,
  [testLabels]: LIMIT.test,
};

const whole = (name: string): Promise<Buffer> => readFile(join(mnistFolder(), name));

/** An IDX file of the first items of another, gzipped. */
async function first(name: string): Promise<Uint8Array> {
  const bytes = await whole(name);
  const count = COUNTS[name]!;
  const header = 4 + 4 * bytes[3]!;
  const each = (bytes.length - header) / bytes.readUInt32BE(4);
  const some = Buffer.from(bytes.subarray(0, header + count * each));
  some.writeUInt32BE(count, 4);
  return promisify(gzip)(some);
}

function subset(): Plugin {
  let mode = "";
  return {
    name: "galatea-lab:mnist",
    configResolved: (config) => {
      mode = config.mode;
    },
    configureServer: ({ middlewares }) => {
      middlewares.use((request, response, next) => {
        const name = /^\/mnist\/([^?]*)/.exec(request.url ?? "")?.[1] ?? "";
        if (!Object.hasOwn(COUNTS, name)) return next();
        response.setHeader("Content-Type", "application/octet-stream");
        first(name).then((bytes) => response.end(bytes), next);
      });
    },
    async generateBundle() {
      if (mode === PACKAGE) return;
      for (const name of Object.keys(COUNTS))
        this.emitFile({ type: "asset", fileName: `mnist/${name}`, source: await first(name) });
    },
  };
}

/** The first test image of each digit, as base64: ten images one after another. */
const tests = (): Plugin =>
  virtual("test-digits", async () => {
    const [images, labels] = await Promise.all(
      [testImages, testLabels].map(async (file) => readIdx({ file, bytes: await whole(file) }, LIMIT.test)),
    );
    const size = images!.data.length / LIMIT.test;
    const chosen = Array.from({ length: 10 }, (_, digit) => {
      const at = labels!.data.indexOf(digit) * size;
      return images!.data.subarray(at, at + size);
    });
    return { code: exporting(Buffer.concat(chosen).toString("base64")) };
  });

export const digits = (): Plugin[] => [subset(), tests()];
