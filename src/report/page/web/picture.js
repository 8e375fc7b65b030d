// Decodes a picture file in the browser as `svhn predict` does: turned as Exif says, transparent parts laid on a plain ground.
import {el} from './dom.js';

const READABLE = 'PNG, JPEG, WebP, GIF, BMP and AVIF';

/** What cannot be answered, in words for the reader. */
export class Refused extends Error {}

/** Lays transparent parts on white or black, whichever contrasts more with the visible ones, in place. @returns what was done. */
function flatten({data}) {
  let opacity = 0, brightness = 0, opaque = true;
  for (let i = 0; i < data.length; i += 4) {
    const share = data[i + 3] / 255;
    opacity += share;
    brightness += share * (0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]) / 255;
    opaque &&= share === 1;
  }
  if (opaque) return '';
  if (opacity === 0) throw new Refused('Every pixel of this picture is transparent.');
  const ground = brightness < 0.5 * opacity ? 255 : 0;
  for (let i = 0; i < data.length; ++i) {
    if (i % 4 === 3) { data[i] = 255; continue; }
    const share = data[i - i % 4 + 3] / 255;
    data[i] = share * data[i] + (1 - share) * ground;
  }
  return `Transparent parts are laid on ${ground ? 'white' : 'black'}.`;
}

/** @returns {picture: ImageData, note} @throws Refused */
export async function decoded(file) {
  const name = file.name ? `“${file.name}”` : 'This';
  const bitmap = await createImageBitmap(file, {imageOrientation: 'from-image', premultiplyAlpha: 'none', colorSpaceConversion: 'none'}).catch(() => {
    throw new Refused(`${name} is no picture that this browser can read, such as ${READABLE}.`);
  });
  try {
    const context = el('canvas', {width: bitmap.width, height: bitmap.height}).getContext('2d', {willReadFrequently: true});
    context.drawImage(bitmap, 0, 0);
    const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return {picture, note: flatten(picture)};
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(`${name} has ${bitmap.width} × ${bitmap.height} pixels, more than this browser can hold.`);
  } finally {
    bitmap.close();
  }
}
