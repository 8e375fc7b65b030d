// Colour scales, interpolated linearly between a few of their colours.
const mixed = (anchors, share) => {
  const place = Math.min(1, Math.max(0, share)) * (anchors.length - 1);
  const low = Math.min(Math.floor(place), anchors.length - 2);
  return anchors[low].map((value, i) => Math.round(value + (anchors[low + 1][i] - value) * (place - low)));
};
const parsed = (text) => text.split(' ').map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
const bytes = (anchors) => Array.from({length: 256}, (_, byte) => mixed(anchors, byte / 255));

const VIRIDIS_ANCHORS = parsed('440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725');
const DIVERGING_ANCHORS = parsed('2166ac 67a9cf d1e5f0 f7f7f7 fddbc7 ef8a62 b2182b');

/** [red, green, blue] for each value 0..255. */
export const VIRIDIS = bytes(VIRIDIS_ANCHORS);
/** Blue over white to red; 0 is the middle. */
export const DIVERGING = bytes(DIVERGING_ANCHORS);

/** The CSS gradient of a scale, from left to right. */
export function gradient(scale) {
  const stops = [0, 32, 64, 96, 128, 160, 192, 224, 255].map((at) => `rgb(${scale[at].join(',')})`);
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
