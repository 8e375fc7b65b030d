// The t-SNE map: zoom, a filter by digit, and the image of the point under the pointer.
import {chart, tooltip} from './charts.js';
import {bytesOf, colour, counted, digitOf, el, fixed, whole} from './dom.js';
import {table} from './table.js';

/** The typed arrays of a map: coordinates, classes, sprites, and predictions where they are known. */
export function readMap(map) {
  const words = (text, Type) => new Type(bytesOf(text).buffer);
  return {x: words(map.x, Uint16Array), y: words(map.y, Uint16Array), label: bytesOf(map.label),
    sprite: map.sprite ? words(map.sprite, Int32Array) : null, predicted: map.predicted ? bytesOf(map.predicted) : null};
}

export function tsne(run, result, sprites) {
  const points = readMap(result.tsne);
  const byClass = Array.from({length: 10}, () => []);
  points.label.forEach((label, i) => byClass[label].push([points.x[i], points.y[i], i]));
  const state = {hidden: new Set(), chart: null, zoom: [0, 100, 0, 100]};
  const plot = chart(`Map of ${counted(points.x.length, 'image')} of ${run.name} by t-SNE, coloured by digit. Arrow keys move, plus and minus zoom, Enter tells the image nearest to the middle. A table of the digits follows.`,
    () => mapOption(byClass, state, (i) => tip(points, i, sprites)), {kind: 'tall', ready: (made) => watch(made, state), synthetic: result.data.synthetic});
  plot.tabIndex = 0;
  plot.setAttribute('role', 'application');
  const told = el('div', {class: 'bar', 'aria-live': 'polite'});
  plot.addEventListener('keydown', (event) => steer(event, state, () => told.replaceChildren(...nearest(points, state, sprites))));
  return el('div', {}, el('p', {}, facts(result.tsne), el('span', {class: 'screen-only'}, ' The wheel zooms, dragging moves.')), filters(state, byClass), zoomButtons(state), plot, told, digits(byClass));
}

function facts(map) {
  const cut = map.shown < map.points ? `, ${whole(map.shown)} of them drawn here` : '';
  const known = [['perplexity', map.perplexity], ['KL divergence', map.kl_divergence]].filter(([, value]) => Number.isFinite(value));
  return `${counted(map.points, 'image')}${map.split ? ` of the ${map.split} split` : ''}${map.onto ? `, placed on the map of the ${map.onto} split` : ''}${map.layer ? `, layer ${map.layer}` : ''}${cut}` +
    known.map(([name, value]) => `; ${name} ${value.toPrecision(4).replace(/\.?0+$/, '')}`).join('') + '.';
}

function mapOption(byClass, state, content) {
  const [x0, x1, y0, y1] = state.zoom;
  const size = byClass.flat().length > 3000 ? 4 : 7;
  const bare = {type: 'value', min: -1500, max: 67035, show: false};
  return {
    grid: {left: 5, right: 5, top: 5, bottom: 5},
    tooltip: tooltip((point) => content(point.value[2]), {transitionDuration: 0}),
    dataZoom: [{type: 'inside', xAxisIndex: 0, filterMode: 'none', start: x0, end: x1}, {type: 'inside', yAxisIndex: 0, filterMode: 'none', start: y0, end: y1}],
    xAxis: bare, yAxis: bare,
    series: byClass.map((points, index) => ({
      name: String(digitOf(index)), type: 'scatter', symbolSize: size, progressive: 0, data: state.hidden.has(index) ? [] : points,
      itemStyle: {color: colour('d' + index), opacity: .65}, emphasis: {scale: 2, itemStyle: {opacity: 1}},
    })),
  };
}

function watch(made, state) {
  state.chart = made;
  made.on('datazoom', () => {
    const [x, y] = made.getOption().dataZoom;
    state.zoom = [x.start, x.end, y.start, y.end];
  });
}

function words(points, i) {
  const truth = `Digit ${digitOf(points.label[i])}`;
  if (!points.predicted || points.predicted[i] > 9) return truth;
  return points.predicted[i] === points.label[i] ? `${truth}, predicted correctly` : `${truth}, predicted ${digitOf(points.predicted[i])}`;
}

function tip(points, i, sprites) {
  const id = points.sprite ? points.sprite[i] : -1;
  return [id >= 0 ? sprites.picture(id, 96, words(points, i)) : null, words(points, i)];
}

