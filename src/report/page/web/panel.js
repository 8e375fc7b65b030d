// "Try it": a picture is dropped, pasted, chosen or drawn, and the exported model answers in the page.
import {fileName, trainingStamp} from './about.js';
import {el, percent} from './dom.js';
import {decoded, Refused} from './picture.js';
import {resized} from './resize.js';
import {answer, sides, sizes} from './runtime.js';
import {COLOURS, Drawing, listen, Photo} from './stage.js';

const STRIP = 2, TALL = 1 / 3;  // As `svhn predict` has them.

const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1) + ' MB';

function shapeNote({width, height}) {
  if (width / height >= STRIP) return `It is ${(width / height).toFixed(1)} times as wide as high: a strip of several digits? Choose one of them.`;
  if (width / height <= TALL) return `It is ${(height / width).toFixed(1)} times as high as wide, and squeezed into a square.`;
  return '';
}

/** What the model sees, its answer, and its ten probabilities. @returns {node, show, clear} */
function outcome(doubted) {
  const seen = el('canvas', {class: 'seen', role: 'img'});
  const caption = el('figcaption');
  const digit = el('p', {class: 'says'}), words = el('p', {class: 'soft'}), remark = el('p');
  const rows = Array.from({length: 10}, (_, i) => {
    const bar = el('span', {class: 'share'}), number = el('span', {class: 'number-of'});
    return {bar, number, node: el('li', {}, el('b', {}, String(i)), el('span', {class: 'track', 'aria-hidden': 'true'}, bar), number)};
  });
  const list = el('ul', {class: 'shares', 'aria-label': 'Probability of each digit'}, ...rows.map((row) => row.node));
  const node = el('div', {class: 'try-out', hidden: true}, el('div', {class: 'try-answer'}, el('figure', {}, seen, caption), el('div', {role: 'status'}, digit, words, remark)), list);
  const paint = (bytes, {width, height}) => {
    Object.assign(seen, {width, height});
    const pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; ++i) pixels.data.set([bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2], 255], 4 * i);
    seen.getContext('2d').putImageData(pixels, 0, 0);
    seen.setAttribute('aria-label', `The picture as the model sees it, ${width} by ${height} pixels`);
    caption.textContent = `As the model sees it: ${width} × ${height}`;
  };
  const show = (bytes, size, {probabilities, milliseconds}, note) => {
    paint(bytes, size);
    const best = probabilities.indexOf(Math.max(...probabilities)), sure = probabilities[best] >= doubted;
    digit.textContent = sure ? String(best) : 'no digit?';
    digit.classList.toggle('unsure', !sure);
    words.textContent = `${sure ? percent(probabilities[best]) : `Most like a ${best}, but only ${percent(probabilities[best])} sure`} · ${milliseconds.toFixed(1)}\u00a0ms`;
    remark.textContent = note;
    rows.forEach(({node: row, bar, number}, i) => {
      row.classList.toggle('best', i === best);
      row.dataset.probability = probabilities[i];
      bar.style.width = `${100 * probabilities[i]}%`;
      number.textContent = percent(probabilities[i]);
    });
    node.hidden = false;
  };
  return {node, show, clear: () => { node.hidden = true; }};
}

function introduction(model, run) {
  const {runtime, model: weights} = sizes();
  const trained = run.training?.data ? ` It was trained on ${run.synthetic ? 'synthetic digits, which svhn draws itself, not on photographs' : fileName(run.training.data)}.` : '';
  return [el('p', {}, `${model.name} answers in this page; no picture leaves it. It knows single digits only, 0 to 9: any other picture gets one of them as its answer, too.${trained}`), trainingStamp(run),
    el('p', {class: 'soft'}, `The first picture starts it: onnxruntime-web (${megabytes(runtime)}, packed) and the model (${megabytes(weights)}) are in this file.`)];
}

/** The controls above and below the stage. @returns {above, below, colours, whole} */
function controls(act) {
  const file = el('input', {type: 'file', accept: 'image/*', hidden: true, 'aria-label': 'Picture file', change: () => { act.files(file.files); file.value = ''; }});
  const colours = el('select', {'aria-label': 'Colours of the drawing', change: act.draw}, ...COLOURS.map(([name], i) => el('option', {value: i}, name)));
  const whole = el('button', {type: 'button', hidden: true, click: act.whole}, 'Whole picture');
  const above = el('div', {class: 'bar'}, el('button', {type: 'button', click: () => file.click()}, 'Choose a picture…'), file, el('button', {type: 'button', click: act.draw}, 'New drawing'));
  return {above, below: el('div', {class: 'bar'}, colours, whole), colours, whole};
}

