// The evaluation of a model: scores, the confusion matrix with example images, calibration, misclassified images.
import {axis, chart, tooltip} from './charts.js';
import {colour, counted, digitOf, el, fixed, missing, percent, whole} from './dom.js';
import {table} from './table.js';

const pair = (truth, predicted) => `true ${truth}, predicted ${predicted}`;

export function evaluation(result, sprites) {
  const scores = result.evaluation;
  const [low, high] = scores.accuracy_interval_95;
  const text = `${percent(scores.accuracy)} of ${counted(scores.images, 'image')} of the ${scores.split} split are right: accuracy ${fixed(scores.accuracy)} ` +
    `(95 % interval ${fixed(low)} to ${fixed(high)}), loss ${fixed(scores.loss)}. The true digit is among the two most probable for ${percent(scores.top_2)}, ` +
    `among the three most probable for ${percent(scores.top_3)}. Expected calibration error: ${fixed(scores.ece)}${scores.brier_score == null ? '' : `, Brier score ${fixed(scores.brier_score)}`}.`;
  return el('div', {}, el('p', {}, text), el('h4', {}, 'Confusion matrix'), matrix(result, sprites),
    el('div', {class: 'sides'}, perDigit(scores), calibration(result)), coverage(result));
}

function matrix(result, sprites) {
  const counts = result.evaluation.confusion_matrix;
  const pictures = el('div', {'aria-live': 'polite', class: 'cell-pictures'},
    el('p', {class: 'soft'}, 'Choose a cell (click, or arrow keys and Enter) to see its images.'));
  const buttons = [];
  const choose = (t, p) => {
    buttons.flat().forEach((button) => button.setAttribute('aria-pressed', 'false'));
    buttons[t][p].setAttribute('aria-pressed', 'true');
    pictures.replaceChildren(...cellPictures(result, sprites, t, p));
  };
  const rows = counts.map((row, t) => {
    const total = Math.max(1, row.reduce((a, b) => a + b, 0));
    const line = row.map((count, p) => cellButton(count, count / total, t, p, choose));
    buttons.push(line);
    return el('tr', {}, el('th', {scope: 'row'}, String(digitOf(t))), ...line.map((button) => el('td', {}, button)));
  });
  buttons[0][0].tabIndex = 0;
  const heads = counts.map((_, p) => el('th', {scope: 'col'}, String(digitOf(p))));
  const commonest = result.evaluation.most_confused[0];
  if (commonest) choose((commonest.true + 9) % 10, (commonest.predicted + 9) % 10);
  const grid = el('table', {class: 'matrix', keydown: (event) => moveFocus(event, buttons)},
    el('caption', {}, 'Rows: true digit, columns: predicted digit. The shade grows with the square root of the share of the true digit’s images.'),
    el('thead', {}, el('tr', {}, el('td'), ...heads)), el('tbody', {}, ...rows));
  return el('div', {class: 'sides'}, el('div', {class: 'scroll matrix-box'}, grid), pictures);
}

