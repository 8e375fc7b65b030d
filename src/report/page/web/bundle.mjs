// Bundles the page that is embedded in the program: bundle.mjs SOURCES MODULES OUTPUT
// Inserts the style sheet and the bundled script into index.html, with their hashes in the content security policy.
// The program replaces {{DATA}}, {{TITLE}}, {{DESCRIPTION}} and {{PREVIEW}}.
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join, resolve} from 'node:path';

const [sources, modules, output] = process.argv.slice(2).map((path) => resolve(path));
const {build} = createRequire(join(modules, 'package.json'))('esbuild');
const version = (name) => JSON.parse(readFileSync(join(modules, 'node_modules', name, 'package.json'), 'utf8')).version;

const notice = `/* Contains Apache ECharts ${version('echarts')} (https://echarts.apache.org), licensed under the Apache License 2.0
(https://www.apache.org/licenses/LICENSE-2.0), Copyright The Apache Software Foundation;
zrender ${version('zrender')}, BSD 3-Clause, Copyright (c) 2017, Baidu Inc.; tslib ${version('tslib')}, 0BSD, Copyright (c) Microsoft Corporation. */`;

async function bundled(entry, options) {
  const made = await build({
    entryPoints: [join(sources, entry)], bundle: true, minify: true, write: false, charset: 'utf8', target: ['es2022'],
    nodePaths: [join(modules, 'node_modules')], define: {'process.env.NODE_ENV': '"production"'}, logLevel: 'warning', ...options});
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
// For ccache, which does not see the file that template.cpp's assembler includes.
writeFileSync(output + '.h', `// ${hash(page)}\n`);
