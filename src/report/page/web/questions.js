// The assignment's questions: its figures beside those of the runs here.
import {resultName, stamp} from './about.js';
import {addressOf} from './address.js';
import {badge, capital, counted, el, fold, missing, SYNTHETIC, syntheticBadge} from './dom.js';
import {firstMistakes, firstTitle} from './evaluation.js';
import {resultPart} from './run.js';
import {table} from './table.js';

function figures(question) {
  const columns = [{title: 'Figure', text: true, show: (row) => row.name}, {title: 'Assignment', show: (row) => row.theirs}, {title: 'Here', show: (row) => row.ours}];
  if (question.figures.some((row) => row.of)) columns.push({title: 'Of', text: true, show: (row) => row.of || '–'});
  return table('The assignment’s figures beside those measured here', columns, question.figures, {wide: true});
}

/** Where the figures come from: the run, its result, and how far they compare. */
function source(question, run, result) {
  const link = el('a', {href: addressOf(run, result)}, run.name);
  return [el('p', {}, 'Answered by the run ', link, result ? `, ${resultName(run, result)}` : '', '.'),
    question.comparable ? null : el('p', {class: 'note'}, 'These figures do not compare with the assignment’s, because they were not measured under the same circumstances.'),
    question.circumstances ? el('p', {class: 'circumstances'}, capital(question.circumstances) + '.') : null];
}

/** Question 3 asks for pictures: each part is of the result that has it. */
function pictures(question, run, sprites) {
  const parts = [['activations', 'Activations'], ['saliency', 'What the model looks at'], ['tsne', 'Map of the images']];
  const resultWith = (part) => run.results.find((result) => result.slug === question.pictures?.[part] && result[part]);
  const wrong = resultWith('mistakes');
  const made = [wrong && fold(4, firstTitle(wrong.mistakes), true, stamp(run, wrong), firstMistakes(wrong, sprites)),
    ...parts.map(([part, title]) => resultWith(part) && fold(4, title, true, ...resultPart(run, resultWith(part), part, sprites)))];
  return made.filter(Boolean);
}

function state(question, run) {
  const marks = [run ? badge(run.name, 'run') : badge('no run yet', 'other'), run && !question.comparable ? badge('does not compare', 'other') : null];
  return marks.filter(Boolean).flatMap((mark) => [' ', mark]);
}

function answer(question, runs, sprites, open) {
  const run = runs.find((one) => one.slug === question.run) ?? null;
  const result = run?.results.find((one) => one.slug === question.result) ?? null;
  // The program writes it behind the titles; here it is a mark as everywhere.
  const plain = question.title.replace(` (${SYNTHETIC})`, '');
  const title = el('span', {}, plain, ...state(question, run), ...(plain === question.title ? [] : [' ', syntheticBadge(true)]));
  const body = run ? [...source(question, run, result), question.figures.length ? figures(question) : null,
    question.finding ? el('p', {class: 'finding'}, question.finding) : null, question.command ? missing('What is still missing is made by:', question.command) : null,
    ...pictures(question, run, sprites)] : [missing('No run answers this question yet. It is made by:', question.command)];
  return fold(3, title, open, ...body.filter(Boolean));
}

/** @param folded whether answered questions start folded. */
export function questions(list, runs, sprites, folded) {
  const answered = list.filter((question) => question.run);
  const lead = `${counted(answered.length, 'question')} of ${list.length} ${answered.length === 1 ? 'is' : 'are'} answered by the runs here.`;
  return el('section', {id: 'questions', 'aria-label': 'The assignment’s questions'}, el('h2', {}, 'The assignment’s questions'), el('p', {class: 'soft'}, lead),
    ...list.map((question) => answer(question, runs, sprites, !folded || !question.run)));
}
