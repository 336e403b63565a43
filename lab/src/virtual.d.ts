declare module "virtual:map" {
  const layout: import("../build/map-layout.ts").Layout;
  export default layout;
}
