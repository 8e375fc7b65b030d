// Words for what a figure is of: which model, which data, which images, when.
import {badge, capital, counted, el, syntheticBadge} from './dom.js';

const WHICH = {best: 'best model', last: 'last model'};

/** The first digits of a fingerprint, enough to tell two apart. */
export const short = (fingerprint) => (fingerprint ? fingerprint.replace(/^[a-z0-9]+:/i, '').slice(0, 8) : null);
export const fileName = (path) => (path ? path.split('/').pop() : null);
export const day = (date) => (date ? date.slice(0, 10) : null);

export function modelWords(model) {
  const name = WHICH[model.which] ?? fileName(model.file) ?? model.name ?? 'a model';
  return name + (model.epoch ? ` (epoch ${model.epoch})` : '');
}

export const imagesOf = (result) => result.split_images ?? result.evaluation?.images ?? null;

/** Whether a result is of other images than those that the run belongs to. */
export const isApart = (run, result) => result.data.same_as_training === false || Boolean(result.data.synthetic) !== Boolean(run.synthetic);

/** "best model (epoch 9), test split, 19,858 images". */
export function resultName(run, result) {
  const images = imagesOf(result);
  const parts = [modelWords(result.model), result.split && `${result.split} split`, images && counted(images, 'image')];
  if (isApart(run, result)) parts.push(`other data: ${fileName(result.data.file) ?? 'unknown'}`);
  if (result.data.synthetic) parts.push('synthetic digits');
  return parts.filter(Boolean).join(', ');
}

/** The line below a heading that says of what its figures are. */
export function stamp(run, result) {
  const images = imagesOf(result);
  const data = [fileName(result.data.file), result.split_fingerprint && `fingerprint ${result.split_fingerprint}`].filter(Boolean);
  const words = [capital(modelWords(result.model)), result.split && `${result.split} split${images ? ` (${counted(images, 'image')})` : ''}`,
    data.length && data.join(', '), day(result.date)].filter(Boolean).join(' · ');
  return el('p', {class: 'stamp'}, words, ...marks(run, result));
}

export function marks(run, result) {
  const found = [syntheticBadge(result.data.synthetic), result.data.same_as_training === false ? badge('not the training’s data', 'other') : null];
  return found.filter(Boolean).flatMap((mark) => [' ', mark]);
}

/** The same for what comes from the training itself. */
export function trainingStamp(run) {
  const about = run.training ?? {};
  const data = [fileName(about.data), about.val_fingerprint && `fingerprint of the validation split ${about.val_fingerprint}`].filter(Boolean).join(', ');
  const words = [`Training of ${run.name}`, data,
    about.images && counted(about.images, 'training image'), day(about.date)].filter(Boolean).join(' · ');
  return el('p', {class: 'stamp'}, words, ...(run.synthetic ? [' ', syntheticBadge(true)] : []));
}