function zoomTo(state, zoom) {
  const [x0, x1, y0, y1] = zoom;
  state.chart?.dispatchAction({type: 'dataZoom', batch: [{dataZoomIndex: 0, start: x0, end: x1}, {dataZoomIndex: 1, start: y0, end: y1}]});
  state.zoom = zoom;
}

/** The visible range of the axes, scaled about its centre and moved by fractions of its size. */
function changed([x0, x1, y0, y1], factor, right, up) {
  const side = (from, to, move) => {
    const width = Math.min(100, (to - from) * factor);
    const begin = (from + to) / 2 - width / 2 + move * width;
    const kept = Math.max(0, Math.min(100 - width, begin));
    return [kept, kept + width];
  };
  return [...side(x0, x1, right), ...side(y0, y1, up)];
}

const KEYS = {'+': [.7, 0, 0], '=': [.7, 0, 0], '-': [1 / .7, 0, 0], 0: [1e6, 0, 0], ArrowLeft: [1, -.2, 0], ArrowRight: [1, .2, 0], ArrowUp: [1, 0, .2], ArrowDown: [1, 0, -.2]};

function steer(event, state, tell) {
  if (event.key === 'Enter') tell();
  else if (KEYS[event.key]) zoomTo(state, changed(state.zoom, ...KEYS[event.key]));
  else return;
  event.preventDefault();
}

function zoomButtons(state) {
  const button = (text, label, key) => el('button', {type: 'button', 'aria-label': label, click: () => zoomTo(state, changed(state.zoom, ...KEYS[key]))}, text);
  return el('div', {class: 'bar'}, button('+', 'Zoom in', '+'), button('−', 'Zoom out', '-'), button('All', 'Show the whole map', '0'));
}

function filters(state, byClass) {
  const bar = el('div', {class: 'bar', role: 'group', 'aria-label': 'Digits shown'});
  const update = () => {
    [...bar.querySelectorAll('.digit')].forEach((button, i) => button.setAttribute('aria-pressed', String(!state.hidden.has(i))));
    state.chart?.setOption({series: byClass.map((points, i) => ({data: state.hidden.has(i) ? [] : points}))});
  };
  byClass.forEach((_, index) => {
    const dot = el('span', {class: 'dot'});
    dot.style.background = `var(--d${index})`;
    const toggle = () => {
      if (!state.hidden.delete(index)) state.hidden.add(index);
      update();
    };
    bar.append(el('button', {type: 'button', class: 'digit', 'aria-pressed': 'true', 'aria-label': `Digit ${digitOf(index)}`, click: toggle}, dot, String(digitOf(index))));
  });
  const all = () => { state.hidden.clear(); update(); };
  const none = () => { byClass.forEach((_, i) => state.hidden.add(i)); update(); };
  bar.append(el('button', {type: 'button', click: all}, 'All digits'), el('button', {type: 'button', click: none}, 'None'));
  return bar;
}

function nearest(points, state, sprites) {
  const middle = (from, to) => -1500 + ((from + to) / 200) * 68535;
  const [x, y] = [middle(state.zoom[0], state.zoom[1]), middle(state.zoom[2], state.zoom[3])];
  let best = -1, least = Infinity;
  points.x.forEach((px, i) => {
    const distance = (px - x) ** 2 + (points.y[i] - y) ** 2;
    if (!state.hidden.has(points.label[i]) && distance < least) [best, least] = [i, distance];
  });
  return best < 0 ? ['No digit is shown.'] : tip(points, best, sprites);
}

function digits(byClass) {
  const middle = (list, at) => (list.length ? [...list].sort((a, b) => a[at] - b[at])[list.length >> 1][at] / 65535 : NaN);
  const rows = byClass.map((list, index) => ({digit: digitOf(index), count: list.length, x: middle(list, 0), y: middle(list, 1)}));
  return el('details', {}, el('summary', {}, 'The map as a table'), table('Median place of each digit’s points, from 0 to 1 over the map', [
    {title: 'Digit', value: (row) => row.digit, show: (row) => String(row.digit)}, {title: 'Images', value: (row) => row.count, show: (row) => whole(row.count)},
    {title: 'across', value: (row) => row.x, show: (row) => fixed(row.x, 2)}, {title: 'up', value: (row) => row.y, show: (row) => fixed(row.y, 2)}], rows, {sortable: true}));
}
