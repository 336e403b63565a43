export { CountModel } from "./count-model.ts";
