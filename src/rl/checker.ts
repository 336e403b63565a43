import { UserError } from "../errors.ts";
import { AdoptedEnv, asEnv, type EnvSource } from "./adopt.ts";
import { type Any, demand, Finding, found, reason } from "./checker/finding.ts";
import { checkAgainstModel } from "./checker/model.ts";
import { type AnyFunctional, checkKernel, checkPurity } from "./checker/purity.ts";
import { checkRepeats, checkSeeds } from "./checker/seeds.ts";
import { checkSpaces } from "./checker/spaces.ts";
import { checkRefusals, checkReset } from "./checker/steps.ts";
import { rowLayout } from "./rows.ts";
import { show } from "./show.ts";

export { checkModel } from "./checker/model.ts";

/** Steps in which every function is called twice and every state rendered: enough, and quick. */
const PURITY_STEPS = 60;

/** The user's own object, or the environment under all wrappers. */
function innermost(env: Any): unknown {
  const { unwrapped } = env;
  return unwrapped instanceof AdoptedEnv ? unwrapped.inner : unwrapped;
}

function checkPictures(env: Any): void {
  env.reset({ seed: 1 });
  const text = env.render() as unknown;
  demand(typeof text === "string" && text !== "", () => `render() must return a string, not ${show(text)}.`);
  const picture = env.renderSvg() as unknown;
  demand(
    typeof picture === "string" && picture.trimStart().startsWith("<svg"),
    () => `renderSvg() must return SVG text, not ${show(picture)}.`,
  );
}

function checkClose(env: Any): void {
  for (const time of ["", " the second time"]) {
    try {
      env.close();
    } catch (error) {
      throw new Finding(`close() must not throw, but throws${time}: ${reason(error)}`);
    }
  }
}

/** Checks that the underlying functions are pure and agree with their model and their kernel. */
function checkFunctions(f: AnyFunctional, steps: number): void {
  checkPurity(f, Math.min(steps, PURITY_STEPS));
  checkAgainstModel(f, steps);
  const rows = { observations: rowLayout(f.observationSpace), actions: rowLayout(f.actionSpace) };
  checkKernel(f, Math.min(steps, PURITY_STEPS), rows);
}

/**
 * Checks with random actions that an environment keeps the contract of Gymnasium's API: spaces, seeds, order of
 * calls, infos, masks, pictures; and, if it is made of pure functions, those, their model and their kernel.
 *
 * @param make makes a new environment each time, as () => make("FrozenLake-v1") or () => new MyEnv()
 * @throws UserError describing the first violation
 */
// biome-ignore lint/suspicious/noExplicitAny: the checker knows nothing of observations and actions
export function checkEnv(make: () => EnvSource<any, any>, { steps = 300 }: { steps?: number } = {}): void {
  const whole = (): Any => asEnv(make()) as Any;
  const env = whole();
  try {
    const twin = whole();
    demand(
      innermost(env) !== innermost(twin),
      () => "make returns the same environment each time: it must make a new one.",
    );
    checkSpaces(env);
    checkReset(env);
    const { functional } = env.unwrapped;
    const chance = found(() => checkRepeats(env, twin, steps));
    if (chance instanceof Finding && functional !== undefined) {
      // Which function is it?
      const culprit = found(() => checkPurity(functional, Math.min(steps, PURITY_STEPS)));
      if (culprit instanceof Finding) throw new Finding(`${chance.message} ${culprit.message}`);
    }
    if (chance !== undefined) throw chance;
    checkSeeds(whole, steps);
    checkRefusals(whole, steps);
    if (functional !== undefined) checkFunctions(functional, steps);
    checkPictures(env);
    checkClose(env);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    throw new UserError(`${String(env)}: ${error.message}`);
  }
}
