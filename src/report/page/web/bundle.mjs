// Bundles what is embedded in the program: bundle.mjs SOURCES MODULES PAGE PANEL [RUNTIME]
// PAGE is index.html with the style sheet and the bundled script, and their hashes in the content security policy. PANEL is
// what "try it" adds: a first line for that policy, then its elements; it is empty without RUNTIME, the folder of onnxruntime-web.
// The program replaces {{DATA}}, {{TITLE}}, {{DESCRIPTION}}, {{PREVIEW}}, {{POLICY}}, {{PANEL}} and {{MODEL}}.
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join, resolve} from 'node:path';
import {gzipSync} from 'node:zlib';

const [sources, modules, output, panelOutput, runtime] = process.argv.slice(2).map((path) => resolve(path));
const {build} = createRequire(join(modules, 'package.json'))('esbuild');
const version = (name, folder = modules) => JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;

const notice = `/* Contains Apache ECharts ${version('echarts')} (https://echarts.apache.org), licensed under the Apache License 2.0
(https://www.apache.org/licenses/LICENSE-2.0), Copyright The Apache Software Foundation;
zrender ${version('zrender')}, BSD 3-Clause, Copyright (c) 2017, Baidu Inc.; tslib ${version('tslib')}, 0BSD, Copyright (c) Microsoft Corporation. */`;

const runtimeNotice = () => `/* Contains onnxruntime-web ${version('onnxruntime-web', runtime)} (https://onnxruntime.ai), MIT License, Copyright (c) Microsoft Corporation.
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice
and this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY
KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT
SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING
FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
Its own parts: https://github.com/microsoft/onnxruntime/blob/v${version('onnxruntime-web', runtime)}/ThirdPartyNotices.txt */`;

async function bundled(entry, options) {
  const made = await build({
    entryPoints: [join(sources, entry)], bundle: true, minify: true, write: false, charset: 'utf8', target: ['es2022'],
    nodePaths: [modules, runtime].filter(Boolean).map((folder) => join(folder, 'node_modules')), logLevel: 'warning', ...options,
    define: {'process.env.NODE_ENV': '"production"', 'import.meta.url': 'location.href'}});
  const text = made.outputFiles[0].text.trim();
  if (/<\/(script|style)/i.test(text) || /<!--/.test(text)) throw new Error(`${entry}: the bundle would end its own element`);
  return text;
}

const hash = (text) => 'sha256-' + createHash('sha256').update(text, 'utf8').digest('base64');
const style = await bundled('page.css', {});
const script = await bundled('page.js', {format: 'iife', banner: {js: notice}, legalComments: 'none'});
const parts = {STYLE_HASH: hash(style), SCRIPT_HASH: hash(script), STYLE: style, SCRIPT: script};
const page = readFileSync(join(sources, 'index.html'), 'utf8').replace(/\{\{([A-Z_]+)\}\}/g, (mark, name) => parts[name] ?? mark);
if (page.split('{{DATA}}').length !== 2) throw new Error('the page needs one place for its data');
writeFileSync(output, page);

const element = (id, text) => `<script type="text/plain" id="${id}">${text}</script>\n`;

async function panelOf() {
  const wasm = readFileSync(join(runtime, 'node_modules', 'onnxruntime-web', 'dist', 'ort-wasm-simd-threaded.wasm'));
  const code = await bundled('panel.js', {format: 'iife', banner: {js: runtimeNotice()}, legalComments: 'none'});
  return ` '${hash(code)}' 'wasm-unsafe-eval'\n` + element('model', '{{MODEL}}') + element('runtime', gzipSync(wasm, {level: 9}).toString('base64')) + `<script>${code}</script>\n`;
}

const panel = runtime ? await panelOf() : '';
writeFileSync(panelOutput, panel);
// For ccache, which does not see the files that template.cpp's assembler includes.
writeFileSync(output + '.h', `// ${hash(page)} ${hash(panel)}\n`);
