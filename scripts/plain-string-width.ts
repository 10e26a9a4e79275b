/**
 * Stands in for the package `string-width` in the bundle: yargs measures help texts with it, which are ours and hold no wide
 * characters. The package makes an Intl.Segmenter and compiles Unicode tables as it loads, half of a command's start.
 */
export default function stringWidth(text: string): number {
  return Array.from(text).length;
}
