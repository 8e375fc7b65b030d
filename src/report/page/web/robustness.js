// Errors of a model on corrupted images: a table whose cells are shaded by the error.
import {el, percent} from './dom.js';

const words = (name) => name.replaceAll('_', ' ');
const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
const relation = (value) => (Number.isFinite(value) ? (100 * value).toFixed(1) : '–');

function errorCell(error, label) {
  const cell = el('td', {title: `${label}: ${percent(error)} wrong`}, (100 * error).toFixed(1));
  // The square root makes small shares differ visibly from 0.
  cell.style.background = `rgba(var(--cell), ${Math.sqrt(error).toFixed(3)})`;
  if (error > .35) cell.style.color = 'var(--cell-strong)';
  return cell;
}

function row(title, group, errors, severities, relations) {
  const cells = errors.map((error, i) => errorCell(error, `${title}, severity ${severities[i]}`));
  return el('tr', {}, el('th', {scope: 'row', title: group}, title), ...cells, errorCell(mean(errors), `${title}, mean`),
    ...relations.map((value) => el('td', {class: 'relation'}, relation(value))));
}

function summary(found) {
  const own = `Clean images: ${percent(found.clean_error)} wrong, corrupted ones: ${percent(found.mean_error)} in the mean (seed ${found.seed}). `;
  const theirs = found.baseline;
  if (!theirs) return own;
  return own + `Against ${theirs.model} (${percent(theirs.clean_error)} and ${percent(theirs.mean_error)}): ` +
    `mean corruption error ${relation(found.mean_ce)}, relative ${relation(found.mean_relative_ce)}.`;
}

export function robustness(result) {
  const found = result.robustness, {severities, corruptions} = found, related = Boolean(found.baseline);
  const head = (title, help) => el('th', {scope: 'col', title: help}, title);
  const relations = related ? [head('CE', 'Corruption error'), head('rel.', 'Relative corruption error')] : [];
  const rows = corruptions.map((one) => row(words(one.name), one.group, one.error, severities, related ? [one.ce, one.relative_ce] : []));
  const means = severities.map((_, i) => mean(corruptions.map((one) => one.error[i])));
  const last = row('mean', 'all corruptions', means, severities, related ? [found.mean_ce, found.mean_relative_ce] : []);
  const grid = el('table', {class: 'matrix errors'}, el('thead', {}, el('tr', {}, el('td'), ...severities.map((severity) => head(String(severity), `Severity ${severity}`)), head('mean'), ...relations)), el('tbody', {}, ...rows, last));
  const about = 'Errors in percent by severity. The shade grows with the square root of the error.' +
    (related ? ' CE: in relation to the other model’s errors, in percent; rel.: the same of what both exceed their clean errors by.' : '');
  return el('div', {}, el('p', {}, summary(found)), el('p', {class: 'soft'}, about), el('div', {class: 'scroll matrix-box', role: 'group', 'aria-label': 'Errors on corrupted images', tabindex: '0'}, grid),
    found.note ? el('p', {class: 'soft'}, found.note) : null);
}
