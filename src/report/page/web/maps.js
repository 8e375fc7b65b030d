// Arrays of bytes as pictures: the filters of a layer, and saliency maps.
import {bytesOf, counted, digitOf, el, fixed, percent} from './dom.js';
import {DIVERGING, gradient, VIRIDIS} from './scales.js';

/** A canvas of h x w values 0..255, `side` pixels on its longer side. */
function painted(values, [height, width], side, scale, opacity = () => 255) {
  const canvas = el('canvas', {width, height});
  const factor = side / Math.max(height, width);
  canvas.style.width = width * factor + 'px';
  canvas.style.height = height * factor + 'px';
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  values.forEach((value, i) => image.data.set([...scale[value], opacity(value)], 4 * i));
  context.putImageData(image, 0, 0);
  return canvas;
}

function scaleBar(scale, from, to) {
  const bar = el('span', {class: 'scale', 'aria-hidden': 'true'});
  bar.style.background = gradient(scale);
  return el('p', {class: 'soft scale-line'}, from + ' ', bar, ' ' + to);
}

function imageWords(found) {
  if (found.true === null) return 'The image';
  const right = found.true === found.predicted;
  return `The image: true ${found.true}, predicted ${found.predicted}${right ? ' (right)' : ''}`;
}

function inputPicture(found, sprites, size) {
  return el('figure', {class: 'input'}, found.sprite >= 0 ? sprites.picture(found.sprite, size, imageWords(found)) : '', el('figcaption', {}, imageWords(found)));
}

export function activations(result, sprites) {
  const found = result.activations;
  const view = el('div', {class: 'beside', 'data-paper': true});
  let shown = 0;
  const show = (index) => { shown = index; view.replaceChildren(layer(found.layers[index])); };
  const choice = el('select', {'aria-label': 'Layer', change: (event) => show(event.target.selectedIndex)},
    ...found.layers.map((one) => el('option', {}, layerName(one))));
  view.addEventListener('paper', () => view.replaceChildren(...found.layers.map(layer)));
  view.addEventListener('screen', () => show(shown));
  show(0);
  return el('div', {}, el('div', {class: 'bar'}, el('label', {}, 'Layer '), choice),
    el('p', {class: 'soft'}, 'Each filter on its own scale: from percentile 2 to 98 of its values inside the border, where zero padding makes the largest ones.'),
    scaleBar(VIRIDIS, 'low', 'high'), el('div', {class: 'with-input'}, inputPicture(found, sprites, 128), view));
}

const layerName = (one) => `${one.name} (${one.shape[0] === 1 && one.shape[1] === 1 ? counted(one.shape[2], 'number') : `${one.channels} × ${one.shape[1]} × ${one.shape[2]}`})`;

function layer(one) {
  const [channels, height, width] = one.shape;
  const bytes = bytesOf(one.data);
  const vector = channels === 1 && height === 1;
  const name = `${vector ? counted(width, 'number') : counted(channels, 'filter')} of ${one.name}, values from ${fixed(one.min, 3)} to ${fixed(one.max, 3)}`;
  const box = el('div', {class: 'maps', role: 'img', 'aria-label': name});
  if (vector) box.append(vectorPicture(bytes));
  else for (let c = 0; c < channels; ++c) box.append(filter(bytes.subarray(c * height * width, (c + 1) * height * width), [height, width], channels > 64 ? 48 : 72, c));
  const cut = one.channels > channels ? `; the first ${channels} of ${one.channels} are shown` : '';
  return el('div', {class: 'layer'}, el('h4', {}, layerName(one)), el('p', {class: 'soft'}, `Values from ${fixed(one.min, 3)} to ${fixed(one.max, 3)}${cut}.`), box);
}

function filter(values, shape, side, number) {
  const canvas = painted(values, shape, side, VIRIDIS);
  canvas.title = `filter ${number}`;
  return canvas;
}

/** The numbers of a dense layer row by row, each a square; ten are the digits. */
function vectorPicture(values) {
  const columns = Math.min(values.length, 32);
  const cells = [...values].map((value, i) => {
    const cell = el('span', {class: 'number', title: values.length === 10 ? `digit ${digitOf(i)}` : `number ${i}`}, values.length === 10 ? String(digitOf(i)) : '');
    cell.style.background = `rgb(${VIRIDIS[value].join(',')})`;
    cell.style.color = value > 140 ? '#000' : '#fff';
    return cell;
  });
  const box = el('div', {class: 'numbers'}, ...cells);
  box.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1.5rem))`;
  return box;
}

const METHODS = {
  'Grad-CAM': ['Grad-CAM', 'regions that support each digit'],
  'integrated gradients': ['Integrated gradients', 'each pixel’s share of the digit’s score'],
  occlusion: ['Occlusion', 'how much the digit’s score falls when a region is covered'],
};

export function saliency(result, sprites) {
  const found = result.saliency;
  const names = [...new Set(found.classes.flatMap((one) => one.maps.map((map) => map.name)))];
  const rows = names.map((name) => method(found, name, sprites));
  return el('div', {}, el('p', {class: 'soft'}, 'What in the image makes the model say a digit. Each map is on its own scale.'), el('div', {class: 'with-input'}, inputPicture(found, sprites, 128), el('div', {class: 'beside saliency'}, ...rows)));
}

function method(found, name, sprites) {
  const [title, meaning] = METHODS[name] ?? [name, 'regions that matter for each digit'];
  const shown = found.classes.flatMap((one) => one.maps.filter((map) => map.name === name).map((map) => ({one, map})));
  const signed = shown.some(({map}) => map.signed);
  const figures = shown.map(({one, map}) => {
    const facts = [one.digit === found.true && 'true', one.digit === found.predicted && 'predicted', Number.isFinite(one.probability) && percent(one.probability, 1)].filter(Boolean);
    const words = `for ${one.digit}` + (facts.length ? `: ${facts.join(', ')}` : '');
    return el('figure', {}, salientPicture(found, map, sprites, `${title} ${words}`), el('figcaption', {}, words));
  });
  return el('div', {}, el('h4', {}, `${title}: ${meaning}`), el('div', {class: 'figures'}, ...figures),
    signed ? scaleBar(DIVERGING, 'against the digit', 'for the digit') : scaleBar(VIRIDIS, 'little', 'much'));
}

/** The map over the image: a heat map is the more opaque the larger its value, a signed one the further from 0. */
function salientPicture(found, map, sprites, label) {
  const side = 128;
  const value = (byte) => map.min + (byte / 255) * (map.max - map.min);
  const most = Math.max(Math.abs(map.min), Math.abs(map.max)) || 1;
  const share = map.signed ? (byte) => Math.abs(value(byte)) / most : (byte) => value(byte) / most;
  const scale = map.signed ? Array.from({length: 256}, (_, byte) => DIVERGING[Math.round(127.5 + 127.5 * value(byte) / most)]) : VIRIDIS;
  const heat = painted(bytesOf(map.data), map.shape, side, scale, (byte) => Math.round(255 * Math.min(.92, .15 + .85 * share(byte))));
  const under = found.sprite >= 0 ? sprites.picture(found.sprite, side, '') : el('span');
  return el('div', {class: 'overlay', role: 'img', 'aria-label': label}, under, heat);
}
