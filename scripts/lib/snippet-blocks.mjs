const BLOCK = /^(?:<!-- snippet: (\S+) -->\n+)?```(\w*)[^\n]*\n([\s\S]*?)^```$/gm;
const CODE = new Set(['ts', 'typescript', 'tsx']);
/** Forms of a TypeScript block that BLOCK does not find. */
const ODD_BLOCK = /^(?:[ \t]+```|[ \t]*~~~)(?:ts|typescript|tsx)\b/;

/**
 * Puts snippets into the TypeScript blocks of a Markdown text. `snippetOf` gives a snippet's code by its name, or `null`.
 * Answers the text with all blocks as they should be, the names that were used, and what is wrong with it as it is:
 * `{ text, used, problems }`, each problem with its line number.
 */
export function fillSnippets(markdown, snippetOf) {
  const used = [];
  const problems = [];
  const text = markdown.replace(BLOCK, (block, name, language, code, offset) => {
    const problem = (what) => void problems.push(`${markdown.slice(0, offset).split('\n').length}: ${what}`);
    if (name === undefined) {
      if (CODE.has(language))
        problem('a TypeScript block without `<!-- snippet: name -->` above it: nobody compiles it');
      return block;
    }
    used.push(name);
    const snippet = snippetOf(name);
    if (snippet === null) problem(`there is no snippet ${name}`);
    else if (snippet !== code) problem(`the block is not what snippet ${name} is now`);
    return snippet === null
      ? block
      : block.replace(/(```\w*[^\n]*\n)[\s\S]*$/, (_, fence) => `${fence}${snippet}\`\`\``);
  });
  markdown.split('\n').forEach((line, index) => {
    if (ODD_BLOCK.test(line))
      problems.push(`${index + 1}: a TypeScript block must be fenced by \`\`\` at the start of a line`);
  });
  return { text, used, problems };
}

/** The lines between `// #region name` and `// #endregion name`, without their common indentation; `null` where there are none. */
export function regionOf(source, name) {
  const lines = source.split('\n');
  const first = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  const last = lines.findIndex((line) => line.trim() === `// #endregion ${name}`);
  if (first < 0 || last < first) return null;
  const inside = lines.slice(first + 1, last).filter((line) => !/^\s*\/\/ #(end)?region /.test(line));
  const indent = Math.min(...inside.filter((line) => line.trim()).map((line) => line.search(/\S/)));
  return inside.map((line) => `${line.slice(indent)}\n`).join('');
}
