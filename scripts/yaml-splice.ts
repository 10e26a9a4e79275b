import { isScalar, parseDocument } from 'yaml';

/**
 * Puts a text in the place of a scalar and leaves everything else of the YAML as it is written. The text is quoted: a
 * digest may look like a number. It holds no quotes itself.
 */
export function splice(yaml: string, path: readonly (string | number)[], value: string): string {
  const node = parseDocument(yaml).getIn(path, true);
  if (!isScalar(node) || !node.range) throw new Error(`there is no ${path.join('.')}`);
  return yaml.slice(0, node.range[0]) + `'${value}'` + yaml.slice(node.range[1]);
}
