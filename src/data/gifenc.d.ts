/** gifenc ships no types; these are the parts we use. */
declare module "gifenc" {
  type Palette = number[][];
  interface Encoder {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: Palette; delay: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }
  interface Library {
    GIFEncoder: () => Encoder;
    quantize: (rgba: Uint8Array, colours: number) => Palette;
    applyPalette: (rgba: Uint8Array, palette: Palette) => Uint8Array;
  }
  const forms: Library & { default: Library | { quantize: undefined } };
  export = forms;
}
