/** A recorded run, which plays while an experiment loads: no page is ever empty. */

/** Milliseconds between two frames. */
const PACE = 450;

/**
 * Frames one after another, to the last, which stays; for those who asked for less motion the last alone. To be called while a
 * component is made.
 * @param load what belongs to the experiment as it is asked for; called again when that is another
 */
export function playback<R extends { readonly frames: readonly unknown[] }>(
  waiting: () => boolean,
  load: () => Promise<R | undefined>,
): {
  readonly record: R | undefined /** Frames that have been seen, the present one last. */;
  readonly seen: number;
} {
  let record = $state.raw<R>();
  let at = $state(0);
  $effect(() => {
    if (!waiting()) return undefined;
    let gone = false;
    void load().then((found) => {
      if (gone) return;
      record = found;
      at = matchMedia("(prefers-reduced-motion: reduce)").matches ? Number.POSITIVE_INFINITY : 0;
    });
    const timer = setInterval(() => at++, PACE);
    return () => {
      gone = true;
      record = undefined;
      clearInterval(timer);
    };
  });
  return {
    get record() {
      return waiting() ? record : undefined;
    },
    get seen() {
      return Math.min(at + 1, record?.frames.length ?? 0);
    },
  };
}
