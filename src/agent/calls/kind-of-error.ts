/** The name of a class of errors, for the log. An error may have been given any other name, such as one that holds an id. */
export function kindOfError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return /^[A-Z][A-Za-z]{0,39}$/.test(error.name) ? error.name : 'Error';
}
