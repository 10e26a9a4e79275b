import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/objects/digest.ts';
import { packetFiles } from '../../src/packets/files/packet-files.ts';
import { shippedTemplates, TEMPLATES } from '../../src/packets/files/templates.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes } from '../cli/desk.ts';
import type { Forged } from './forge.ts';
import { ForgeDesk } from './forge-desk.ts';

/** README.md and the scripts of a packet: what its templates make of its documents, or it is told. */
describe('prose that was forged', () => {
  const at = new ForgeDesk();
  afterEach(() => void list.set('README.md', shipped));

  // As if other releases had shipped other words.
  const list = TEMPLATES as Map<string, readonly string[]>;
  const shipped = TEMPLATES.get('README.md')!;
  const older = 'Older words: {{plan.name}}\n';
  const listOlder = (): void =>
    void list.set('README.md', [...shipped, digestOf(new Uint8Array(Buffer.from(older)))]);

  const textOf = ({ objects, rehearsal, verdict }: Forged, name: string): string =>
    packetFiles(rehearsal, [verdict], objects).get(name) as string;
  async function verify(
    material: Forged,
    files: Record<string, string | null>,
    options: { anyTemplate?: boolean } = {},
  ) {
    return await verifyRevision(at.ledger, `@${await at.commit(material, { files })}`, options);
  }

  it.each(['README.md', 'commands.sh', 'RERUN.sh'])('%s with a line more', async (name) => {
    const report = await verify(at.good, { [name]: `${textOf(at.good, name)}echo all is well\n` });
    expect(codes(report.findings)).toEqual([['TREE_DIFFERS', name]]);
    expect(report).toMatchObject({ ok: false, levels: { semantics: 'failed' } });
  });

  it('a rejected packet under an accepted one’s words', async () => {
    const { findings } = await verify(at.bad, { 'README.md': textOf(at.good, 'README.md') });
    expect(codes(findings)).toContainEqual(['TREE_DIFFERS', 'README.md']);
    const own = await verify(at.bad, {});
    expect(codes(own.findings).filter(([code]) => code === 'TREE_DIFFERS')).toEqual([]);
    expect(textOf(at.bad, 'README.md')).toMatch(/^# Rehearsal REJECTED: one more post\n/);
    expect(textOf(at.bad, 'README.md')).toContain('- DELTA\\_UNEXPECTED at delta/posts');
  });

  it.each([
    ['nobody listed', 'All is well.\n'],
    ['that is listed under another name', shippedTemplates().get('commands.sh')!],
  ])('a template %s', async (_, template) => {
    const files = { 'templates/README.md': template, 'README.md': 'All is well.\n' };
    const report = await verify(at.good, files);
    expect(codes(report.findings)).toEqual([
      ['LEVEL_SKIPPED', 'semantics'],
      ['TEMPLATE_UNKNOWN', 'templates/README.md'],
    ]);
    expect(report).toMatchObject({ ok: false, levels: { semantics: 'skipped' }, notes: [] });
    const any = await verify(at.good, files, { anyTemplate: true });
    expect(any).toMatchObject({ ok: true, levels: { semantics: 'done' }, findings: [] });
    expect(codes(any.notes)).toEqual([['TEMPLATE_UNKNOWN', 'templates/README.md']]);
  });

  it('an unknown template excuses its own text alone', async () => {
    const files = { 'templates/README.md': 'x', 'README.md': 'x', 'commands.sh': 'x', 'templates/x': 'x' };
    const report = await verify(at.good, files, { anyTemplate: true });
    expect(codes(report.findings)).toEqual([
      ['TREE_DIFFERS', 'commands.sh'],
      ['TREE_DIFFERS', 'templates/x'],
    ]);
  });

  it('a template or a text too few', async () => {
    const without = await verify(at.good, { 'templates/README.md': null });
    expect(codes(without.findings)).toEqual([['TREE_DIFFERS', 'templates/README.md']]);
    const files = { 'templates/README.md': 'x', 'README.md': null };
    const text = await verify(at.good, files, { anyTemplate: true });
    expect(codes(text.findings)).toEqual([['TREE_DIFFERS', 'README.md']]);
  });

  it('words of another release are checked by the template in the packet', async () => {
    listOlder();
    const sound = { 'templates/README.md': older, 'README.md': 'Older words: one more post\n' };
    expect(await verify(at.good, sound)).toMatchObject({ ok: true, levels: { semantics: 'done' } });
    const forged = await verify(at.good, { ...sound, 'README.md': 'Older words: one more Post\n' });
    expect(codes(forged.findings)).toEqual([['TREE_DIFFERS', 'README.md']]);
  });
});
