// Learning curves: validation solid, training dotted, loss blue, accuracy red.
import {axis, chart, legend, tooltip} from './charts.js';
import {colour, el, fixed} from './dom.js';
import {table} from './table.js';

const CURVES = [
  ['val_loss', 'validation loss', 'loss', 'solid', 0], ['loss', 'training loss', 'loss', 'dotted', 0],
  ['val_accuracy', 'validation accuracy', 'accuracy', 'solid', 1], ['accuracy', 'training accuracy', 'accuracy', 'dotted', 1],
];

export function curves(run) {
  const history = run.history;
  const epochs = history.loss.map((_, i) => i + 1);
  const label = `Learning curves of ${run.name}: ${epochs.length} epochs, best validation accuracy ${fixed(run.best_val_accuracy)} in epoch ${run.best_epoch}. The numbers are in the table below.`;
  return el('div', {}, chart(label, () => curvesOption(history, epochs)), numbers(history, epochs), ranges(run));
}

function curvesOption(history, epochs) {
  return {
    grid: {left: 60, right: 60, top: 20, bottom: 80},
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
  return el('details', {}, el('summary', {}, 'All epochs as a table'), table('One line an epoch', columns, epochs, {sortable: true}));
}

function ranges(run) {
  const column = (title, key, digits = 6) => ({title, show: (row) => (digits ? fixed(row[key], digits) : String(row[key]))});
  return table('Smallest and largest value of each curve', [
    {title: 'Curve', text: true, show: (row) => row.name}, column('min', 'min'), column('epoch', 'min_epoch', 0),
    column('max', 'max'), column('epoch', 'max_epoch', 0)], run.ranges);
}

/** The validation accuracy of every run in one chart. */
export function allRuns(runs) {
  const shown = runs.filter((run) => run.history);
  const most = Math.max(...shown.map((run) => run.history.loss.length));
  const label = 'Validation accuracy of all runs by epoch; the best values are in the table of runs.';
  const paints = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377', '#999999'];
  return chart(label, () => ({
    grid: {left: 60, right: 30, top: 20, bottom: 90},
    legend: legend({type: 'scroll', pageTextStyle: {color: colour('text')}}),
    tooltip: tooltip((points) => [el('b', {}, `Epoch ${points[0].axisValue}`),
      ...points.map((p) => el('div', {}, `${p.seriesName}: `, el('b', {}, fixed(p.value))))], {trigger: 'axis', order: 'valueDesc'}),
    xAxis: axis('Epoch', {type: 'category', data: Array.from({length: most}, (_, i) => i + 1), nameGap: 28, splitLine: {show: false}}),
    yAxis: axis('Validation accuracy', {type: 'value', scale: true, nameGap: 42}),
    series: shown.map((run, i) => ({
      name: run.name, type: 'line', data: run.history.val_accuracy, showSymbol: run.history.loss.length < 2,
      itemStyle: {color: paints[i % paints.length]}, lineStyle: {width: 2.5, type: ['solid', 'dashed', 'dotted'][Math.floor(i / paints.length) % 3]},
    })),
  }));
}
