// Resizes pictures as `svhn predict` does: by area when shrinking, linear when enlarging. @see data/images/picture.cpp, data/resize.cpp

const PREPARED = 32;  // The side of a prepared file's images, which are resized like its rows.
const NOTHING = 1e-3;  // OpenCV leaves out smaller parts of a pixel.

const halfUp = (value) => Math.floor(value + 0.5);
const halfEven = (value) => {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 !== 0 ? near - 1 : near;
};

/** @returns for each pixel of the result the first pixel it is made of, and the weights from there on. */
function areaTaps(from, to) {
  const scale = from / to;
  return Array.from({length: to}, (_, i) => {
    const begin = i * scale, end = Math.min(begin + scale, from);
    const first = Math.floor(begin + NOTHING), weights = [];
    for (let pixel = first; pixel < end - NOTHING; ++pixel) weights.push((Math.min(pixel + 1, end) - Math.max(pixel, begin)) / (end - begin));
    return {first, weights};
  });
}

function linearTaps(from, to) {
  return Array.from({length: to}, (_, i) => {
    const centre = Math.min(Math.max((i + 0.5) * from / to - 0.5, 0), from - 1);
    const first = Math.floor(centre), rest = centre - first;
    return {first, weights: rest > 0 ? [1 - rest, rest] : [1]};
  });
}

/** Adds up `count` pixels of three colours, `step` apart. */
function mix(source, at, step, weights, target, to) {
  for (let colour = 0; colour < 3; ++colour) {
    let sum = 0;
    for (let k = 0; k < weights.length; ++k) sum += weights[k] * source[at + k * step + colour];
    target[to + colour] = sum;
  }
}

const UNIT = 2048;  // OpenCV's whole numbers for the weights of neighbours.

/** The two neighbours of each pixel of the result, and their weights. */
function neighbours(from, to) {
  return Array.from({length: to}, (_, i) => {
    const centre = Math.fround((i + 0.5) * (from / to) - 0.5), first = Math.floor(centre), rest = Math.fround(centre - first);
    const within = (at) => Math.min(Math.max(at, 0), from - 1);
    return {at: [within(first), within(first + 1)], weights: [halfEven(Math.fround(1 - rest) * UNIT), halfEven(rest * UNIT)]};
  });
}

/** INTER_LINEAR, in the same steps. */
function linear({width, height, data}, sides) {
  const columns = neighbours(width, sides.width), rows = neighbours(height, sides.height);
  const bytes = new Uint8Array(sides.width * sides.height * 3);
  let to = 0;
  for (const {at: [top, bottom], weights: [upper, lower]} of rows) {
    for (const {at: [left, right], weights: [near, far]} of columns) {
      for (let colour = 0; colour < 3; ++colour) {
        const along = (row) => data[(row * width + left) * 4 + colour] * near + data[(row * width + right) * 4 + colour] * far >> 4;
        bytes[to++] = (upper * along(top) >> 16) + (lower * along(bottom) >> 16) + 2 >> 2;
      }
    }
  }
  return bytes;
}

/** Sums up the pixels of each pixel of the result, along rows and then along columns. */
function weighted({width, height, data}, columns, rows, round) {
  const wide = columns.length;
  const lines = new Float64Array(wide * height * 3), sums = new Float64Array(3), bytes = new Uint8Array(wide * rows.length * 3);
  for (let y = 0; y < height; ++y) columns.forEach(({first, weights}, x) => mix(data, (y * width + first) * 4, 4, weights, lines, (y * wide + x) * 3));
  rows.forEach(({first, weights}, y) => {
    for (let x = 0; x < wide; ++x) {
      mix(lines, (first * wide + x) * 3, wide * 3, weights, sums, 0);
      sums.forEach((sum, colour) => { bytes[(y * wide + x) * 3 + colour] = round(sum); });
    }
  });
  return bytes;
}

/** @param picture {width, height, data: RGBA}. @returns RGB bytes of the size `sides`. */
export function resized(picture, sides) {
  const {width, height} = picture;
  const shrinks = width >= sides.width && height >= sides.height;
  const prepared = width === PREPARED && height === PREPARED;
  if (!shrinks && !prepared) return linear(picture, sides);
  const taps = shrinks ? areaTaps : linearTaps;
  const halves = width === 2 * sides.width && height === 2 * sides.height;  // OpenCV has whole numbers there, too.
  return weighted(picture, taps(width, sides.width), taps(height, sides.height), prepared || halves ? halfUp : halfEven);
}
