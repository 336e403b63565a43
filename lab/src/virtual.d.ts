declare module "virtual:map" {
  const layout: import("../build/map-layout.ts").Layout;
  export default layout;
}

declare module "virtual:algorithms" {
  interface Loaders {
    readonly page: () => Promise<{ default: import("../build/algorithm.ts").Algorithm }>;
    readonly source: () => Promise<{ default: import("../build/source.ts").Source }>;
  }
  const loaders: Readonly<Record<string, Loaders>>;
  export default loaders;
}

declare module "virtual:controls" {
  const controls: Readonly<
    Record<import("./plane/models.ts").ModelName, readonly import("../build/controls.ts").Control[]>
  >;
  export default controls;
}
