// Searches and comparisons of backbones.
import {axis, chart, legend, tooltip} from './charts.js';
import {colour, counted, duration, el, fixed, fold, whole} from './dom.js';
import {table} from './table.js';

// The program writes it into the names.
const isSynthetic = (name) => name.endsWith('(synthetic digits)');

/** @param open whether it is unfolded. */
export function tuning(search, open) {
  const trials = search.trials;
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.values)))];
  const columns = [{title: 'Trial', value: (t) => t.id, show: (t) => String(t.id)}];
  if (trials.some((trial) => trial.label)) columns.push({title: 'What', text: true, value: (t) => t.label, show: (t) => t.label});
  else for (const name of names) columns.push({title: name, text: true, value: (t) => t.values[name] ?? '', show: (t) => t.values[name] ?? '–'});
  columns.push({title: search.objective, value: (t) => t.score, show: (t) => fixed(t.score ?? NaN)},
    {title: 'Epochs', value: (t) => t.epochs, show: (t) => whole(t.epochs)}, {title: 'Time', value: (t) => t.seconds, show: (t) => duration(t.seconds)},
    {title: 'Status', text: true, value: (t) => t.status, show: (t) => t.status + (t.error ? `: ${t.error}` : '')});
  const best = search.best === null ? 'No trial was completed.' : `Best: trial ${search.best} with ${search.objective} ${fixed(search.best_score ?? NaN)}.`;
  const cut = search.total > trials.length ? `, the first ${whole(trials.length)} are shown` : '';
  return el('section', {'aria-label': `Search ${search.name}`}, fold(2, `Search ${search.name}`, open,
    el('p', {}, `${counted(search.total, 'trial')}, ${search.search} search${cut}. ${best}`), trials.length ? course(search) : '',
    table('Trials', columns, trials, {sortable: true, wide: true, tall: trials.length > 20})));
}

function course(search) {
  let record = null;
  const better = (score) => record === null || (search.maximize ? score > record : score < record);
  const best = search.trials.map((trial) => {
    if (trial.status === 'completed' && trial.score !== null && better(trial.score)) record = trial.score;
    return [trial.id, record];
  });
  return chart(`Score of each trial of ${search.name}; the numbers are in the table below.`, () => ({
    grid: {left: 65, right: 20, top: 25, bottom: 80}, legend: legend({itemStyle: {}}),
    tooltip: tooltip((point) => [el('b', {}, `Trial ${point.value[0]}`), el('div', {}, `${search.objective} ${fixed(point.value[1])}`)]),
    xAxis: axis('Trial', {type: 'value', minInterval: 1, nameGap: 28, min: 0.5, max: search.trials.length + .5, axisLabel: {color: colour('soft'), formatter: (v) => (Number.isInteger(v) ? String(v) : '')}}),
    yAxis: axis(search.objective, {type: 'value', scale: true, nameGap: 46}),
    series: [{name: 'score', type: 'scatter', symbolSize: 10, data: search.trials.map((t) => [t.id, t.score]), itemStyle: {color: colour('loss')}},
      {name: 'best so far', type: 'line', step: 'end', showSymbol: false, data: best, lineStyle: {color: colour('accuracy'), width: 2.5}, itemStyle: {color: colour('accuracy')}}],
  }), {synthetic: isSynthetic(search.name)});
}

/** @param open whether it is unfolded. */
export function comparison(result, open) {
  const rows = result.backbones;
  const score = (key) => (row) => row[key]?.val_accuracy ?? null;
  const columns = [{title: 'Backbone', text: true, value: (r) => r.name, show: (r) => r.name}, {title: 'Weights', text: true, value: (r) => r.weights, show: (r) => r.weights},
    {title: 'Parameters', value: (r) => r.parameters, show: (r) => whole(r.parameters)}, {title: 'Features', show: (r) => r.feature_shape.join(' × ') || '–', value: (r) => r.feature_shape.reduce((a, b) => a * b, 1)}];
  for (const [key, title] of [['frozen', 'Frozen'], ['unfrozen', 'Unfrozen']]) {
    columns.push({title, value: score(key), show: (r) => fixed(score(key)(r) ?? NaN)}, {title: 'Time', value: (r) => r[key]?.seconds ?? null, show: (r) => duration(r[key]?.seconds)});
  }
  columns.push({title: 'ms per image', value: (r) => r.milliseconds_per_image, show: (r) => fixed(r.milliseconds_per_image ?? NaN, 2)},
    {title: 'Problem', text: true, value: (r) => r.error ?? '', show: (r) => r.error ?? ''});
  return el('section', {'aria-label': `Comparison ${result.name}`}, fold(2, `Backbones: ${result.name}`, open,
    rows.length ? bars(result) : '', table('Validation accuracy of a head on each backbone', columns, rows, {sortable: true, wide: true})));
}

function bars(result) {
  const rows = [...result.backbones].reverse();
  const series = (name, key, paint) => ({name, type: 'bar', data: rows.map((row) => row[key]?.val_accuracy ?? null), itemStyle: {color: colour(paint)}});
  return chart('Validation accuracy of each backbone; the numbers are in the table below.', () => ({
    grid: {left: 130, right: 30, top: 20, bottom: 80}, legend: legend({itemStyle: {}}),
    tooltip: tooltip((points) => [el('b', {}, points[0].axisValue), ...points.map((p) => el('div', {}, `${p.seriesName}: ${fixed(p.value ?? NaN)}`))], {trigger: 'axis', axisPointer: {type: 'shadow'}}),
    xAxis: axis('Best validation accuracy', {type: 'value', min: 0, nameGap: 28}), yAxis: axis('', {type: 'category', data: rows.map((row) => row.name), axisLabel: {color: colour('text'), width: 115, overflow: 'truncate'}}),
    series: [series('frozen', 'frozen', 'loss'), series('last layers trained too', 'unfrozen', 'second')],
  }), {synthetic: isSynthetic(result.name), height: Math.max(14, 8 + rows.length * 2.6)});
}
