// The colour map viridis, interpolated linearly between ten of its colours.
const ANCHORS = ['440154', '482878', '3e4a89', '31688e', '26828e', '1f9e89', '35b779', '6ece58', 'b5de2b', 'fde725']
  .map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/** [red, green, blue] for each value 0..255. */
export const VIRIDIS = Array.from({length: 256}, (_, byte) => {
  const place = (byte / 255) * (ANCHORS.length - 1);
  const low = Math.min(Math.floor(place), ANCHORS.length - 2);
  return ANCHORS[low].map((value, i) => Math.round(value + (ANCHORS[low + 1][i] - value) * (place - low)));
});
