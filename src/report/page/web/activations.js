// The feature maps of a layer for one image, each scaled to its own range, in viridis.
import {bytesOf, el, fixed} from './dom.js';
import {VIRIDIS} from './viridis.js';

export function activations(run, sprites) {
  const found = run.activations;
  const view = el('div');
  const show = (index) => view.replaceChildren(layer(found.layers[index]));
  const choice = el('select', {'aria-label': 'Layer', change: (event) => show(event.target.selectedIndex)},
    ...found.layers.map((one) => el('option', {}, `${one.name}  ${one.shape.join(' × ')}`)));
  show(0);
  const words = found.true === null ? 'For this image:' : `For this image of a ${found.true}, predicted ${found.predicted}:`;
  return el('div', {}, el('p', {}, words), found.sprite >= 0 ? sprites.picture(found.sprite, 96, 'The image') : el('span'),
    el('div', {class: 'bar'}, el('label', {}, 'Layer '), choice), view);
}

function layer(one) {
  const [channels, height, width] = one.shape;
  const bytes = bytesOf(one.data);
  const scale = Math.max(1, Math.floor((channels > 64 ? 48 : 72) / Math.max(height, width)));
  const box = el('div', {class: 'maps', role: 'img', 'aria-label': `${channels} filters of ${one.name}, ${height} by ${width} each, values from ${fixed(one.min, 3)} to ${fixed(one.max, 3)}`});
  for (let c = 0; c < channels; ++c) box.append(filter(bytes.subarray(c * height * width, (c + 1) * height * width), height, width, scale, c));
  const cut = one.channels > channels ? `, the first ${channels} of ${one.channels} shown` : '';
  return el('div', {}, el('p', {class: 'soft'}, `${one.channels} filters of ${height} × ${width}${cut}; values from ${fixed(one.min, 3)} to ${fixed(one.max, 3)}, each filter over its own range, dark is low.`), box);
}

function filter(values, height, width, scale, number) {
  const canvas = el('canvas', {width, height, title: `filter ${number}`});
  canvas.style.width = width * scale + 'px';
  canvas.style.height = height * scale + 'px';
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  values.forEach((value, i) => image.data.set([...VIRIDIS[value], 255], 4 * i));
  context.putImageData(image, 0, 0);
  return canvas;
}
