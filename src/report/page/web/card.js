// The headline card: a run's main figure as one picture that can be copied and shared.
import {day, fileName, isApart, modelWords} from './about.js';
import {capital, colour, counted, el, percent, SYNTHETIC} from './dom.js';

const WIDTH = 1200, HEIGHT = 630, MARGIN = 56;
const FONT = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** The texts of a card. @returns null where a run has no accuracy at all. */
export function cardWords(run, result) {
  const scores = result?.evaluation;
  const synthetic = Boolean(scores ? result.data.synthetic : run.synthetic);
  const about = run.training ?? {};
  const trained = [about.images && `trained on ${counted(about.images, 'image')}`, run.history && counted(run.history.loss.length, 'epoch')].filter(Boolean).join(', ');
  if (scores) {
    const [low, high] = scores.accuracy_interval_95;
    const lines = [modelWords(result.model), fileName(result.data.file) && `data ${fileName(result.data.file)}${isApart(run, result) ? ' (not the training’s)' : ''}`, day(result.date)];
    return {synthetic, share: percent(scores.accuracy), of: `of ${counted(scores.images, 'image')} of the ${scores.split} split are right`,
      interval: `95 % interval ${percent(low)} to ${percent(high)}`, lines: [lines.filter(Boolean).join(' · '), trained]};
  }
  if (!Number.isFinite(run.best_val_accuracy)) return null;
  return {synthetic, share: percent(run.best_val_accuracy), of: 'validation accuracy', interval: `in epoch ${run.best_epoch}; not evaluated on a test split yet`,
    lines: [[fileName(about.data) && `data ${fileName(about.data)}`, day(about.date)].filter(Boolean).join(' · '), trained]};
}

export const spoken = (run, words) => `${run.name}${words.synthetic ? ` (${SYNTHETIC})` : ''}: ${words.share} ${words.of}, ${words.interval}. ${words.lines.filter(Boolean).map(capital).join('. ')}.`;

function text(context, words, x, y, size, {weight = 400, paint = 'text', most = WIDTH - 2 * MARGIN} = {}) {
  context.fillStyle = colour(paint);
  const set = (pixels) => { context.font = `${weight} ${pixels}px ${FONT}`; };
  for (set(size); size > 12 && context.measureText(words).width > most; set(size)) size -= 1;
  context.fillText(words, x, y);
  return context.measureText(words).width;
}

function syntheticMark(context, top) {
  context.font = `700 26px ${FONT}`;
  const width = context.measureText(SYNTHETIC).width + 36, left = WIDTH - MARGIN - width;
  context.fillStyle = colour('mark');
  context.beginPath();
  context.roundRect(left, top, width, 46, 10);
  context.fill();
  context.fillStyle = colour('mark-text');
  context.fillText(SYNTHETIC, left + 18, top + 32);
  return width;
}

/** One image of each digit that the model reads right, and its worst mistakes: [{id, lines}]. */
function samples(result) {
  const right = Array.from({length: 10}, (_, i) => result?.cells?.[`${i},${i}`]?.[0]?.[0] ?? -1).map((id, i) => ({id, lines: [String((i + 1) % 10)]}));
  const worst = (result?.mistakes?.worst ?? []).map((m) => ({id: m.sprite, lines: [`true ${m.true}`, `predicted ${m.predicted}`]}));
  return [['Digits it reads', right], ['Worst mistakes', worst]].map(([title, list]) => [title, list.filter(({id}) => id >= 0).slice(0, 10)]).filter(([, list]) => list.length);
}

function strip(context, sprites, [title, list], left, top, side, columns) {
  text(context, title, left, top, 20, {weight: 600, paint: 'soft'});
  list.slice(0, columns).forEach(({id, lines}, i) => {
    const x = left + i * (side + 30);
    sprites.draw(context, id, x, top + 12, side);
    context.textAlign = 'center';
    lines.forEach((line, n) => text(context, line, x + side / 2, top + side + 32 + n * 18, lines.length > 1 ? 15 : 19, {most: side + 26}));
    context.textAlign = 'left';
  });
}

function paint(canvas, run, result, words, sprites) {
  const context = canvas.getContext('2d');
  context.fillStyle = colour('card');
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = colour('link');
  context.fillRect(0, 0, 14, HEIGHT);
  const mark = words.synthetic ? syntheticMark(context, 36) + 24 : 0;
  text(context, run.name, MARGIN, 76, 46, {weight: 700, most: WIDTH - 2 * MARGIN - mark});
  const wide = text(context, words.share, MARGIN, 208, 116, {weight: 700, paint: 'link', most: 560});
  const beside = MARGIN + wide + 36, most = WIDTH - MARGIN - beside;
  text(context, words.of, beside, 160, 28, {most});
  text(context, words.interval, beside, 202, 26, {paint: 'soft', most});
  words.lines.filter(Boolean).forEach((line, i) => text(context, capital(line), MARGIN, 262 + i * 34, 24, {paint: 'soft', most: WIDTH - 2 * MARGIN - 150}));
  const rows = samples(result);
  rows.forEach((row, i) => strip(context, sprites, row, MARGIN, 338 + i * 144, 78, 10));
  context.textAlign = 'right';
  text(context, 'made with svhn', WIDTH - MARGIN, 262, 18, {paint: 'soft'});
  context.textAlign = 'left';
}

function save(blob, name) {
  const link = el('a', {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Copies the picture; browsers that refuse the clipboard, e.g. to a file from disk, save it instead. */
async function copy(canvas, name, told) {
  const blob = await new Promise((done) => { canvas.toBlob(done, 'image/png'); });
  try {
    await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
    told.textContent = 'Copied.';
  } catch {
    save(blob, name);
    told.textContent = `The clipboard was refused, so the picture was saved as ${name}.`;
  }
}

/** @returns {node, show(run, result), redraw} */
export function headline(sprites) {
  const node = el('section', {id: 'headline', 'aria-label': 'Headline'});
  let redraw = () => {};
  const show = (run, result) => {
    const words = cardWords(run, result);
    node.hidden = words === null;
    if (!words) { node.replaceChildren(); redraw = () => {}; return; }
    const canvas = el('canvas', {width: WIDTH, height: HEIGHT, class: 'card', role: 'img', 'aria-label': `Headline card of ${run.name}; its text follows`});
    const told = el('span', {class: 'soft', role: 'status'});
    const button = el('button', {type: 'button', id: 'copy', click: () => copy(canvas, `svhn-${run.slug}.png`, told)}, 'Copy as PNG');
    node.replaceChildren(el('h2', {}, 'Headline'), canvas, el('p', {class: 'soft'}, spoken(run, words)), el('div', {class: 'bar screen-only'}, button, told));
    redraw = () => paint(canvas, run, result, words, sprites);
    redraw();
  };
  return {node, show, redraw: () => redraw()};
}
