/** Whether a tool's result says that the tool failed: `[false, …]`, `{ ok | success: false }`, `{ isError: true }`, `{ error }`. */
export function isFailedResult(result: unknown): boolean {
  if (Array.isArray(result)) return result.length === 2 && result[0] === false;
  if (typeof result !== 'object' || result === null) return false;
  const { ok, success, isError, error } = result as Readonly<Record<string, unknown>>;
  return ok === false || success === false || isError === true || Boolean(error);
}