function cellButton(count, share, t, p, choose) {
  const label = `True ${digitOf(t)}, predicted ${digitOf(p)}: ${counted(count, 'image')}, ${percent(share, 1)}`;
  const button = el('button', {type: 'button', 'aria-label': label, title: label, 'aria-pressed': 'false', 'data-cell': `${t},${p}`, click: () => choose(t, p)}, String(count));
  button.tabIndex = -1;
  // The square root makes small shares differ visibly from 0.
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

function cellPictures(result, sprites, t, p) {
  const found = result.cells?.[`${t},${p}`] ?? [];
  const count = result.evaluation.confusion_matrix[t][p];
  const words = pair(digitOf(t), digitOf(p));
  const title = `${counted(count, 'image')}: ${words}` + (t === p ? ' (right)' : '') + (found.length && found.length < count ? `; the ${found.length} most confident are shown` : '');
  if (count > 0 && !found.length) return [el('p', {}, title), missing('Their pictures need the predictions and the data file:', result.missing.cells)];
  const items = found.map(([id, probability]) => ({id, label: `${words}, ${percent(probability, 0)} confident`, lines: [percent(probability, 0)]}));
  return [el('p', {}, title + (found.length ? '. Below each: the model’s confidence.' : '')), sprites.gallery(items, 64, title)];
}

function perDigit(scores) {
  const score = (title, key) => ({title, value: (row) => row[key], show: (row) => fixed(row[key])});
  return table('Scores of each digit', [
    {title: 'Digit', value: (row) => row.digit, show: (row) => String(row.digit)}, score('Precision', 'precision'), score('Recall', 'recall'), score('F1', 'f1'),
    {title: 'Images', value: (row) => row.support, show: (row) => whole(row.support)}], scores.per_class, {sortable: true});
}

function calibration(result) {
  if (!result.reliability) return el('div');
  const bins = result.reliability;
  const label = `Reliability diagram: expected calibration error ${fixed(result.evaluation.ece)}. ` +
    bins.map((bin) => `confidence ${fixed(bin.confidence, 2)}: ${fixed(bin.accuracy, 2)} right of ${counted(bin.count, 'image')}`).join('; ');
  return el('div', {}, el('p', {class: 'soft'}, 'Reliability: the share of right predictions by confidence. Dashed: perfectly calibrated.'),
    chart(label, () => reliabilityOption(bins), {kind: 'square', synthetic: result.data.synthetic}));
}

function reliabilityOption(bins) {
  const line = {type: 'line', showSymbol: false, silent: true, data: [[0, 0], [1, 1]], lineStyle: {type: 'dashed', width: 1.5, color: colour('soft')}};
  return {
    grid: {left: 60, right: 20, top: 25, bottom: 55},
    tooltip: tooltip((point) => [el('div', {}, `Confidence ${fixed(point.value[0], 3)}`), el('div', {}, `Right: ${fixed(point.value[1], 3)}`), el('div', {}, counted(point.value[2], 'image'))]),
    xAxis: axis('Confidence', {type: 'value', min: 0, max: 1, nameGap: 28}),
    yAxis: axis('Share right', {type: 'value', min: 0, max: 1, nameGap: 40}),
    series: [line, {type: 'line', data: bins.map((bin) => [bin.confidence, bin.accuracy, bin.count]), symbolSize: 9, showAllSymbol: true, itemStyle: {color: colour('loss')}, lineStyle: {width: 2.5, color: colour('loss')}}],
  };
}

function coverage(result) {
  const {coverage_curve: points, aurc} = result.evaluation;
  if (!points) return el('div');
  const told = points.filter((_, i) => i % 10 === 9 || i === points.length - 1);
  const label = `Accuracy by coverage, area under the risk-coverage curve ${fixed(aurc)}. ` +
    told.map((point) => `${percent(point.coverage, 0)} answered: ${fixed(point.accuracy)} right`).join('; ');
  return el('div', {}, el('p', {class: 'soft'}, `Coverage: the share of right answers where only the surest images are answered. Area under the risk-coverage curve: ${fixed(aurc)}.`),
    chart(label, () => coverageOption(points), {kind: 'square', synthetic: result.data.synthetic}));
}

function coverageOption(points) {
  const lowest = Math.min(...points.map((point) => point.accuracy));
  return {
    grid: {left: 60, right: 20, top: 25, bottom: 55},
    tooltip: tooltip(([point]) => [el('div', {}, `${percent(point.value[0], 1)} answered`), el('div', {}, `Right: ${fixed(point.value[1])}`), el('div', {}, `Probability at least ${fixed(point.value[2])}`)], {trigger: 'axis'}),
    xAxis: axis('Coverage', {type: 'value', min: 0, max: 1, nameGap: 28}),
    yAxis: axis('Share right', {type: 'value', min: Math.max(0, (Math.ceil(lowest * 20) - 1) / 20), max: 1, nameGap: 40}),
    series: [{type: 'line', data: points.map((point) => [point.coverage, point.accuracy, point.threshold]), showSymbol: false, itemStyle: {color: colour('loss')}, lineStyle: {width: 2.5, color: colour('loss')}}],
  };
}

const SHOWN = 20;

/** Pictures of misclassified images, the words below each. */
export function mistakeGallery(list, sprites, title, lines) {
  const items = list.map((m) => ({id: m.sprite, label: `${pair(m.true, m.predicted)}, ${percent(m.probability, 0)} confident`, lines: lines(m)}));
  return sprites.gallery(items, 80, title);
}

const mistakeLines = (m) => [`true ${m.true}`, `predicted ${m.predicted}`, percent(m.probability, 1), `loss ${fixed(m.loss, 2)}`];
const suspectLines = (m) => [`Model says ${m.predicted}`, `label ${m.true}`, percent(m.probability, 1)];

export const firstTitle = (found) => `The first misclassified images of a ${found.digit}`;

const FIRST = 10;

/** The first misclassified images of the digit that was asked for. */
export function firstMistakes(result, sprites) {
  const found = result.mistakes;
  if (!found.first.length) return el('p', {class: 'soft'}, `No image of a ${found.digit} is misclassified.`);
  return mistakeGallery(found.first.slice(0, FIRST), sprites, firstTitle(found), (m) => [`Predicted: ${m.predicted}`, `Actual: ${m.true}`]);
}

export function mistakes(result, sprites) {
  const found = result.mistakes;
  const rest = (title, list, lines) => (list.length > SHOWN ? el('details', {}, el('summary', {}, `${whole(list.length - SHOWN)} more`), mistakeGallery(list.slice(SHOWN), sprites, `${title}, continued`, lines)) : null);
  const part = (title, note, list, lines) => (list.length ? [el('h4', {}, title), note && el('p', {class: 'soft'}, note), mistakeGallery(list.slice(0, SHOWN), sprites, title, lines), rest(title, list, lines)] : []);
  const parts = [part('Largest loss', 'Percentages: the model’s confidence in its answer.', found.worst, mistakeLines), found.first.length ? [el('h4', {}, firstTitle(found)), firstMistakes(result, sprites)] : [],
    part('Possible label errors', 'The model is confident of another digit than the label says.', found.suspected, suspectLines)].flat().filter(Boolean);
  return el('div', {}, ...(parts.length ? parts : [el('p', {}, 'There is no misclassified image.')]));
}
