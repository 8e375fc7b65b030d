// The page: its sections, their order, its address, and the theme.
import {addressOf, firstResult, read} from './address.js';
import {headline} from './card.js';
import {forget, redrawAll} from './charts.js';
import {counted, el} from './dom.js';
import {watchPrinting} from './print.js';
import {questions} from './questions.js';
import {runView} from './run.js';
import {isMany, overview} from './runs.js';
import {comparison, tuning} from './searches.js';
import {Sprites} from './sprites.js';

const data = JSON.parse(document.getElementById('data').textContent);
const sprites = new Sprites(data.sheets);
const card = headline(sprites);

/** The sections of the runs. The address says which run and which of its results are shown. */
function runs() {
  const view = el('section', {id: 'run', 'aria-label': 'One run'});
  const now = {run: null, result: null, view: null};
  let chosenHere = false;
  const change = (result) => { chosenHere = true; location.hash = addressOf(now.run, result); };
  const show = ({run, result}) => {
    if (run !== now.run) {
      now.view = runView(run, sprites, change);
      view.replaceChildren(...now.view.nodes);
    }
    Object.assign(now, {run, result});
    now.view.show(result);
    card.show(run, result);
    document.querySelectorAll('[data-run]').forEach((row) => row.setAttribute('aria-current', String(row.dataset.run === run.slug)));
    forget();
  };
  const opened = data.runs.find((run) => run.slug === data.opens) ?? data.runs[0];
  const follow = (move) => {
    const found = read(location.hash, data.runs);
    if (!found && location.hash && now.run) return;  // Another section of the page.
    show(found ?? {run: opened, result: firstResult(opened)});
    if (!found || !move) return;
    view.scrollIntoView();
    view.querySelector('h2').focus({preventScroll: true});
  };
  addEventListener('hashchange', () => { follow(!chosenHere); chosenHere = false; });
  // A link to what is shown already changes no address, but brings it into sight.
  addEventListener('click', (event) => { if (event.target.closest?.('a[href^="#run-"]')?.hash === location.hash) follow(true); });
  return {overview: overview(data.runs, () => now.run), view, follow};
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
    card.redraw();
  });
  name();
}

/** Marks the link of the section at the top of the window. */
function followSections(links) {
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    entries.forEach((entry) => (entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target)));
    const top = links.find(([section]) => seen.has(section));
    links.forEach(([section, link]) => link.toggleAttribute('aria-current', section === top?.[0]));
  }, {rootMargin: '-80px 0px -60% 0px'});
  links.forEach(([section]) => watcher.observe(section));
}

function build() {
  const main = document.getElementById('main');
  const kinds = [[data.runs, 'run'], [data.tuning, 'search', 'searches'], [data.comparisons, 'comparison']].filter(([list]) => list.length);
  document.getElementById('lead').textContent = kinds.map(([list, one, many]) => counted(list.length, one, many)).join(', ');
  const links = [];
  const add = (section, text) => { main.append(section); if (text) links.push([section, el('a', {href: `#${section.id}`}, text)]); };
  if (data.problems.length) add(problems(), 'Problems');
  const made = data.runs.length ? runs() : null;
  if (made) add(card.node, 'Headline');
  if (globalThis.svhnPanel) add(globalThis.svhnPanel(data.model, data.runs), 'Try it');
  if (made) { add(made.overview, 'Runs'); add(made.view, 'Run'); }
  if (data.questions.length) add(questions(data.questions, data.runs, sprites, isMany(data.runs)), 'Questions');
  const few = (list) => list.length < 3;
  data.tuning.forEach((search, i) => { const s = tuning(search, few(data.tuning)); s.id = `search-${i}`; add(s, i ? null : 'Searches'); });
  data.comparisons.forEach((one, i) => { const s = comparison(one, few(data.comparisons)); s.id = `comparison-${i}`; add(s, i ? null : 'Backbones'); });
  if (!main.childElementCount) main.append(el('section', {}, el('p', {}, 'There is no run here yet.')));
  document.getElementById('nav').append(...links.map(([, link]) => link));
  document.getElementById('footer').textContent = `Made by svhn ${data.version}. Charts: Apache ECharts (Apache License 2.0) and zrender (BSD 3-Clause).`;
  made?.follow(true);
  followSections(links);
}

theme();
build();
watchPrinting(card.redraw);
