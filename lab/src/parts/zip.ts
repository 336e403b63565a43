/** Several files as one: a ZIP archive whose entries are stored as they are, since weights do not shrink. */

type Bytes = Uint8Array<ArrayBuffer>;
type Field = readonly [size: 2 | 4, value: number];

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = CRC[(c ^ byte) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Numbers of two or four bytes, little-endian. */
function packed(fields: readonly Field[]): Bytes {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

function joined(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Names are UTF-8; the day is the format's first, so that equal files make equal archives. */
const [UTF8, FIRST_DAY] = [0x0800, 0x21] as const;

/** PKWARE's APPNOTE.TXT, section 4.3: each entry with its header, then the directory. @param folder in which all of them lie */
export function zipOf(files: Readonly<Record<string, string | Bytes>>, folder: string): Bytes {
  const text = new TextEncoder();
  const [entries, directory]: [Bytes[], Bytes[]] = [[], []];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = text.encode(`${folder}/${path}`);
    const bytes = typeof content === "string" ? text.encode(content) : content;
    // Version, flags, method (stored), time, day, checksum, sizes, and lengths of the name and of nothing else.
    const common: Field[] = [[2, 20], [2, UTF8], [2, 0], [2, 0], [2, FIRST_DAY], [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, name.length], [2, 0]]; // biome-ignore format: one line
    const entry = joined([packed([[4, 0x04034b50], ...common]), name, bytes]);
    const place: Field[] = [[2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]; // biome-ignore format: one line
    directory.push(packed([[4, 0x02014b50], [2, 20], ...common, ...place]), name);
    entries.push(entry);
    offset += entry.length;
  }
  const count = entries.length;
  const list = joined(directory);
  const end = packed([[4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, list.length], [4, offset], [2, 0]]); // biome-ignore format: one line
  return joined([...entries, list, end]);
}
