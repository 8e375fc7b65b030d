// Paper: everything unfolded, in the light theme, every chart drawn; and the screen as it was afterwards.
import {drawForPaper, drawForScreen} from './charts.js';

const nodes = (selector) => [...document.querySelectorAll(selector)];

/** @param redraw draws what is no chart and depends on the theme. */
export function watchPrinting(redraw) {
  const root = document.documentElement;
  let before = null;
  addEventListener('beforeprint', () => {
    if (before) return;
    before = {theme: root.dataset.theme, folded: nodes('details:not([open])')};
    root.dataset.theme = 'light';
    before.folded.forEach((node) => { node.open = true; });
    nodes('[data-paper]').forEach((node) => node.dispatchEvent(new Event('paper')));
    drawForPaper();
    redraw();
  });
  addEventListener('afterprint', () => {
    if (!before) return;
    if (before.theme) root.dataset.theme = before.theme;
    else delete root.dataset.theme;
    before.folded.forEach((node) => { node.open = false; });
    nodes('[data-paper]').forEach((node) => node.dispatchEvent(new Event('screen')));
    drawForScreen();
    redraw();
    before = null;
  });
}
