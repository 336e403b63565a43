/** Parts of a line of code, marked without touching its colours: a highlight, where the browser has them. */
const NAME = "lab-term";

/** The characters of an element from `start` to `end`, wherever its colours cut them. */
function rangeOf(element: Node, start: number, end: number): Range {
  const range = document.createRange();
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let at = 0;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const { length } = node.nodeValue!;
    if (start >= at && start < at + length) range.setStart(node, start - at);
    if (end > at && end <= at + length) {
      range.setEnd(node, end - at);
      break;
    }
    at += length;
  }
  return range;
}

/** Marks each of these parts in these lines, and nothing else any more. */
export function mark(lines: readonly Element[], parts: readonly string[]): void {
  if (!("highlights" in CSS)) return;
  const ranges = lines.flatMap((line) => {
    const text = line.textContent ?? "";
    return parts.flatMap((part) => {
      const start = text.indexOf(part);
      return start < 0 ? [] : [rangeOf(line, start, start + part.length)];
    });
  });
  if (ranges.length > 0) CSS.highlights.set(NAME, new Highlight(...ranges));
  else CSS.highlights.delete(NAME);
}
