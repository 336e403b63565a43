import { onDestroy, untrack } from "svelte";
import type { Kinds } from "./protocol.ts";
import type { Session } from "./session.svelte.ts";

export interface Beside<K extends Kinds> {
  readonly session: Session<K>;
  readonly twin: Session<K> | undefined;
}

/** Steps that one of two may be ahead, where a page does not say. */
const AHEAD = 5;

/**
 * An experiment, and another beside it where there is a setting for that; each begins anew when its setting is another. To be called
 * while a component is made.
 */
export function beside<K extends Kinds>(
  make: () => Session<K>,
  setting: () => K["setting"],
  twinSetting: () => K["setting"] | undefined = () => undefined,
  ahead = AHEAD,
): Beside<K> {
  const session = make();
  let twin = $state.raw<Session<K>>();
  // What decides the learning, as text: an equal setting does not begin anew.
  const key = $derived(JSON.stringify(setting()));
  const twinKey = $derived(JSON.stringify(twinSetting()));
  $effect(() => {
    void key;
    untrack(() => session.open(setting()));
  });
  $effect(() => {
    void twinKey;
    untrack(() => {
      const wanted = twinSetting();
      if (wanted === undefined) {
        twin?.close();
        twin = undefined;
        return;
      }
      twin ??= make();
      twin.open(wanted);
    });
  });
  // Two that play stay together, though one may be faster.
  $effect(() => {
    const both = [session, twin].flatMap((one) => (one && one.state !== "problem" ? [one] : []));
    const until =
      both.length < 2 ? Number.POSITIVE_INFINITY : Math.min(...both.map(({ step }) => step)) + ahead;
    for (const one of both) one.hold(until);
  });
  onDestroy(() => {
    session.close();
    twin?.close();
  });
  return {
    session,
    get twin() {
      return twin;
    },
  };
}
