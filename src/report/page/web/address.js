// The page's addresses: #run-SLUG and #run-SLUG/RESULT. They are made of names, so that they outlive the next report.
const PREFIX = '#run-';

export function addressOf(run, result) {
  return PREFIX + encodeURIComponent(run.slug) + (result ? '/' + encodeURIComponent(result.slug) : '');
}

/** The result that a run opens with: its primary one, else the one that has most to show. */
export function firstResult(run) {
  const parts = (result) => ['evaluation', 'robustness', 'mistakes', 'activations', 'saliency', 'tsne'].filter((part) => result[part]).length;
  return run.results.find((result) => result.primary) ?? [...run.results].sort((a, b) => parts(b) - parts(a))[0] ?? null;
}

const decoded = (text) => {
  try { return decodeURIComponent(text); } catch { return text; }
};

/** @returns {run, result} of an address; null for any other. */
export function read(hash, runs) {
  if (!hash.startsWith(PREFIX)) return null;
  const [slug, part] = hash.slice(PREFIX.length).split('/').map(decoded);
  const run = runs.find((one) => one.slug === slug);
  return run ? {run, result: run.results.find((one) => one.slug === part) ?? firstResult(run)} : null;
}
