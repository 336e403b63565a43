import type { BitGenerator } from "./bits.ts";

/**
 * The ziggurat method with 256 layers, as NumPy runs it. Source: G. Marsaglia, W. W. Tsang, "The ziggurat
 * method for generating random variables" (2000). The right edges x of the layers are stored, since their
 * last bit shows in every number drawn; everything else follows from them.
 */
interface Ziggurat {
  /** The edge of layer i, divided by 2^bits: a bits-wide integer times this is a point in the layer. */
  readonly w: Float64Array;
  /** A bits-wide integer below this lies under the curve for certain. */
  readonly k: Float64Array;
  /** The density at the edge. */
  readonly f: Float64Array;
}

function edges(base64: string): Float64Array {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: 256 }, (_, i) => view.getFloat64(8 * i, true));
}

/** @param x edges: x[0] the base layer's width v / f(r), then x[1] < … < x[255] = r. */
function ziggurat(x: Float64Array, bits: number, density: (x: number) => number): Ziggurat {
  const scale = 2 ** bits;
  const inner = (i: number): number => (i === 0 ? x[255]! : i === 1 ? 0 : x[i - 1]!);
  return {
    w: x.map((edge) => edge / scale),
    k: x.map((edge, i) => Math.floor((inner(i) / edge) * scale)),
    f: x.map((edge, i) => (i === 0 ? 1 : density(edge))),
  };
}

const NORMAL_R = 3.6541528853610088;
const EXPONENTIAL_R = 7.69711747013105;

