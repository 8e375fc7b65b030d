// Runs the exported model with onnxruntime-web, whose program is on the page as gzip in base64. It starts on first use.
import {env, InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import {bytesOf} from './dom.js';

const text = (id) => document.getElementById(id).textContent;
const sizeOf = (id) => text(id).length * 3 / 4;

/** Bytes on the page: the runtime's, which are packed, and the model's. */
export const sizes = () => ({runtime: sizeOf('runtime'), model: sizeOf('model')});

const inputs = (bytes, {height, width}) => ({images: new Tensor('uint8', bytes, [1, height, width, 3])});

async function start() {
  const packed = new Blob([bytesOf(text('runtime'))]).stream();
  env.logLevel = 'error';
  env.wasm.numThreads = 1;  // A page from disk is not isolated, as threads need it.
  env.wasm.wasmBinary = await new Response(packed.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
  const session = await InferenceSession.create(bytesOf(text('model')), {executionProviders: ['wasm']});
  const [, height, width] = session.inputMetadata[0].shape;
  const sides = {height, width};
  await session.run(inputs(new Uint8Array(height * width * 3), sides));  // The first run takes its memory, which would count as time.
  return {session, sides};
}

let started = null;

/** @returns a promise of the size of the pictures that the model takes. */
export async function sides() {
  started ??= start();
  return (await started).sides;
}

/** @param bytes RGB of the size `sides()`. @returns {probabilities of the digits 0 to 9, milliseconds} */
export async function answer(bytes) {
  const {session, sides: size} = await started;
  const begin = performance.now();
  const {probabilities} = await session.run(inputs(bytes, size));
  return {probabilities: [...probabilities.data], milliseconds: performance.now() - begin};
}
