/** What a caller may have tools do, from least to most. */
export const PERMISSION_TIERS = ['NONE', 'READ_ONLY', 'WRITE', 'SYSTEM'] as const;
export type PermissionTier = (typeof PERMISSION_TIERS)[number];

export function isPermissionTier(value: unknown): value is PermissionTier {
  return PERMISSION_TIERS.includes(value as PermissionTier);
}

/** Whether a caller with `held` may use what needs `needed`. */
export function covers(held: PermissionTier, needed: PermissionTier): boolean {
  return PERMISSION_TIERS.indexOf(held) >= PERMISSION_TIERS.indexOf(needed);
}

/** The tier that allows less. */
export function narrower(one: PermissionTier, other: PermissionTier): PermissionTier {
  return covers(one, other) ? other : one;
}
