// The square on which a digit is drawn, or a picture is shown and a part of it chosen; with pointer or keyboard.

const SIDE = 320, PEN = 38, STEP = 12, SMALLEST = 4;
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

/** Ground and strokes, as on house numbers. */
export const COLOURS = [['White on blue', '#23507e', '#f6f3ea'], ['White on red', '#8a2f27', '#fdf3e3'], ['Black on cream', '#e9e1cb', '#25272b'],
  ['Dark on brass', '#c2a666', '#2a2118'], ['White on green', '#33573f', '#f4f6ef'], ['White on black', '#1f2124', '#f2f2f2']];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** A digit drawn with a pen. */
export class Drawing {
  constructor(context, [, ground, stroke]) {
    Object.assign(this, {context, ground, stroke, pen: [SIDE / 2, SIDE / 4], empty: true});
    context.fillStyle = ground;
    context.fillRect(0, 0, SIDE, SIDE);
  }

  get hint() { return this.empty ? 'Draw here, or drop or paste a picture' : ''; }

  down(at) { this.line(at); }
  move(at) { this.line(at, this.pen); }

  line(to, from = to) {
    const {context} = this;
    Object.assign(context, {strokeStyle: this.stroke, lineWidth: PEN, lineCap: 'round', lineJoin: 'round'});
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    Object.assign(this, {pen: to, empty: false});
  }

  /** Arrows move the pen, with Shift they draw. */
  key({key, shiftKey}) {
    if (!ARROWS[key]) return false;
    const to = this.pen.map((value, i) => clamp(value + ARROWS[key][i] * STEP, PEN / 2, SIDE - PEN / 2));
    if (shiftKey) this.line(to, this.pen);
    this.pen = to;
    return true;
  }

  pixels() { return this.empty ? null : this.context.getImageData(0, 0, SIDE, SIDE); }
}

/** A picture, of which a part may be chosen. */
export class Photo {
  constructor(context, picture) {
    const {width, height} = picture;
    const scale = SIDE / Math.max(width, height);
    const canvas = document.createElement('canvas');
    Object.assign(canvas, {width, height});
    const source = canvas.getContext('2d', {willReadFrequently: true});
    source.putImageData(picture, 0, 0);
    Object.assign(this, {context, picture, source, scale, left: (SIDE - width * scale) / 2, top: (SIDE - height * scale) / 2});
    this.whole();
  }

  get hint() { return ''; }
  get cropped() { return this.part.width < this.picture.width || this.part.height < this.picture.height; }

  whole() { this.choose(0, 0, this.picture.width, this.picture.height); }

  choose(x, y, width, height) {
    this.part = {x, y, width, height};
    this.paint();
  }

  paint() {
    const {context, scale, left, top, part} = this;
    const place = [left + part.x * scale, top + part.y * scale, part.width * scale, part.height * scale];
    const {width, height} = this.picture;
    context.clearRect(0, 0, SIDE, SIDE);
    context.imageSmoothingEnabled = scale < 3;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.source.canvas, left, top, width * scale, height * scale);
    if (!this.cropped) return;
    context.fillStyle = 'rgba(0, 0, 0, .55)';
    context.beginPath();
    context.rect(left, top, width * scale, height * scale);
    context.rect(...place);
    context.fill('evenodd');
    context.strokeStyle = '#fff';
    context.lineWidth = 2;
    context.strokeRect(...place);
  }

  within([x, y]) {
    const {width, height} = this.picture;
    return [clamp((x - this.left) / this.scale, 0, width), clamp((y - this.top) / this.scale, 0, height)];
  }

  down(at) { this.start = this.within(at); }

  move(at) {
    const to = this.within(at);
    const [x, y] = to.map((value, i) => Math.floor(Math.min(value, this.start[i])));
    const [right, bottom] = to.map((value, i) => Math.ceil(Math.max(value, this.start[i])));
    if (right - x >= SMALLEST && bottom - y >= SMALLEST) this.choose(x, y, right - x, bottom - y);
  }

  /** Arrows move the chosen part, + and - change its size, Escape takes the whole picture. */
  key({key}) {
    const {part, picture: {width, height}} = this;
    const step = Math.max(1, Math.round(Math.max(width, height) / 40));
    if (key === 'Escape') this.whole();
    else if (ARROWS[key]) this.fit(part.x + ARROWS[key][0] * step, part.y + ARROWS[key][1] * step, part.width, part.height);
    else if (key === '-') this.fit(part.x + step, part.y + step, part.width - 2 * step, part.height - 2 * step);
    else if (key === '+') this.fit(part.x - step, part.y - step, part.width + 2 * step, part.height + 2 * step);
    else return false;
    return true;
  }

  fit(x, y, wide, high) {
    const {width, height} = this.picture;
    const w = clamp(wide, Math.min(SMALLEST, width), width), h = clamp(high, Math.min(SMALLEST, height), height);
    this.choose(clamp(x, 0, width - w), clamp(y, 0, height - h), w, h);
  }

  pixels() {
    const {x, y, width, height} = this.part;
    return this.source.getImageData(x, y, width, height);
  }
}

/** Sends what pointer and keys do on a canvas to `tool()`. @param changed is called when there is something new to answer. */
export function listen(canvas, tool, changed) {
  Object.assign(canvas, {width: SIDE, height: SIDE});
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * SIDE / box.width, (event.clientY - box.top) * SIDE / box.height];
  };
  let held = false;
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    held = true;
    canvas.setPointerCapture(event.pointerId);
    tool().down(at(event));
  });
  canvas.addEventListener('pointermove', (event) => { if (held) tool().move(at(event)); });
  const end = () => { if (held) { held = false; changed(); } };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !tool().key(event)) return;
    event.preventDefault();
    changed();
  });
}
