// The evaluation of a model: scores, the confusion matrix with example images, calibration, misclassified images.
import {axis, chart, tooltip} from './charts.js';
import {colour, digitOf, el, fixed, missing, percent, whole} from './dom.js';
import {table} from './table.js';

export function evaluation(run, sprites) {
  const result = run.evaluation;
  const [low, high] = result.accuracy_interval_95;
  const text = `On the ${result.split} split, ${whole(result.images)} images: accuracy ${fixed(result.accuracy)} (95 % interval ${fixed(low)} to ${fixed(high)}), ` +
    `loss ${fixed(result.loss)}, right among the first two ${percent(result.top_2)}, among the first three ${percent(result.top_3)}, expected calibration error ${fixed(result.ece)}.`;
  return el('div', {}, el('p', {}, text), el('h3', {}, 'Confusion matrix'), matrix(run, sprites),
    el('div', {class: 'sides'}, perDigit(result), calibration(run)));
}

function matrix(run, sprites) {
  const counts = run.evaluation.confusion_matrix;
  const pictures = el('div', {'aria-live': 'polite', class: 'cell-pictures'},
    el('p', {class: 'soft'}, 'Choose a cell (click, or arrow keys and Enter) to see its images.'));
  const buttons = [];
  const choose = (t, p) => {
    buttons.flat().forEach((button) => button.setAttribute('aria-pressed', 'false'));
    buttons[t][p].setAttribute('aria-pressed', 'true');
    pictures.replaceChildren(...cellPictures(run, sprites, t, p));
  };
  const rows = counts.map((row, t) => {
    const total = Math.max(1, row.reduce((a, b) => a + b, 0));
    const line = row.map((count, p) => cellButton(count, count / total, t, p, choose));
    buttons.push(line);
    return el('tr', {}, el('th', {scope: 'row'}, String(digitOf(t))), ...line.map((button) => el('td', {}, button)));
  });
  buttons[0][0].tabIndex = 0;
  const heads = counts.map((_, p) => el('th', {scope: 'col'}, String(digitOf(p))));
  const commonest = run.evaluation.most_confused[0];
  if (commonest) choose((commonest.true + 9) % 10, (commonest.predicted + 9) % 10);
  const grid = el('table', {class: 'matrix', keydown: (event) => moveFocus(event, buttons)},
    el('caption', {}, 'Rows: true digit, columns: predicted digit; the shade is the share of the true digit’s images'),
    el('thead', {}, el('tr', {}, el('td'), ...heads)), el('tbody', {}, ...rows));
  return el('div', {class: 'sides'}, el('div', {class: 'scroll matrix-box'}, grid), pictures);
}

function cellButton(count, share, t, p, choose) {
  const label = `True ${digitOf(t)}, predicted ${digitOf(p)}: ${count} images, ${percent(share, 1)}`;
  const button = el('button', {type: 'button', 'aria-label': label, title: label, 'aria-pressed': 'false', 'data-cell': `${t},${p}`, click: () => choose(t, p)}, String(count));
  button.tabIndex = -1;
  // The shade is the square root of the share, so that small shares differ visibly from 0.
  button.style.background = `rgba(var(--cell), ${Math.sqrt(share).toFixed(3)})`;
  if (share > .35) button.style.color = 'var(--cell-strong)';
  return button;
}

const STEPS = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};

function moveFocus(event, buttons) {
  const step = STEPS[event.key];
  const at = event.target.dataset?.cell?.split(',').map(Number);
  if (!step || !at) return;
  event.preventDefault();
  const [t, p] = [0, 1].map((i) => Math.min(9, Math.max(0, at[i] + step[i])));
  event.target.tabIndex = -1;
  buttons[t][p].tabIndex = 0;
  buttons[t][p].focus();
}

function cellPictures(run, sprites, t, p) {
  const found = run.cells?.[`${t},${p}`] ?? [];
  const count = run.evaluation.confusion_matrix[t][p];
  const title = `${count} images of a ${digitOf(t)} taken for a ${digitOf(p)}` + (found.length && found.length < count ? `; the ${found.length} surest` : '');
  if (count > 0 && !found.length) return [el('p', {}, title), missing('Their pictures need the predictions and the data file:', run.missing.interpret)];
  const items = found.map(([id, probability]) => ({id, label: `A ${digitOf(t)} taken for a ${digitOf(p)} with ${percent(probability, 0)}`, lines: [`as ${digitOf(p)}`, percent(probability, 0)]}));
  return [el('p', {}, title), sprites.gallery(items, 64, title)];
}

function perDigit(result) {
  const score = (title, key) => ({title, value: (row) => row[key], show: (row) => fixed(row[key])});
  return table('Scores of each digit', [
    {title: 'Digit', value: (row) => row.digit, show: (row) => String(row.digit)}, score('Precision', 'precision'), score('Recall', 'recall'), score('F1', 'f1'),
    {title: 'Images', value: (row) => row.support, show: (row) => whole(row.support)}], result.per_class, {sortable: true});
}

function calibration(run) {
  if (!run.reliability) return el('div');
  const bins = run.reliability;
  const label = `Reliability diagram: expected calibration error ${fixed(run.evaluation.ece)}. ` +
    bins.map((bin) => `confidence ${fixed(bin.confidence, 2)}: right ${fixed(bin.accuracy, 2)} of ${bin.count}`).join('; ');
  return el('div', {}, el('p', {class: 'soft'}, 'Reliability: share of right predictions by confidence; the dashed line is a model that means what it says'),
    chart(label, () => reliabilityOption(bins), {kind: 'square'}));
}

function reliabilityOption(bins) {
  const line = {type: 'line', showSymbol: false, silent: true, data: [[0, 0], [1, 1]], lineStyle: {type: 'dashed', width: 1.5, color: colour('soft')}};
  return {
    grid: {left: 60, right: 20, top: 15, bottom: 55},
    tooltip: tooltip((point) => [el('div', {}, `Confidence ${fixed(point.value[0], 3)}`), el('div', {}, `right: ${fixed(point.value[1], 3)}`), el('div', {}, `${whole(point.value[2])} images`)]),
    xAxis: axis('Confidence', {type: 'value', min: 0, max: 1, nameGap: 28}),
    yAxis: axis('Share right', {type: 'value', min: 0, max: 1, nameGap: 40}),
    series: [line, {type: 'line', data: bins.map((bin) => [bin.confidence, bin.accuracy, bin.count]), symbolSize: 9, showAllSymbol: true, itemStyle: {color: colour('loss')}, lineStyle: {width: 2.5, color: colour('loss')}}],
  };
}

const SHOWN = 20;

export function mistakes(run, sprites) {
  const found = run.mistakes;
  const items = (list) => list.map((m) => ({
    id: m.sprite, label: `A ${m.true} taken for a ${m.predicted} with ${percent(m.probability, 0)}`,
    lines: [`${m.true} taken for ${m.predicted}`, percent(m.probability, 1), `loss ${fixed(m.loss, 2)}`]}));
  const part = (title, list) => (list.length ? [el('h4', {}, title), sprites.gallery(items(list.slice(0, SHOWN)), 80, title), rest(title, list)] : []);
  const rest = (title, list) => (list.length > SHOWN ? el('details', {}, el('summary', {}, `${list.length - SHOWN} more`), sprites.gallery(items(list.slice(SHOWN)), 80, `${title}, continued`)) : null);
  return el('div', {}, ...[part('Largest loss', found.worst), part(`The first with the true digit ${found.digit}`, found.first),
    part('Labels to doubt: the model is sure of another digit', found.suspected)].flat().filter(Boolean));
}
