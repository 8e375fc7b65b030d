// One run: how it was trained, and one of its results.
import {fileName, isApart, marks, resultName, short, stamp, trainingStamp} from './about.js';
import {curves} from './curves.js';
import {counted, el, fold, missing, syntheticBadge, whole} from './dom.js';
import {evaluation, mistakes} from './evaluation.js';
import {activations, saliency} from './maps.js';
import {robustness} from './robustness.js';
import {tsne} from './map.js';

function trainingFacts(run) {
  const about = run.training ?? {};
  const fingerprint = short(about.data_fingerprint), split = short(about.split_fingerprint);
  const data = [fileName(about.data), fingerprint && `fingerprint ${fingerprint}`, split && `split ${split}`].filter(Boolean).join(', ');
  return [['Trained on', data + (about.synthetic ? ' (synthetic digits)' : '')], ['Augmentation', about.augmentation], ['Epochs', run.history && whole(run.history.loss.length)],
    ['Date', about.date && about.date.replace('T', ' ').replace(/Z$/, ' UTC')]].filter(([, text]) => text);
}

function facts(run) {
  const lines = [...run.facts, ...trainingFacts(run)];
  return el('dl', {class: 'facts'}, ...lines.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, text)]));
}

function staleNote(run) {
  if (!(run.stale > 0)) return null;
  const text = `${counted(run.stale, 'result')} of earlier weights ${run.stale === 1 ? 'is' : 'are'} not shown: the model has been trained again since. Make them anew: `;
  return el('p', {class: 'note'}, '* ' + text, run.missing.evaluation ? el('code', {}, run.missing.evaluation) : '');
}

/** What a result that is not of the training's data says in front of its figures. */
function apartNote(run, result) {
  if (!isApart(run, result)) return null;
  const data = fileName(result.data.file) ?? 'unknown data';
  const other = result.data.same_as_training === false ? `These figures are of other data (${data}) than the run was trained on. ` : '';
  const drawn = result.data.synthetic && !run.synthetic ? `The images are synthetic digits, which svhn draws itself (${data}); their figures say nothing about photographs.` : '';
  return el('p', {class: 'note'}, other + drawn);
}

const PARTS = [
  ['evaluation', 'Evaluation', 'Not evaluated yet:', (run, result, sprites) => evaluation(result, sprites)],
  ['robustness', 'Corrupted images', 'Not evaluated on yet:', (run, result) => robustness(result)],
  ['mistakes', 'Worst mistakes', 'Not looked for yet:', (run, result, sprites) => mistakes(result, sprites)],
  ['activations', 'Activations', 'Not made yet:', (run, result, sprites) => activations(result, sprites)],
  ['saliency', 'What the model looks at', 'Not made yet:', (run, result, sprites) => saliency(result, sprites)],
  ['tsne', 'Map of the images', 'There is no map yet:', tsne]];

/** One part of a result below its stamp. */
export function resultPart(run, result, key, sprites) {
  const [, , , make] = PARTS.find(([name]) => name === key);
  return [stamp(run, result), make(run, result, sprites)];
}

function resultView(run, result, sprites) {
  const apart = isApart(run, result);
  const parts = PARTS.map(([key, title, otherwise]) => fold(3, title, true,
    ...(result[key] ? resultPart(run, result, key, sprites) : [missing(otherwise, result.missing[key])])));
  return el('div', {class: apart ? 'result apart' : 'result'}, apartNote(run, result), ...parts);
}

function choice(run, change) {
  const groups = [['On the training’s data', run.results.filter((result) => !isApart(run, result))], ['On other data', run.results.filter((result) => isApart(run, result))]];
  const option = (result) => el('option', {value: result.slug}, resultName(run, result));
  return el('select', {id: 'result', change: (event) => change(run.results.find((result) => result.slug === event.target.value))},
    ...groups.filter(([, list]) => list.length).map(([label, list]) => el('optgroup', {label}, ...list.map(option))));
}

/**
 * The view of a run. @param change is called with a result that the reader chooses.
 * @returns {nodes, show(result)}
 */
export function runView(run, sprites, change) {
  const holder = el('div', {});
  const select = run.results.length ? choice(run, change) : null;
  const chosen = el('p', {class: 'paper-only'});
  const show = (result) => {
    if (!result) { holder.replaceChildren(missing('Not evaluated yet:', run.missing.evaluation)); return; }
    select.value = result.slug;
    chosen.replaceChildren(`Result: ${resultName(run, result)}`, ...marks(run, result));
    holder.replaceChildren(resultView(run, result, sprites));
  };
  const paper = el('p', {class: 'paper-only soft'}, 'On paper: the run that is open on the page, and the questions. Open another run to print that one.');
  const problems = run.problems.length ? el('ul', {class: 'problems'}, ...run.problems.map((text) => el('li', {}, '⚠ ' + text))) : null;
  const nodes = [
    el('h2', {tabindex: '-1'}, run.name + (run.synthetic ? ' ' : ''), syntheticBadge(run.synthetic)), paper, facts(run), problems, staleNote(run),
    fold(3, 'Learning curves', true, ...(run.history ? [trainingStamp(run), curves(run)] : [missing('There are no curves yet:', run.missing.train)])),
    select && el('div', {class: 'bar results'}, el('label', {for: 'result'}, run.results.length > 1 ? `Result (one of ${run.results.length})` : 'Result'), select), chosen, holder];
  return {nodes: nodes.filter(Boolean), show};
}
