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

declare module "virtual:controls/plane" {
  const controls: Readonly<
    Record<import("./plane/models.ts").ModelName, readonly import("./experiment/controls.ts").Control[]>
  >;
  export default controls;
}

declare module "virtual:controls/digits" {
  const controls: Readonly<
    Record<import("./digits/latent.ts").Coder, readonly import("./experiment/controls.ts").Control[]>
  >;
  export default controls;
}

declare module "virtual:controls/*" {
  const controls: Readonly<Record<string, readonly import("./experiment/controls.ts").Control[]>>;
  export default controls;
}

declare module "virtual:names" {
  /** With spaces between them. */
  const names: string;
  export default names;
}

declare module "virtual:bridge" {
  const code: Readonly<Record<string, import("../build/bridge.ts").ProblemCode>>;
  export default code;
}

declare module "virtual:test-digits" {
  const pixels: string;
  export default pixels;
}
