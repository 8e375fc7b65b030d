// Tables: plain ones, and ones sorted by a click or Enter on a column heading. Wide ones scroll inside their box.
import {el} from './dom.js';

/**
 * @param columns [{title, value(row), show(row), text, help}] @param rows any.
 * @param options {sortable, wide, tall: scrolls in its box, stacked: a list of rows on narrow screens, row(row): attributes}
 * @returns the table's box; `box.keep(test)` shows only the rows that pass.
 */
export function table(caption, columns, rows, options = {}) {
  const body = el('tbody');
  const heads = columns.map((column) => el('th', {scope: 'col', class: column.text ? 'text' : null, title: column.help}, column.title));
  const style = [options.wide && 'wide', options.stacked && 'stacked'].filter(Boolean).join(' ');
  const node = el('table', {class: style || null}, el('caption', {}, caption), el('thead', {}, el('tr', {}, ...heads)), body);
  const state = {order: rows, test: () => true};
  const fill = () => body.replaceChildren(...state.order.filter(state.test).map((row) => line(columns, row, options)));
  fill();
  if (options.sortable) makeSortable(columns, heads, rows, (order) => { state.order = order; fill(); });
  const box = el('div', {class: options.tall ? 'scroll tall' : 'scroll', role: 'group', 'aria-label': caption, tabindex: options.tall || options.wide ? '0' : null}, node);
  box.keep = (test) => { state.test = test; fill(); };
  return box;
}

function line(columns, row, options) {
  const cells = columns.map((column) => el('td', {class: column.text ? 'text' : null, 'data-title': options.stacked ? column.title : null}, column.show(row)));
  return el('tr', options.row ? options.row(row) : {}, ...cells);
}

function compare(a, b) {
  const none = (x) => x === null || x === undefined || Number.isNaN(x);
  if (none(a) || none(b)) return none(a) - none(b) || 0;
  return typeof a === 'string' ? a.localeCompare(b, 'en', {numeric: true}) : a - b;
}

function makeSortable(columns, heads, rows, fill) {
  heads.forEach((head, index) => {
    const column = columns[index];
    const sort = () => {
      const first = column.text ? 'ascending' : 'descending';
      const now = head.getAttribute('aria-sort');
      const next = !now ? first : now === 'ascending' ? 'descending' : 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', next);
      const known = rows.filter((row) => compare(column.value(row), null) < 0);
      const unknown = rows.filter((row) => !known.includes(row));
      const sign = next === 'ascending' ? 1 : -1;
      // Unknown values are last in both sort orders.
      fill([...known].sort((a, b) => sign * compare(column.value(a), column.value(b))).concat(unknown));
    };
    head.replaceChildren(el('button', {type: 'button', click: sort}, column.title));
  });
}
