/** Lu et al. (2022), "DPM-Solver++": the multistep solver of second order, algorithm 2. */
import { NOTHING, type Plan } from "./plan.ts";
import type { NoiseSchedule } from "./schedule.ts";
import type { Trajectory } from "./trajectory.ts";

/**
 * x_s = σ_s/σ_t·x_t − α_s·(e^−h − 1)·D with D = (1 + 1/2r)·x̂₀(t) − 1/2r·x̂₀(before), h = λ_s − λ_t and r = h_before / h. The
 * first step knows no step before it, and the last has h = ∞: there D = x̂₀(t), which is the solver of first order
 * (and DDIM with η = 0).
 */
export function dpmSolver(schedule: NoiseSchedule, { steps }: Trajectory): Plan {
  return {
    name: "dpm-solver++(2M)",
    clip: true,
    steps: steps.map(({ t, prev }, i) => {
      const [level, next] = [schedule.level(t), schedule.level(prev)];
      const h = schedule.lambda(prev) - schedule.lambda(t);
      const before = steps[i - 1];
      const ratio = before ? h / (schedule.lambda(t) - schedule.lambda(before.t)) / 2 : 0;
      const extra = Number.isFinite(ratio) ? ratio : 0;
      const gain = -next.signal * Math.expm1(-h);
      const weights = {
        ...NOTHING,
        x: next.noise / level.noise,
        x0: gain * (1 + extra),
        previous: extra === 0 ? 0 : -gain * extra,
      };
      return { t, level, next, weights };
    }),
  };
}
