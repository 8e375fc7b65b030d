// Learning curves: validation solid, training dotted, loss blue, accuracy red.
import {axis, chart, legend, tooltip} from './charts.js';
import {colour, counted, el, fixed, SYNTHETIC} from './dom.js';
import {table} from './table.js';

const CURVES = [
  ['val_loss', 'validation loss', 'loss', 'solid', 0], ['loss', 'training loss', 'loss', 'dotted', 0],
  ['val_accuracy', 'validation accuracy', 'accuracy', 'solid', 1], ['accuracy', 'training accuracy', 'accuracy', 'dotted', 1],
];

export function curves(run) {
  const history = run.history;
  const epochs = history.loss.map((_, i) => i + 1);
  const label = `Learning curves of ${run.name}: ${counted(epochs.length, 'epoch')}, best validation accuracy ${fixed(run.best_val_accuracy)} in epoch ${run.best_epoch}. The numbers are in the table below.`;
  return el('div', {}, chart(label, () => curvesOption(history, epochs), {synthetic: run.synthetic}), numbers(history, epochs), ranges(run));
}

function curvesOption(history, epochs) {
  return {
    grid: {left: 60, right: 60, top: 30, bottom: 80},
    legend: legend(),
    tooltip: tooltip(curveTip, {trigger: 'axis'}),
    dataZoom: [{type: 'inside', filterMode: 'none', zoomOnMouseWheel: 'ctrl'}],
    xAxis: axis('Epoch', {type: 'category', data: epochs, nameGap: 28, splitLine: {show: false}}),
    yAxis: [axis('Loss', {type: 'value', nameGap: 42, min: 0, nameTextStyle: {color: colour('loss')}}),
      axis('Accuracy', {type: 'value', nameGap: 42, scale: true, splitLine: {show: false}, nameTextStyle: {color: colour('accuracy')}})],
    series: CURVES.map(([key, name, paint, dash, yAxisIndex]) => ({
      name, type: 'line', yAxisIndex, data: history[key], symbolSize: epochs.length === 1 ? 10 : 5, showSymbol: epochs.length < 3,
      itemStyle: {color: colour(paint)}, lineStyle: {type: dash, width: 2.5, color: colour(paint)},
    })),
  };
}

function curveTip(points) {
  const lines = points.map((point) => el('div', {}, `${point.seriesName}: `, el('b', {}, fixed(point.value))));
  return [el('b', {}, `Epoch ${points[0].axisValue}`), ...lines];
}

function numbers(history, epochs) {
  const columns = [{title: 'Epoch', value: (i) => i, show: (i) => String(i)}];
  for (const key of ['loss', 'accuracy', 'val_loss', 'val_accuracy', 'learning_rate', 'seconds']) {
    if (!history[key]?.length) continue;
    const digits = key === 'seconds' ? 1 : key === 'learning_rate' ? 6 : 4;
    columns.push({title: key, value: (i) => history[key][i - 1], show: (i) => fixed(history[key][i - 1], digits)});
  }
  return el('details', {}, el('summary', {}, 'All epochs as a table'), table('One row per epoch', columns, epochs, {sortable: true, wide: true}));
}

function ranges(run) {
  const column = (title, key, digits = 6) => ({title, show: (row) => (digits ? fixed(row[key], digits) : String(row[key]))});
  return table('Smallest and largest value of each curve', [
    {title: 'Curve', text: true, show: (row) => row.name}, column('min', 'min'), column('epoch', 'min_epoch', 0),
    column('max', 'max'), column('epoch', 'max_epoch', 0)], run.ranges);
}

const MOST_CURVES = 12;

/** The validation accuracy of every run in one chart; of many, that of the best. */
export function allRuns(runs) {
  const known = runs.filter((run) => run.history);
  const shown = [...known].sort((a, b) => b.best_val_accuracy - a.best_val_accuracy).slice(0, MOST_CURVES);
  const title = shown.length < known.length ? `Validation accuracy of the ${shown.length} best of ${known.length} runs` : 'Validation accuracy of all runs';
  const synthetic = shown.every((run) => run.synthetic);
  const name = (run) => run.name + (run.synthetic && !synthetic ? ` (${SYNTHETIC})` : '');
  return [el('h3', {}, title), chart(`${title} by epoch; the best values are in the table of runs.`, () => allRunsOption(shown, name), {synthetic})];
}

const PAINTS = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377', '#999999'];

function allRunsOption(shown, name) {
  const most = Math.max(...shown.map((run) => run.history.loss.length));
  return {
    grid: {left: 60, right: 30, top: 30, bottom: 90},
    legend: legend({type: 'scroll', pageTextStyle: {color: colour('text')}}),
    tooltip: tooltip((points) => [el('b', {}, `Epoch ${points[0].axisValue}`),
      ...points.map((p) => el('div', {}, `${p.seriesName}: `, el('b', {}, fixed(p.value))))], {trigger: 'axis', order: 'valueDesc'}),
    xAxis: axis('Epoch', {type: 'category', data: Array.from({length: most}, (_, i) => i + 1), nameGap: 28, splitLine: {show: false}}),
    yAxis: axis('Validation accuracy', {type: 'value', scale: true, nameGap: 42}),
    series: shown.map((run, i) => ({
      name: name(run), type: 'line', data: run.history.val_accuracy, showSymbol: run.history.loss.length < 2,
      itemStyle: {color: PAINTS[i % PAINTS.length]}, lineStyle: {width: 2.5, type: ['solid', 'dashed', 'dotted'][Math.floor(i / PAINTS.length) % 3]},
    })),
  };
}