const NORMAL = ziggurat(
  edges(
    "edkVeDtJD0DG9v3jC43LP7RbLDyvUNI/YTtEOLl81T8Mpy/o/AHYP7zQTC4MI9o/92E4L00A3D90cnRaL6zdP8PVTC1IMt8/rbuO" +
      "JzJN4D9DXQI7BfXgP3c2QZemkuE/9Rp6j6In4j+A2GM4LrXiP/WRV8A/POM/L7GiwZ694z9Vm/+N7znkP6f+PTa7seQ/dNMaYnUl" +
      "5T+WzgengJXlP+p+2c8xAuY/PXyjYdJr5j9wBQCSotLmP6b4RtPaNuc/dyqzEK2Y5z9D9UatRfjnP3cKQ1PMVeg/mnZ7nmSx6D+Y" +
      "z06pLgvpP+oeLIJHY+k/RsU4jsm56T8sp6TczA7qP1nNd21nYuo/MBYQbq206j+cbBNtsQXrPyl6QoeEVes/Op9Sjjak6z8ygr8q" +
      "1vHrP/NOWflwPuw/YTsypROK7D+LJnL+ydTsP0i3gA6fHu0/EB/kKZ1n7T/DuCMAzq/tP1N28ak69+0//u3Stes97j8Ab3oz6YPu" +
      "P86C+b06ye4/JmLwhOcN7z+I9thU9lHvP67Xh55tle8/rC76fVPY7z/sNELgVg3wP5qPOfVALvA//KUWnupO8D8QoHJbVm/wPwv0" +
      "cZCGj/A/E2G8hH2v8D9/zEtmPc/wP2sIFkvI7vA/7hWVMiAO8T++DzEHRy3xP0GRjp8+TPE/HiDEvwhr8T802ngap4nxP4ht7lEb" +
      "qPE/yyr4+GbG8T8u1OCTi+TxP5+gQJmKAvI/6cbEcmUg8j8fw+l9HT7yP/trqQy0W/I/f9MdZip58j8b1xnHgZbyP9ouuGK7s/I/" +
      "U7jhYtjQ8j+Oqcvo2e3yP9dIbg3BCvM/MLn04Y4n8z+hXiZwRETzP9VSyrriYPM/algFvmp98z9ksrJv3ZnzPwM9uL87tvM/4B1W" +
      "mIbS8z+DWnLevu7zP3Se4HHlCvQ/XXSmLfsm9D+kMDzoAEP0P13HynP3XvQ/NsNmnt969D8vj0gyupb0P11BAvaHsvQ/3BGzrEnO" +
      "9D8FpjgWAOr0P2JVXu+rBfU/WosK8k0h9T9PZmrV5jz1P8iyG053WPU/eF9VDgB09T8UhQ7GgY/1P1kbJCP9qvU/PXN90XLG9T/T" +
      "jC974+H1Pzhen8hP/fU/wx+jYLgY9j+isKLoHTT2PwsmtwSBT/Y/cpbJV+Jq9j83MbGDQob2P7GyUCmiofY/u0Oz6AG99j9S0yhh" +
      "Ytj2P1T4YTHE8/Y/62iL9ycP9z/GFGlRjir3P9zucNz3Rfc/H3PlNWVh9z9J9O/61nz3P5O9ushNmPc/CRSLPMqz9z/7ItvzTM/3" +
      "P+fec4zW6vc/H+qGpGcG+D92hsjaACL4PxWfic6iPfg/vfXRH05Z+D/FfnpvA3X4Py33R1/DkPg/Q8AFko6s+D+cDKGrZcj4Pydq" +
      "RFFJ5Pg/j7VzKToA+T9HgyjcOBz5P/wK7xJGOPk/iqIDeWJU+T/u1XC7jnD5PzEqLonLjPk/v5k/kxmp+T8s2dWMecX5PxF0byvs" +
      "4fk/StL6JnL++T+SNvk5DBv6P1vIoiG7N/o/iLsLnn9U+j+kqUpyWnH6Pz0xoGRMjvo/CPGfPlar+j/O9VrNeMj6Pzazi+G05fo/" +
      "GqHDTwsD+z9bmJrwfCD7PwAM4KAKPvs/Az3OQbVb+z8niT+5fXn7Pzz35fFkl/s/biWF22u1+z+iwC5rk9P7P4OugZvc8fs/oBbs" +
      "bEgQ/D8tevDl1y78PxwNbhOMTfw/BYfsCGZs/D8XpuvgZov8P6uiNr2Pqvw/kNY7x+HJ/D834GgwXun8P26PizIGCf0/IO83ENso" +
      "/T9HxjMV3kj9PyPx55YQaf0/pfvX9HOJ/T9wbiCZCar9Pw5J/PjSyv0/Ny5SldHr/T8c0kn7Bg3+P/ZG6sR0Lv4/iNHBmRxQ/j8l" +
      "/pcvAHL+Pwq/KkshlP4/CG/3wIG2/j86pxB2I9n+P6nsAWEI/P4/IVPCijIf/z9tTbcPpEL/P2gBySBfZv8/gpeJBGaK/z+/InEY" +
      "u67/P4XnL9Jg0/8/C/YYwVn4/z91oNNH1A4AQEfJjwKoIQBAqwKpg6k0AEDH9T5O2kcAQH6zrfY7WwBAaCanI9BuAEAXLmOPmIIA" +
      "QFSi6AiXlgBAxMBxdc2qAEBI1O7RPb8AQDA9qjTq0wBAk2URz9ToAEC2n6bv//0AQEFwIARuEwFANV27myEpAUBtCcRpHT8BQDsu" +
      "YEhkVQFA8+6dO/lrAUBhEtJ034IBQKzrTlYamgFAji9/d62xAUCUpnGpnMkBQDmu5Pvr4QFAAdniwp/6AUCBzASdvBMCQO7Tb3pH" +
      "LQJAJJyspEVHAkDgWHbHvGECQC5ZqPqyfAJAeA53zS6YAkBSCipTN7QCQJfbljHU0AJA9XipsQ3uAkDurlbS7AsDQKOkaF57KgNA" +
      "oxKuBcRJA0BAqDN60mkDQApBVpKzigNA+oiucHWsA0CmBBezJ88DQHX0YKrb8gNA2uW5nKQXBECUXlQVmD0EQBU6p0TOZARAvEOc" +
      "dWKNBEAnWmudc7cEQAKJzQ0l4wRAQazpU58QBUBCfjpSEUAFQBvkSqmxcQVA2Y1xi8ClBUD+0DokitwFQEwehs9pFgZA6moAe85T" +
      "BkDD5Z++QJUGQDLiCY1r2wZANHpf8CgnB0BzBglWlXkHQIzO1vQt1AdANPIpBQM5CEAUfKq/D6sIQJZEb5TgLglAq1dAAe7LCUBa" +
      "d5R43I8KQLH9eDgfmAtAM60JgrQ7DUA=",
  ),
  52,
  (x) => Math.exp(-0.5 * x * x),
);

