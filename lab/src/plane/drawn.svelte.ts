/** What a visitor drew: kept while the tab is open. */
const KEY = "galatea-drawn";

/** A heart, until something else is drawn. */
const HEART = Array.from({ length: 160 }, (_, i) => {
  const u = (2 * Math.PI * i) / 160;
  const x = (16 * Math.sin(u) ** 3) / 17;
  const y = (13 * Math.cos(u) - 5 * Math.cos(2 * u) - 2 * Math.cos(3 * u) - Math.cos(4 * u)) / 17;
  return [x, y] as const;
}).flat();

function saved(): readonly number[] {
  try {
    const points: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return Array.isArray(points) && points.every((v) => typeof v === "number") ? (points as number[]) : HEART;
  } catch {
    return HEART; // not ours, or cut short
  }
}

let points = $state.raw<readonly number[]>(saved());

export const drawn = {
  get points(): readonly number[] {
    return points;
  },
  set points(next: readonly number[]) {
    points = next;
    sessionStorage.setItem(KEY, JSON.stringify(next.map((v) => Math.round(1000 * v) / 1000)));
  },
};
