/** Every op but the leaves, with ways to draw random uses of it. An op that is missing here does not compile. */
import { elementwise } from "./cases/elementwise.ts";
import { networks } from "./cases/networks.ts";
import { shaping } from "./cases/shaping.ts";
import type { Cases } from "./reference.ts";

export const CASES: Cases = { ...elementwise, ...shaping, ...networks };