const EXPONENTIAL = ziggurat(
  edges(
    "wV2/lOxkIUAZQV2LnViwPytNW0my1ro/uo1bqTWTwT9zKkrl5iLFP4B6wvuQUMg/zLd579E4yz+YvW232OzNPzxcxknwO9A/cPbW" +
      "JNtw0T8zJtqQApjSP8puPf6Is9M/If4LxhXF1D/DSgKd+M3VP70rp/BAz9Y/GdAX2s3J1z9vYNNUWb7YP9I3IlWArdk/A1JdvsiX" +
      "2j/Eo93dpX3bP4k/jNd7X9w/NnzxTaI93T9ac/F4ZhjeP6pPX88M8N4/CTJoXdLE3z9YdWrtdkvgP/yAm0dIs+A/r/VJh/MZ4T+g" +
      "30vrjH/hP+dJPukm5OE/Lv84ZdJH4j8LaCPhnqriP0vaJqWaDOM/AoJt4tJt4z+gYiHRU87jP0hncMooLuQ/Euc1X1yN5D+TC81r" +
      "+OvkP01veCkGSuU//b64PY6n5T/PLt3HmATmP+BoDG0tYeY/RKn6YlO95j+7kHl5ERnnP3N5ByNudOc/coF+fG/P5z+Z1f5TGyro" +
      "P+zhKy93hOg/KsXQUIje6D9Eov29UzjpPzgTrULekek/vwP/dSzr6T9KiBS+QkTqP2HSllMlneo/ySTyRNj16j+bl0x5X07rP4mP" +
      "P7O+pus/mf5Zk/n+6z+f0nCaE1fsP9tawisQr+w/++bwjvIG7T+Na9jxvV7tP1eQQmp1tu0//jF89xsO7j9EEM+DtGXuP2Ib4uVB" +
      "ve4/n5QC4sYU7z+1/lcrRmzvP6GpBGXCw+8/2TyaEZ8N8D9isQ32XTnwP/h2chwfZfA/cgBLu+OQ8D83AXEDrbzwP2YveiB86PA/" +
      "FawXOVIU8T++fXBvMEDxP/t/d+EXbPE/liM9qQmY8T+DUj3dBsTxP+LEqZAQ8PE/BQ6x0ycc8j8po8KzTUjyP58Y0DuDdPI/qs2L" +
      "dMmg8j9dO6VkIc3yPyEXAxGM+fI/EXb7fAom8z+hG4qqnVLzP/AahZpGf/M//O/PTAas8z9tM43A3djzP8QJT/TNBfQ/0GxG5tcy" +
      "9D+nbHGU/F/0P8SDyPw8jfQ/pBhrHZq69D/qRcv0FOj0P/sA2YGuFfU/+LUsxGdD9T8nbzG8QXH1P/mcTms9n/U/NZMR1FvN9T8m" +
      "z1b6nfv1Py4ac+MEKvY/jJtclpFY9j/u69MbRYf2P988jX4gtvY/CKZZyyTl9j/7qVARUxT3PxwE+mGsQ/c/MNF30TFz9z8KJLF2" +
      "5KL3P/cXfWvF0vc/d3LOzNUC+D8q5t+6FjP4P+cIYVmJY/g/VA+kzy6U+D+UYMxICMX4PxMV/vMW9vg/4XOOBFwn+T+KgjWy2Fj5" +
      "P/S7QDmOivk/XQPH2n28+T9R6d3cqO75Py1Z0IoQIfo/kMZWNbZT+j8P89Aym4b6P3plgd/Aufo//6zKnSjt+j+1i27W0yD7P0Il" +
      "z/jDVPs/tk8ye/qI+z8QJgfbeL37P4X9LZ1A8vs/LeBCTlMn/D+kseqCslz8P/sjI9hfkvw/bKWV81zI/D+Ace2Dq/78P63yMEFN" +
      "Nf0//qMe7UNs/T8KpY1TkaP9P3810ko32/0/m1AmtDcT/j9SpBZ8lEv+P38j9JpPhP4/eHZKFWu9/j9okVv86Pb+P3+8oG7LMP8/" +
      "0F5RmBRr/z/l4e+zxqX/P9gJ3Qrk4P8/1BH5ejcOAEAbORHvNCwAQKMkkp5rSgBA2yYRz9xoAEAPrTrPiYcAQBnIM/dzpgBAb5QA" +
      "qZzFAEC3z+9QBeUAQM7vC2avBAFAShWSapwkAUArOm/szUQBQMEExIVFZQFAnq5v3QSGAUAgeKKnDacBQFoqeKZhyAFAcDObqgLq" +
      "AUCi9PCT8gsCQFDlT1IzLgJAujtA5sZQAkCm2sdhr3MCQCtTQunulgJAUdtFtIe6AkBwLZYOfN4CQGVZJlnOAgNA0KcqC4EnA0Bl" +
      "yTuzlkwDQFaojPgRcgNAQ1E0nPWXA0CDi416RL4DQNDerYwB5QNAre716S8MBED4Qr3J0jMEQCzJG4XtWwRAMpTTmIOEBEBMoV2n" +
      "mK0EQCexHHsw1wRACJW5CE8BBUCyqqxx+CsFQFqn+AYxVwVAYUQbTP2CBUAH4Tj6Ya8FQJ69iANk3AVAeRgIlwgKBkCULnskVTgG" +
      "QDL0w2BPZwZA7kiXSv2WBkAee5ovZccGQAcl9LGN+AZAGNJczn0qB0DDcb3iPF0HQPlxa7XSkAdA03YUfUfFB0ASFG7po/oHQMO+" +
      "wCzxMAhAQnNoBjloCECrW2nOhaAIQJU2O4Li2QhARHXz0loUCUAOKvw0+08JQNgajfHQjAlA6tkkOurKCUB48Uk+VgoKQDtM6EMl" +
      "SwpA6oatwmiNCkDERdiCM9EKQAq2A8CZFgtAD+qRULFdC0Be2nbSkaYLQHfvS95U8QtAp+DCQRY+DED0yMhC9IwMQH+p8uwP3gxA" +
      "xTgna40xDUDsO+xvlIcNQJ/xTq9Q4A1AYAkZbvI7DkDBg/Mqr5oOQErqUGfC/A5Ap/eRl25iD0DlxvZD/ssPQC7sYrPiHBBA7471" +
      "ixFWEEBOpcvNwZEQQKBIXXgx0BBAppJDA6gREUAqRHVneFYRQNbCs7wDnxFAfPrJoLzrEUCfkVm2Kz0SQKWqSa71kxJA8BFEiuPw" +
      "EkBe98wn7lQTQGG4yMdOwRNAYhPkZpc3FEDRUUfN17kUQPZzzzzYShVA0hNz4XruFUByv0ttZ6oWQC/G6tZQhxdAGe3y5p+TGECF" +
      "e0gN3OkZQPxx2lGewxtAg7t+KdnJHkA=",
  ),
  53,
  (x) => Math.exp(-x),
);

