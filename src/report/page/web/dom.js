// Creates DOM elements. Texts are inserted as text nodes, so that data is never parsed as HTML.

/** el('p', {class: 'soft'}, 'text', child…); a function value is the event listener of that name. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(key, value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const digitOf = (index) => (index + 1) % 10;
export const percent = (share, digits = 2) => (Number.isFinite(share) ? (share * 100).toFixed(digits) + ' %' : '–');
export const fixed = (value, digits = 4) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
export const whole = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–');
/** "1 epoch", "1,200 images". */
export const counted = (count, one, many = one + 's') => `${whole(count)} ${count === 1 ? one : many}`;
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return seconds.toFixed(1) + ' s';
  if (seconds < 5400) return Math.round(seconds / 60) + ' min';
  return (seconds / 3600).toFixed(1) + ' h';
}

/** A colour of the page's style sheet in the current theme. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

export function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A sentence and the command that creates a missing part. */
export function missing(what, command) {
  return el('p', {class: 'soft'}, what + ' ', command ? el('code', {}, command) : '');
}

/** A section that can be folded; its title is a heading. */
export function fold(level, title, open, ...children) {
  return el('details', {class: 'fold', open}, el('summary', {}, el('h' + level, {}, title)), ...children);
}

export const SYNTHETIC = 'synthetic digits';
export const badge = (text, kind = '') => el('span', {class: `badge ${kind}`}, text);
export const syntheticBadge = (synthetic) => (synthetic ? badge(SYNTHETIC, 'synthetic') : null);