/** Takes pictures that are dropped on a section or pasted anywhere. */
function takeFiles(section, files) {
  const mark = (event, over) => { event.preventDefault(); section.classList.toggle('over', over); };
  section.addEventListener('dragover', (event) => mark(event, true));
  section.addEventListener('dragleave', (event) => mark(event, section.contains(event.relatedTarget)));
  section.addEventListener('drop', (event) => { mark(event, false); files(event.dataTransfer.files); });
  addEventListener('paste', (event) => { if (event.clipboardData.files.length) { event.preventDefault(); files(event.clipboardData.files); } });
}

const IDLE = 'The answer comes here, with the probability of each digit.';

const KEYS = {
  draw: 'Drawing: with the pointer, or with Shift and the arrow keys; the arrow keys alone move the pen.',
  photo: 'To choose a part, drag over it. With keys: - and + change its size, the arrows move it, Escape takes the whole picture.',
};

/** The state of the panel: the tool on the stage, and the answers to it, the latest of which counts. */
class Panel {
  constructor(model, run) {
    this.stage = el('canvas', {class: 'stage', tabindex: '0', role: 'application', 'aria-label': 'Drawing or picture', 'aria-describedby': 'try-keys'});
    this.hint = el('p', {class: 'hint', 'aria-hidden': 'true'});
    this.keys = el('p', {class: 'soft', id: 'try-keys'});
    this.problem = el('p', {class: 'note', role: 'alert', hidden: true});
    this.waiting = el('p', {class: 'soft waiting', role: 'status'}, IDLE);
    this.outcome = outcome(model.reject);
    this.controls = controls({files: (files) => this.take(files), draw: () => this.draw(), whole: () => { this.tool.whole(); this.changed(); }});
    this.turn = 0;
    this.section = el('section', {id: 'try', class: 'screen-only', 'aria-label': 'Try it'}, el('h2', {}, 'Try it'), ...introduction(model, run),
      el('div', {class: 'try'}, el('div', {class: 'try-in'}, this.controls.above, el('div', {class: 'stage-box'}, this.stage, this.hint), this.controls.below, this.keys),
        el('div', {class: 'try-said'}, this.problem, this.waiting, this.outcome.node)));
    listen(this.stage, () => this.tool, () => this.changed());
    takeFiles(this.section, (files) => this.take(files));
    this.draw();
  }

  use(tool, note) {
    Object.assign(this, {tool, note});
    this.keys.textContent = tool instanceof Photo ? KEYS.photo : KEYS.draw;
    this.controls.colours.hidden = tool instanceof Photo;
    this.changed();
  }

  draw() {
    const colours = COLOURS[Number(this.controls.colours.value)];
    this.use(new Drawing(this.stage.getContext('2d', {willReadFrequently: true}), colours), '');
  }

  /** Answers what is on the stage now. */
  changed() {
    this.hint.textContent = this.tool.hint;
    this.controls.whole.hidden = !this.tool.cropped;
    const pixels = this.tool.pixels();
    this.attempt(async () => {
      if (!pixels) return () => this.rest(IDLE);
      if (this.outcome.node.hidden) this.rest('Starting the model…');
      const size = await sides(), bytes = resized(pixels, size);
      const said = await answer(bytes);
      return () => {
        this.waiting.hidden = true;
        this.outcome.show(bytes, size, said, [this.note, shapeNote(pixels)].filter(Boolean).join(' '));
      };
    });
  }

  take(files) {
    if (!files.length) return;
    this.attempt(async () => {
      const {picture, note} = await decoded(files[0]);
      return () => this.use(new Photo(this.stage.getContext('2d', {willReadFrequently: true}), picture), note);
    });
  }

  /** Does what a task returns, unless another one has begun since; says in words why a task failed. */
  async attempt(task) {
    const turn = ++this.turn;
    this.section.setAttribute('aria-busy', 'true');
    const then = await task().catch((error) => () => this.refuse(error));
    if (turn !== this.turn) return;
    this.section.removeAttribute('aria-busy');
    this.problem.hidden = true;
    then();
  }

  /** Shows no answer, but why. */
  rest(words) {
    this.outcome.clear();
    this.waiting.textContent = words;
    this.waiting.hidden = false;
  }

  refuse(error) {
    this.problem.textContent = error instanceof Refused ? error.message : `The model could not answer: ${error.message ?? error}`;
    this.rest('');
    this.problem.hidden = false;
  }
}

globalThis.svhnPanel = (model, runs) => new Panel(model, runs.find((run) => run.slug === model.run)).section;
