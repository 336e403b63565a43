/** Where the reader is: `#/zh/a/vae?beta=4` is a language, a path and the settings that are not as usual. */
import { LANGUAGES, type Language } from "./words/language.ts";

export interface Route {
  readonly lang: Language;
  /** Without the language: "", "a/vae", "runs/first". */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

const isLanguage = (text: string | undefined): text is Language => LANGUAGES.some((l) => l === text);

/** The language that was chosen last, or the browser's. */
function usual(): Language {
  const saved = localStorage.getItem("galatea-language") ?? navigator.language.slice(0, 2);
  return isLanguage(saved) ? saved : "en";
}

export function parseHash(hash: string): Route {
  const [where = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [first, ...rest] = where.split("/").map((part) => decode(part));
  const lang = isLanguage(first) ? first : usual();
  const path = (isLanguage(first) ? rest : [first, ...rest]).join("/").replace(/\/$/, "");
  return { lang, path, query: Object.fromEntries(new URLSearchParams(query)) };
}

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % in what someone typed
  }
};

let current = $state.raw(parseHash(location.hash));

export const route = {
  get lang(): Language {
    return current.lang;
  },
  get path(): string {
    return current.path;
  },
  get query(): Route["query"] {
    return current.query;
  },
};

export interface To {
  readonly lang?: Language;
  readonly query?: Readonly<Record<string, string>>;
}

/** The address of a page: `href("a/vae")`; in the language being read, unless another is named. */
export function href(path: string, { lang = current.lang, query = {} }: To = {}): string {
  const search = new URLSearchParams(query).toString();
  const where = path.split("/").map(encodeURIComponent).join("/");
  return `#/${lang}/${where}${search && `?${search}`}`;
}

/** Keep the settings of an experiment in the address, without a step in the history. */
export function setQuery(query: Readonly<Record<string, string>>): void {
  history.replaceState(null, "", href(current.path, { query }));
  current = parseHash(location.hash);
}

function follow(): void {
  current = parseHash(location.hash);
  localStorage.setItem("galatea-language", current.lang);
  document.documentElement.lang = current.lang === "zh" ? "zh-CN" : "en";
}

addEventListener("hashchange", follow);
follow();
