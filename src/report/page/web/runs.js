// The table of all runs, with a filter when there are many.
import {day, fileName} from './about.js';
import {addressOf} from './address.js';
import {allRuns} from './curves.js';
import {counted, duration, el, fixed, syntheticBadge, whole} from './dom.js';
import {table} from './table.js';

const MANY = 12;

export const isMany = (runs) => runs.length > MANY;

function primaryScores(run) {
  const scores = run.results.find((result) => result.primary)?.evaluation;
  return scores?.split === 'test' ? scores : null;
}

/** The marks behind a run's name; the legend below the table explains them. */
function nameCell(run) {
  const marks = [run.problems.length ? ' ⚠' : null, run.stale > 0 ? ' *' : null];
  return el('span', {}, el('a', {href: addressOf(run)}, run.name), ...marks);
}

function dataCell(run) {
  return el('span', {title: run.training?.data}, fileName(run.training?.data) ?? '–', ' ', syntheticBadge(run.synthetic));
}

function columns() {
  const number = (title, value, text, help) => ({title, value, show: (run) => text(value(run) ?? NaN), help});
  return [
    {title: 'Run', text: true, value: (run) => run.name, show: nameCell},
    {title: 'Data', text: true, value: (run) => fileName(run.training?.data), show: dataCell},
    number('Training images', (run) => run.training?.images, whole),
    {title: 'Input', text: true, value: (run) => run.input, show: (run) => run.input || '–'},
    number('Parameters', (run) => run.parameters?.total, whole),
    number('Epochs', (run) => run.history?.loss.length, whole),
    number('Best val. accuracy', (run) => run.best_val_accuracy, fixed, 'Validation accuracy of the best epoch'),
    number('Test accuracy', (run) => primaryScores(run)?.accuracy, fixed, 'On the test split of the data that the run was trained on'),
    number('Calibration error', (run) => primaryScores(run)?.ece, fixed, 'Expected calibration error on the same images'),
    number('Time', (run) => run.seconds, duration), number('Images/s', (run) => run.images_per_second, whole),
    {title: 'Date', text: true, value: (run) => run.training?.date, show: (run) => el('span', {class: 'day'}, day(run.training?.date) ?? '–')}];
}

function legend(runs) {
  const lines = ['Test accuracy and calibration error are of each run’s main result: its best model on the test split of the data that it was trained on.',
    runs.some((run) => run.problems.length) && '⚠ A file of the run could not be read; the run tells which.',
    runs.some((run) => run.stale > 0) && '* There are results of earlier weights, which are not shown.'];
  return lines.filter(Boolean).map((text) => el('p', {class: 'soft'}, text));
}

/** Accuracies on different data stand in one table and one chart; that is told. */
function mixture(runs) {
  const data = new Set(runs.map((run) => run.training?.data_fingerprint ?? run.training?.data).filter(Boolean));
  const sizes = new Set(runs.map((run) => run.training?.images).filter(Boolean));
  if (Math.max(data.size, sizes.size) < 2) return null;
  return el('p', {class: 'note'}, 'These runs were trained on different data, so their accuracies do not compare directly.');
}

function filter(runs, box) {
  const told = el('span', {class: 'soft', 'aria-live': 'polite'}, counted(runs.length, 'run'));
  const text = (run) => [run.name, run.input, fileName(run.training?.data), run.synthetic ? 'synthetic digits' : ''].join(' ').toLowerCase();
  const field = el('input', {type: 'search', id: 'filter', placeholder: 'name, input or data', input: () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const test = (run) => words.every((word) => text(run).includes(word));
    box.keep(test);
    told.textContent = `${whole(runs.filter(test).length)} of ${counted(runs.length, 'run')}`;
  }});
  return el('div', {class: 'bar filter'}, el('label', {for: 'filter'}, 'Filter runs'), field, told);
}

/** @param opened returns the run that is open now. */
export function overview(runs, opened) {
  const many = isMany(runs);
  const box = table('Choose a run to see it below. The headings sort.', columns(), runs, {
    sortable: true, wide: true, stacked: true, tall: many, row: (run) => ({'data-run': run.slug, 'aria-current': String(run === opened())})});
  const curves = runs.filter((run) => run.history).length > 1 ? allRuns(runs) : [];
  return el('section', {id: 'runs', 'aria-label': 'Runs'}, el('h2', {}, 'Runs'), many ? filter(runs, box) : '', box, mixture(runs) ?? '', ...legend(runs), ...curves);
}

