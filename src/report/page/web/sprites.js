// Images of digits from sheets of 32 x 32 tiles, which are decoded on first use.
import {el} from './dom.js';

const TILE = 32, COLUMNS = 32, PER_SHEET = 1024;

export class Sprites {
  constructor(sheets) {
    this.sheets = sheets;
    this.images = new Map();
  }

  sheet(number) {
    if (!this.images.has(number)) {
      const image = new Image();
      image.src = 'data:image/jpeg;base64,' + this.sheets[number];
      this.images.set(number, image.decode().then(() => image, () => null));
    }
    return this.images.get(number);
  }

  /** A canvas that shows sprite `id`, `size` pixels wide. */
  picture(id, size, label) {
    const scale = window.devicePixelRatio || 1;
    const canvas = el('canvas', {width: Math.round(size * scale), height: Math.round(size * scale), role: 'img', 'aria-label': label});
    canvas.style.width = canvas.style.height = size + 'px';
    if (!(id >= 0)) return canvas;
    this.sheet(Math.floor(id / PER_SHEET)).then((image) => {
      if (!image) return;
      const place = id % PER_SHEET;
      const context = canvas.getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(image, (place % COLUMNS) * TILE, Math.floor(place / COLUMNS) * TILE, TILE, TILE, 0, 0, canvas.width, canvas.height);
    });
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