/** A draw from N(0, 1). */
export function standardNormal(bits: BitGenerator): number {
  const { w, k, f } = NORMAL;
  for (;;) {
    bits.next64();
    const layer = bits.lo & 0xff;
    const negative = (bits.lo & 0x100) !== 0;
    // bits 9 … 60 of the draw
    const rabs = ((bits.hi >>> 0) & 0x1fffffff) * 8388608 + (bits.lo >>> 9);
    const magnitude = rabs * w[layer]!;
    const x = negative ? -magnitude : magnitude;
    if (rabs < k[layer]!) return x;
    if (layer === 0) {
      // the tail, by Marsaglia's method; bit 8 of rabs is bit 17 of the draw
      const left = (rabs / 256) % 2 >= 1;
      for (;;) {
        const xx = -Math.log1p(-bits.random()) / NORMAL_R;
        const yy = -Math.log1p(-bits.random());
        if (yy + yy > xx * xx) return left ? -(NORMAL_R + xx) : NORMAL_R + xx;
      }
    }
    if ((f[layer - 1]! - f[layer]!) * bits.random() + f[layer]! < Math.exp(-0.5 * x * x)) return x;
  }
}

/** A draw from the exponential distribution with mean 1. */
export function standardExponential(bits: BitGenerator): number {
  const { w, k, f } = EXPONENTIAL;
  for (;;) {
    bits.next64();
    const layer = (bits.lo >>> 3) & 0xff;
    // bits 11 … 63 of the draw
    const ri = (bits.hi >>> 0) * 2097152 + (bits.lo >>> 11);
    const x = ri * w[layer]!;
    if (ri < k[layer]!) return x;
    if (layer === 0) return EXPONENTIAL_R - Math.log1p(-bits.random());
    if ((f[layer - 1]! - f[layer]!) * bits.random() + f[layer]! < Math.exp(-x)) return x;
  }
}
