/** The 97.5 % quantile of the normal distribution, for 95 % between both ends. */
const Z = 1.959963984540054;

/**
 * The rates, low and high, between which the true one lies with 95 % confidence where `count` of `total` were observed.
 * `[0, 1]` for nothing observed. The score interval of E. B. Wilson, "Probable Inference, the Law of Succession, and
 * Statistical Inference", Journal of the American Statistical Association 22 (1927), 209–212: unlike the interval around
 * the mean it holds for few observations and for rates near 0.
 */
export function wilsonInterval(count: number, total: number): readonly [low: number, high: number] {
  if (total === 0) return [0, 1];
  const rate = count / total;
  const z2 = Z * Z;
  const scale = 1 + z2 / total;
  const centre = (rate + z2 / (2 * total)) / scale;
  const half = (Z / scale) * Math.sqrt((rate * (1 - rate)) / total + z2 / (4 * total * total));
  // Exactly at the ends, whatever rounding leaves.
  return [count === 0 ? 0 : centre - half, count === total ? 1 : centre + half];
}
