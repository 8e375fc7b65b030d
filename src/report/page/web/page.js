// The page: its sections, their order, and the theme.
import {activations} from './activations.js';
import {redrawAll} from './charts.js';
import {allRuns, curves} from './curves.js';
import {duration, el, fixed, missing, whole} from './dom.js';
import {evaluation, mistakes} from './evaluation.js';
import {tsne} from './map.js';
import {comparison, questions, tuning} from './results.js';
import {Sprites} from './sprites.js';
import {table} from './table.js';

const data = JSON.parse(document.getElementById('data').textContent);
const sprites = new Sprites(data.sheets);
// A run shows its primary result.
for (const run of data.runs) {
  const result = run.results.find((one) => one.primary) ?? {};
  for (const part of ['evaluation', 'cells', 'reliability', 'mistakes', 'activations', 'tsne']) run[part] = result[part] ?? null;
}

function runsTable(show) {
  const number = (title, value, text, help) => ({title, value, show: (run) => text(value(run) ?? NaN), help});
  const open = (run) => el('a', {href: `#${anchor(run)}`, click: (event) => { event.preventDefault(); show(run, true); }}, run.name);
  return table('Choose a run to see it below; headings sort.', [
    {title: 'Run', text: true, value: (run) => run.name, show: (run) => el('span', {}, open(run), run.problems.length ? ' ⚠' : '')},
    {title: 'Input', text: true, value: (run) => run.input, show: (run) => run.input},
    number('Parameters', (run) => run.parameters?.total, whole),
    number('Epochs', (run) => run.history?.loss.length, whole),
    number('Best val. accuracy', (run) => run.best_val_accuracy, fixed, 'Of the best epoch'),
    number('Test accuracy', (run) => (run.evaluation?.split === 'test' ? run.evaluation.accuracy : null), fixed, 'Of the weights that were interpreted'),
    number('Calibration error', (run) => run.evaluation?.ece, fixed),
    number('Time', (run) => run.seconds, duration), number('Images/s', (run) => run.images_per_second, whole)],
  data.runs, {sortable: true, wide: true, row: (run) => ({'data-run': String(run.id)})});
}

const anchor = (run) => `run-${run.slug}`;

function part(title, made, otherwise) {
  return [el('h3', {}, title), made ?? otherwise];
}

function runView(run) {
  const facts = el('dl', {class: 'facts'}, ...run.facts.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, text)]));
  const need = run.missing;
  const problems = run.problems.length ? el('ul', {class: 'problems'}, ...run.problems.map((text) => el('li', {}, text))) : null;
  return [
    el('h2', {tabindex: '-1'}, run.name + (run.synthetic ? ' (synthetic digits)' : '')), facts, problems,
    ...part('Learning curves', run.history && curves(run), missing('There are no curves yet:', need.train)),
    ...part('Evaluation', run.evaluation && evaluation(run, sprites), missing('Not evaluated yet:', need.interpret)),
    ...part('Worst mistakes', run.mistakes && mistakes(run, sprites), missing('Not looked for yet:', need.mistakes)),
    ...part('Activations', run.activations && activations(run, sprites), missing('Not written yet:', need.activations)),
    ...part('Map of the images', run.tsne && tsne(run, sprites), missing('There is no map yet:', need.tsne)),
  ].filter(Boolean);
}

function runs() {
  const view = el('section', {id: 'run', 'aria-label': 'One run'});
  const show = (run, move) => {
    view.replaceChildren(...runView(run));
    document.querySelectorAll('[data-run]').forEach((row) => row.setAttribute('aria-current', String(row.dataset.run === String(run.id))));
    redrawAll();
    if (!move) return;
    try { history.replaceState(null, '', `#${anchor(run)}`); } catch { /* some browsers refuse it for files */ }
    view.scrollIntoView();
    view.querySelector('h2').focus({preventScroll: true});
  };
  const overview = el('section', {id: 'runs', 'aria-label': 'Runs'}, el('h2', {}, 'Runs'), runsTable(show));
  if (data.runs.filter((run) => run.history).length > 1) overview.append(el('h3', {}, 'Validation accuracy of all runs'), allRuns(data.runs));
  return {overview, view, first: () => show(data.runs.find((run) => `#${anchor(run)}` === location.hash) ?? data.runs.find((run) => run.slug === data.opens), false)};
}

function problems() {
  const lines = data.problems.map((text) => el('li', {}, text));
  return el('section', {id: 'problems', 'aria-label': 'Problems'}, el('h2', {}, 'Problems'), el('p', {}, 'These could not be read; everything else is below.'), el('ul', {class: 'problems'}, ...lines));
}

function theme() {
  const button = document.getElementById('theme');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const now = () => root.dataset.theme ?? (dark.matches ? 'dark' : 'light');
  const name = () => { button.textContent = now() === 'dark' ? 'Light theme' : 'Dark theme'; };
  try { root.dataset.theme = localStorage.getItem('svhn-report-theme') ?? now(); } catch { /* the theme is then kept until the page is closed */ }
  button.addEventListener('click', () => {
    root.dataset.theme = now() === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('svhn-report-theme', root.dataset.theme); } catch { /* as above */ }
    name();
    redrawAll();
  });
  name();
}

const count = (list, one, many) => (list.length ? `${whole(list.length)} ${list.length === 1 ? one : many}` : '');

function build() {
  const main = document.getElementById('main');
  document.getElementById('lead').textContent = [count(data.runs, 'run', 'runs'), count(data.tuning, 'search', 'searches'), count(data.comparisons, 'comparison', 'comparisons')].filter(Boolean).join(', ');
  const links = [];
  const add = (section, text) => { main.append(section); if (text) links.push(el('a', {href: `#${section.id}`}, text)); };
  if (data.problems.length) add(problems(), 'Problems');
  const made = data.runs.length ? runs() : null;
  if (made) add(made.overview, 'Runs');
  if (data.questions.length) add(questions(data.questions), 'Questions');
  if (made) add(made.view, 'Run');
  data.tuning.forEach((search, i) => { const s = tuning(search); s.id = `search-${i}`; add(s, i ? null : 'Searches'); });
  data.comparisons.forEach((one, i) => { const s = comparison(one); s.id = `comparison-${i}`; add(s, i ? null : 'Backbones'); });
  if (!main.childElementCount) main.append(el('section', {}, el('p', {}, 'There is no run here yet.')));
  document.getElementById('nav').append(...links);
  document.getElementById('footer').textContent = `Made by svhn ${data.version}. Charts: Apache ECharts (Apache License 2.0) and zrender (BSD 3-Clause).`;
  made?.first();
}

theme();
build();
