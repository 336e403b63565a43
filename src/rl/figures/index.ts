import { unknownName } from "../../errors.ts";
import { approximationFigures } from "./approximation.ts";
import { banditFigures } from "./bandits.ts";
import { dynaFigures } from "./dyna.ts";
import type { Figure } from "./figure.ts";
import { planningFigures } from "./gridworlds.ts";
import { monteCarloFigures } from "./monte-carlo.ts";
import { randomWalkFigures } from "./random-walk.ts";
import { controlFigures } from "./td-control.ts";

export {
  csv,
  type DataTable,
  drawFigure,
  type Figure,
  type FigureOptions,
  type FigureResult,
} from "./figure.ts";

const chapter = (figure: Figure): number => Number(figure.id.replace("example-", "").split(".")[0]);
const place = (figure: Figure): number => Number(figure.id.replace("example-", "").split(".")[1]);

/** Every figure that can be drawn, in the order of the book. */
export const figures: readonly Figure[] = [
  ...banditFigures,
  ...planningFigures,
  ...monteCarloFigures,
  ...randomWalkFigures,
  ...controlFigures,
  ...dynaFigures,
  ...approximationFigures,
].sort((a, b) => chapter(a) - chapter(b) || place(a) - place(b));

/** A figure by its number; "example-6.6" and "6.6" are aliases of 6.4, the cliff. */
export function figureById(id: string): Figure {
  const wanted = id
    .toLowerCase()
    .replace(/^(fig(ure)?|ex(ample)?)[-_. ]*/, (word) => (word.startsWith("e") ? "example-" : ""));
  const name = wanted.endsWith("6.6") ? "6.4" : wanted;
  const found = figures.find((f) => f.id === name) ?? figures.find((f) => f.id === `example-${name}`);
  if (found === undefined)
    throw unknownName(
      "figure",
      id,
      figures.map((f) => f.id),
    );
  return found;
}
