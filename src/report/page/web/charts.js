// ECharts charts: created when they become visible, again when the theme changes, and all of them for printing.
import {init, use} from 'echarts/core';
import {BarChart, LineChart, ScatterChart} from 'echarts/charts';
import {DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent} from 'echarts/components';
import {CanvasRenderer} from 'echarts/renderers';
import {colour, el, SYNTHETIC} from './dom.js';

use([BarChart, LineChart, ScatterChart, DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

// Pixels on paper: the text's width of A4 and Letter with the style sheet's margins.
const PAPER = {'': [690, 300], tall: [560, 560], square: [400, 360]};

const alive = new Set();
let printing = false;

/**
 * @param label text for screen readers. @param option returns ECharts' option object; called for each theme.
 * @param how {kind, ready: called with each new chart, synthetic: whether to write so on it, height: in rem}
 */
export function chart(label, option, {kind = '', ready = () => {}, synthetic = false, height = null} = {}) {
  const node = el('div', {class: 'chart ' + kind, role: 'img', 'aria-label': label + (synthetic ? ` (${SYNTHETIC})` : ''), 'data-mark': synthetic ? SYNTHETIC : null});
  if (height) node.style.height = `${height}rem`;
  const item = {node, option, ready, height, kind, chart: null};
  alive.add(item);
  new IntersectionObserver((entries, watcher) => {
    if (!entries.some((entry) => entry.isIntersecting) || printing) return;
    watcher.disconnect();
    if (!item.chart) draw(item);
  }, {rootMargin: '300px'}).observe(node);
  new ResizeObserver(() => { if (!printing) item.chart?.resize(); }).observe(node);
  return node;
}

function draw(item, size = {}) {
  item.chart?.dispose();
  item.chart = init(item.node, null, {renderer: 'canvas', ...size});
  item.chart.setOption({animation: false, textStyle: {color: colour('text'), fontFamily: 'system-ui, sans-serif'}, ...item.option()});
  item.ready(item.chart);
}

/** Lets go of the charts that are no longer on the page. */
export function forget() {
  for (const item of alive) {
    if (item.node.isConnected) continue;
    item.chart?.dispose();
    alive.delete(item);
  }
}

export function redrawAll() {
  forget();
  for (const item of alive) if (item.chart) draw(item);
}

/** Draws every chart at its size on paper, also those that were not in sight yet. */
export function drawForPaper() {
  forget();
  printing = true;
  for (const item of alive) {
    item.shown = item.chart !== null;
    const [width, height] = PAPER[item.kind];
    draw(item, {width, height: item.height ? item.height * 16 : height, devicePixelRatio: 2});
  }
}

export function drawForScreen() {
  printing = false;
  for (const item of alive) {
    if (item.shown) { draw(item); continue; }
    item.chart.dispose();
    item.chart = null;
  }
}

export function axis(name, more = {}) {
  return {
    name, nameLocation: 'middle', nameTextStyle: {color: colour('soft')},
    axisLine: {show: true, lineStyle: {color: colour('line')}}, axisTick: {show: false},
    axisLabel: {color: colour('soft'), hideOverlap: true}, splitLine: {lineStyle: {color: colour('line'), opacity: .7}}, ...more,
  };
}

/** A tooltip with DOM elements as its content, never HTML strings. */
export function tooltip(content, more = {}) {
  return {
    confine: true, backgroundColor: colour('card'), borderColor: colour('line'), textStyle: {color: colour('text')},
    formatter: (what) => el('div', {class: 'tip'}, ...content(what)), ...more,
  };
}

export function legend(more = {}) {
  return {bottom: 0, itemWidth: 34, itemStyle: {opacity: 0}, textStyle: {color: colour('text')}, inactiveColor: colour('line'), ...more};
}
