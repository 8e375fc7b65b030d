// Images of digits from sheets of 32 x 32 tiles, which are loaded on first use.
import {el} from './dom.js';

const TILE = 32, COLUMNS = 32, PER_SHEET = 1024;

export class Sprites {
  constructor(sheets) {
    this.sheets = sheets;
    this.images = new Map();
  }

  /** Calls `ready` with the sheet's image: at once when it is loaded, else before the page's load event, so that print finds it. */
  withSheet(number, ready) {
    if (!this.images.has(number)) {
      const image = new Image();
      image.src = 'data:image/jpeg;base64,' + this.sheets[number];
      this.images.set(number, image);
    }
    const image = this.images.get(number);
    if (image.complete) {
      if (image.naturalWidth > 0) ready(image);
    } else {
      image.addEventListener('load', () => ready(image));
    }
  }

  /** Draws sprite `id` into a square of a canvas. @param after is called when it is drawn. */
  draw(context, id, x, y, size, after = () => {}) {
    if (!(id >= 0)) return;
    this.withSheet(Math.floor(id / PER_SHEET), (image) => {
      const place = id % PER_SHEET;
      context.imageSmoothingQuality = 'high';
      context.drawImage(image, (place % COLUMNS) * TILE, Math.floor(place / COLUMNS) * TILE, TILE, TILE, x, y, size, size);
      after();
    });
  }

  /** A canvas that shows sprite `id`, `size` pixels wide. @param label for screen readers; empty: decoration. */
  picture(id, size, label) {
    const scale = Math.max(2, window.devicePixelRatio || 1);
    const side = Math.round(size * scale);
    const canvas = el('canvas', {width: side, height: side, ...(label ? {role: 'img', 'aria-label': label} : {'aria-hidden': 'true'})});
    canvas.style.width = canvas.style.height = size + 'px';
    this.draw(canvas.getContext('2d'), id, 0, 0, side);
    return canvas;
  }

  /** A list of images with a text below each. @param items {id, label, lines: [text…]} */
  gallery(items, size, name) {
    const list = el('ul', {class: 'gallery', 'aria-label': name});
    for (const item of items) {
      const words = item.lines.flatMap((line, i) => (i === 0 ? [el('b', {}, line)] : [el('br'), line]));
      list.append(el('li', {}, this.picture(item.id, size, item.label), ...words));
    }
    return list;
  }
}
