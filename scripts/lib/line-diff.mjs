/** The lines in which two texts differ, `- ` for one only in `before`, `+ ` for one only in `after`, with the headings above them. */
export function lineDiff(before, after) {
  const [a, b] = [before.split('\n'), after.split('\n')];
  const common = commonLengths(a, b);
  const lines = [];
  let heading = '';
  const changed = (mark, line) => {
    if (heading) lines.push(heading);
    heading = '';
    lines.push(`${mark} ${line}`);
  };
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      if (a[i].startsWith('#')) heading = a[i];
      i++;
      j++;
    } else if (j < b.length && (i === a.length || common[i][j + 1] > common[i + 1][j])) changed('+', b[j++]);
    else changed('-', a[i++]);
  }
  return lines.join('\n');
}

/** `[i][j]`: the length of the longest common subsequence of `a` from `i` on and `b` from `j` on. */
function commonLengths(a, b) {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}
