// Searches, comparisons of backbones and the assignment's questions.
import {axis, chart, legend, tooltip} from './charts.js';
import {colour, duration, el, fixed, whole} from './dom.js';
import {table} from './table.js';

export function tuning(search) {
  const trials = search.trials;
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.values)))];
  const columns = [{title: 'Trial', value: (t) => t.id, show: (t) => String(t.id)}];
  if (trials.some((trial) => trial.label)) columns.push({title: 'What', text: true, value: (t) => t.label, show: (t) => t.label});
  else for (const name of names) columns.push({title: name, text: true, value: (t) => t.values[name] ?? '', show: (t) => t.values[name] ?? '–'});
  columns.push({title: search.objective, value: (t) => t.score, show: (t) => fixed(t.score ?? NaN)},
    {title: 'Epochs', value: (t) => t.epochs, show: (t) => whole(t.epochs)}, {title: 'Time', value: (t) => t.seconds, show: (t) => duration(t.seconds)},
    {title: 'Status', text: true, value: (t) => t.status, show: (t) => t.status + (t.error ? `: ${t.error}` : '')});
  const best = search.best === null ? 'No trial was completed.' : `Best: trial ${search.best} with ${search.objective} ${fixed(search.best_score ?? NaN)}.`;
  return el('section', {'aria-label': `Search ${search.name}`}, el('h2', {}, `Search ${search.name}`),
    el('p', {}, `${whole(search.total)} trials, ${search.search} search${search.total > trials.length ? `, the first ${whole(trials.length)} shown` : ''}. ${best}`), trials.length ? course(search) : '', table('Trials', columns, trials, {sortable: true}));
}

function course(search) {
  let record = null;
  const better = (score) => record === null || (search.maximize ? score > record : score < record);
  const best = search.trials.map((trial) => {
    if (trial.status === 'completed' && trial.score !== null && better(trial.score)) record = trial.score;
    return [trial.id, record];
  });
  return chart(`Score of each trial of ${search.name}; the numbers are in the table below.`, () => ({
    grid: {left: 65, right: 20, top: 15, bottom: 80}, legend: legend({itemStyle: {}}),
    tooltip: tooltip((point) => [el('b', {}, `Trial ${point.value[0]}`), el('div', {}, `${search.objective} ${fixed(point.value[1])}`)]),
    xAxis: axis('Trial', {type: 'value', minInterval: 1, nameGap: 28, min: 0.5, max: search.trials.length + .5, axisLabel: {color: colour('soft'), formatter: (v) => (Number.isInteger(v) ? String(v) : '')}}),
    yAxis: axis(search.objective, {type: 'value', scale: true, nameGap: 46}),
    series: [{name: 'score', type: 'scatter', symbolSize: 10, data: search.trials.map((t) => [t.id, t.score]), itemStyle: {color: colour('loss')}},
      {name: 'best so far', type: 'line', step: 'end', showSymbol: false, data: best, lineStyle: {color: colour('accuracy'), width: 2.5}, itemStyle: {color: colour('accuracy')}}],
  }));
}

export function comparison(result) {
  const rows = result.backbones;
  const score = (key) => (row) => row[key]?.val_accuracy ?? null;
  const columns = [{title: 'Backbone', text: true, value: (r) => r.name, show: (r) => r.name}, {title: 'Weights', text: true, value: (r) => r.weights, show: (r) => r.weights},
    {title: 'Parameters', value: (r) => r.parameters, show: (r) => whole(r.parameters)}, {title: 'Features', show: (r) => r.feature_shape.join(' × ') || '–', value: (r) => r.feature_shape.reduce((a, b) => a * b, 1)}];
  for (const [key, title] of [['frozen', 'Frozen'], ['unfrozen', 'Unfrozen']]) {
    columns.push({title, value: score(key), show: (r) => fixed(score(key)(r) ?? NaN)}, {title: 'Time', value: (r) => r[key]?.seconds ?? null, show: (r) => duration(r[key]?.seconds)});
  }
  columns.push({title: 'ms an image', value: (r) => r.milliseconds_per_image, show: (r) => fixed(r.milliseconds_per_image ?? NaN, 2)},
    {title: 'Problem', text: true, value: (r) => r.error ?? '', show: (r) => r.error ?? ''});
  return el('section', {'aria-label': `Comparison ${result.name}`}, el('h2', {}, `Backbones: ${result.name}`),
    rows.length ? bars(result) : '', table('Validation accuracy of a head on each backbone', columns, rows, {sortable: true}));
}

function bars(result) {
  const rows = [...result.backbones].reverse();
  const series = (name, key, paint) => ({name, type: 'bar', data: rows.map((row) => row[key]?.val_accuracy ?? null), itemStyle: {color: colour(paint)}});
  const node = chart('Validation accuracy of each backbone; the numbers are in the table below.', () => ({
    grid: {left: 130, right: 30, top: 10, bottom: 80}, legend: legend({itemStyle: {}}),
    tooltip: tooltip((points) => [el('b', {}, points[0].axisValue), ...points.map((p) => el('div', {}, `${p.seriesName}: ${fixed(p.value ?? NaN)}`))], {trigger: 'axis', axisPointer: {type: 'shadow'}}),
    xAxis: axis('Best validation accuracy', {type: 'value', min: 0, nameGap: 28}), yAxis: axis('', {type: 'category', data: rows.map((row) => row.name), axisLabel: {color: colour('text'), width: 115, overflow: 'truncate'}}),
    series: [series('frozen', 'frozen', 'loss'), series('last layers trained too', 'unfrozen', 'second')],
  }));
  node.style.height = `${Math.max(14, 8 + rows.length * 2.6)}rem`;
  return node;
}

export function questions(list) {
  const parts = list.flatMap((question) => [
    el('h3', {}, `${question.title}`),
    table('The assignment’s number beside ours', [{title: 'Figure', text: true, show: (row) => row.name}, {title: 'Assignment', show: (row) => row.theirs}, {title: 'Here', show: (row) => row.ours}], question.figures),
    el('p', {class: 'finding'}, question.finding)]);
  return el('section', {id: 'questions', 'aria-label': 'The assignment’s questions'}, el('h2', {}, 'The assignment’s questions'), ...parts);
}
