/** Text within SVG. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}

/** Lines of text as a picture: every character in its own cell, so that columns stay aligned in any font. */
export function textSvg(text: string): string {
  const lines = text.trimEnd().split("\n");
  const [cell, row, margin] = [9, 18, 10];
  const width = Math.max(...lines.map((line) => line.length), 1) * cell + 2 * margin;
  const height = lines.length * row + 2 * margin;
  const letters = lines.flatMap((line, r) =>
    Array.from(line, (letter, c) =>
      letter === " "
        ? ""
        : `<text x="${margin + (c + 0.5) * cell}" y="${margin + (r + 0.75) * row}">${escaped(letter)}</text>`,
    ),
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `<rect width="${width}" height="${height}" fill="#ffffff"/>` +
    `<g font-family="sans-serif" font-size="14" text-anchor="middle" fill="#1d2733">${letters.join("")}</g></svg>\n`
  );
}
