// ECharts charts: created when they become visible, and again when the theme changes.
import {init, use} from 'echarts/core';
import {BarChart, LineChart, ScatterChart} from 'echarts/charts';
import {DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent} from 'echarts/components';
import {CanvasRenderer} from 'echarts/renderers';
import {colour, el} from './dom.js';

use([BarChart, LineChart, ScatterChart, DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

const alive = new Set();

/** @param label text for screen readers. @param option returns ECharts' option object; called for each theme. */
export function chart(label, option, {kind = '', ready = () => {}} = {}) {
  const node = el('div', {class: 'chart ' + kind, role: 'img', 'aria-label': label});
  const item = {node, option, ready, chart: null};
  alive.add(item);
  new IntersectionObserver((entries, watcher) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    draw(item);
  }, {rootMargin: '300px'}).observe(node);
  new ResizeObserver(() => item.chart?.resize()).observe(node);
  return node;
}

function draw(item) {
  item.chart?.dispose();
  item.chart = init(item.node, null, {renderer: 'canvas'});
  item.chart.setOption({animation: false, textStyle: {color: colour('text'), fontFamily: 'system-ui, sans-serif'}, ...item.option()});
  item.ready(item.chart);
}

export function redrawAll() {
  for (const item of alive) {
    if (!item.node.isConnected) {
      item.chart?.dispose();
      alive.delete(item);
    } else if (item.chart) {
      draw(item);
    }
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
