declare module "virtual:map" {
  const layout: import("../build/map-layout.ts").Layout;
  export default layout;
}

declare module "virtual:algorithms" {
  const loaders: {
    /** By the id of an algorithm. */
    readonly pages: Readonly<
      Record<string, () => Promise<{ default: import("../build/algorithm.ts").Algorithm }>>
    >;
    /** By the name of a file. */
    readonly sources: Readonly<
      Record<string, () => Promise<{ default: import("../build/source.ts").Source }>>
    >;
  };
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
