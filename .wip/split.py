import re,os,subprocess,sys,glob
s=open('SPEC.md').read()
parts=re.split(r'^## (\d+)\. (.*)$', s, flags=re.M)
pre=parts[0]
secs={int(parts[i]):(parts[i+1].strip(), parts[i+2].strip('\n')) for i in range(1,len(parts),3)}
# Restore scripts moves from Snapshots to REHEARSAL
t,b=secs[11]
i=b.index('### Restore scripts')
restore=b[i:].replace('### Restore scripts','').strip('\n'); secs[11]=(t,b[:i].rstrip('\n'))
secs[40]=('Restore scripts',restore)
ORDER={'FORMAT':[1,2,3,4,12,13,14,15,16,5,6,7,8,9,10,11,17,23,30],
       'REHEARSAL':[18,19,40,20,21,22,29],
       'CLI':[24,25,26,27,28]}
assert sorted(sum(ORDER.values(),[]))==sorted(secs), set(secs)^set(sum(ORDER.values(),[]))
where={n:f for f,l in ORDER.items() for n in l}
def slug(t):
    t=re.sub(r'[`*]','',t.lower()); t=re.sub(r"[^\w\- ]",'',t); return t.replace(' ','-')
# titles & anchors by file
titles={} # title -> file, anchor
anchors={}
for n,(t,b) in secs.items():
    f=where[n]
    titles[t]=(f,slug(t))
    for h in re.findall(r'^### (.*)$',b,re.M):
        if h in titles and titles[h][0]!=f: pass
        titles.setdefault(h,(f,slug(h)))
    for a in re.findall(r'<a id="([^"]+)">',b): anchors[a]=f
    for bold in re.findall(r'\*\*([^*\n]+?)[.,:]?\*\*',b): titles.setdefault(bold.strip('`'),(f,slug(t)))
def ref(f,here,anchor): return ('' if f==here else f+'.md')+'#'+anchor
def fix(text,here):
    def named(m):
        n=int(m.group(1)); title=m.group(2)
        t=titles.get(title) 
        f=where[n]
        a=t[1] if t and t[0]==f else slug(secs[n][0])
        if title.lower() in anchors and anchors[title.lower()]==f: a=title.lower()
        if title=='Masking': f,a='FORMAT','masking'
        return f'[{title}]({ref(f,here,a)})'
    text=re.sub(r'(?<!\d )(?:section|chapter) (\d+), "([^"]+)"',named,text)
    def plain(m):
        n=int(m.group(1)); t=secs[n][0]; return f'[{t}]({ref(where[n],here,slug(t))})'
    text=re.sub(r'sections (\d+) and (\d+)(?!\.\d)',lambda m: plain(re.match(r'(\d+)',m.group(1)))+' and '+plain(re.match(r'(\d+)',m.group(2))),text)
    text=re.sub(r'(?<!\d )\b(?:section|chapter) (\d+)(?![.\d])',plain,text)
    text=re.sub(r'\]\(#([^)]+)\)',lambda m: f']({ref(anchors.get(m.group(1),here),here,m.group(1))})' if m.group(1) in anchors else m.group(0),text)
    return text
HEADS={
'FORMAT':'''# Custody: the formats

This page is the only source of what custody stores and of what makes it sound: a second implementation can be written
from it, in this order: first what opens a ledger, then what lies in it. Where the code differs from this page, one of the
two has a bug. How a rehearsal is made and judged is in [REHEARSAL.md](REHEARSAL.md), the command line in
[CLI.md](CLI.md). The hex blocks, and the tables marked as such, are printed from the code by
`node scripts/spec-examples.ts`; `test/spec.test.ts` fails when they differ from it. More vectors, valid and invalid, are
files under `test/vectors/`; each section names its folder.
''',
'REHEARSAL':'''# Custody: plans, rehearsals, verdicts

What a plan may say, how a change and its ways back are rehearsed, and how a validator judges what came of it. The formats
are in [FORMAT.md](FORMAT.md), whose words hold here, too; the command line is in [CLI.md](CLI.md). Tables and blocks
that are marked as such are held against the code by `test/spec.test.ts`.
''',
'CLI':'''# Custody: the command line

Commands, exit codes, and every error and finding code. The formats are in [FORMAT.md](FORMAT.md), rehearsals in
[REHEARSAL.md](REHEARSAL.md). Tables that are marked as such are printed from the code, or held against it by
`test/spec.test.ts`.
'''}
os.makedirs('spec',exist_ok=True)
for f,l in ORDER.items():
    toc=' ·\n'.join(f'[{secs[n][0]}](#{slug(secs[n][0])})' for n in l)
    out=HEADS[f]+'\n'+toc+'\n'
    for n in l:
        t,b=secs[n]
        out+=f'\n## {t}\n\n{fix(b,f).strip(chr(10))}\n'
    open(f'spec/{f}.md','w').write(out)
# code texts
def rows(name):
    m=re.search(r'<!-- table:%s -->\n(.*?)<!-- /table -->'%name,s,re.S).group(1).strip().split('\n')[2:]
    return [[c.strip() for c in r[1:-1].split('|')] for r in m]
def q(x): 
    return "'"+x.replace('\\','\\\\').replace("'","\\'")+"'" if "'" not in x else '`'+x.replace('\\','\\\\').replace('`','\\`').replace('${','\\${')+'`' if '`' not in x else '"'+x.replace('\\','\\\\').replace('"','\\"')+'"'
codes="""import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { ERROR_EXIT, type ErrorCode } from '../../src/errors.ts';
import { FINDING_CODES, type FindingCode } from '../../src/finding.ts';

/** What each error code says: the table of spec/CLI.md is printed from it. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
"""
for c,e,m in rows('error-codes'): codes+=f"  {c.strip('`')}: {q(fix(m,'CLI'))},\n"
codes+="""};

/** Who reports each finding code (a level of verify, or a command), and what it says; `nobody yet` is reserved. */
export const FINDING_MEANINGS: Readonly<Record<FindingCode, readonly [by: string, meaning: string]>> = {
"""
for c,w,m in rows('finding-codes'): codes+=f"  {c.strip('`')}: [{q(w)}, {q(fix(m,'CLI'))}],\n"
codes+='''};

/** The rows of a table, with its head. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const [names, ...cells] = [head, ...rows].map((row) => `| ${row.join(' | ')} |`);
  return [names!, `|${head.map(() => '---').join('|')}|`, ...cells];
}

export function errorCodes(): string[] {
  return table(
    ['code', 'exit', 'meaning'],
    (Object.keys(ERROR_EXIT) as ErrorCode[]).map((code) => [
      `\\`${code}\\``,
      String(exitCodeOf({ code })),
      ERROR_MEANINGS[code],
    ]),
  );
}

export function findingCodes(): string[] {
  return table(
    ['code', 'reported by', 'meaning'],
    FINDING_CODES.map((code) => [`\\`${code}\\``, ...FINDING_MEANINGS[code]]),
  );
}
'''
open('scripts/spec/codes.ts','w').write(codes)
# in CLI.md the two tables become printed ones
p='spec/CLI.md'; c=open(p).read()
for name in ['error-codes','finding-codes']:
    c=re.sub(r'<!-- table:%s -->\n.*?<!-- /table -->'%name, f'<!-- printed:{name} -->\n<!-- /printed -->', c, flags=re.S)
open(p,'w').write(c)
# citations elsewhere
files=subprocess.run("git ls-files src test scripts bench bin profiles examples schemas README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md package.json .prettierignore",shell=True,capture_output=True,text=True).stdout.split()
bad=[]
for p in files:
    if not os.path.isfile(p) or p.startswith('test/vectors/'): continue
    try: x=open(p).read()
    except UnicodeDecodeError: continue
    y=x
    def cite(m):
        q1,t=m.group(1),m.group(2)
        if t in titles: return f'spec/{titles[t][0]}.md, {q1}{t}{q1}'
        bad.append((p,t)); return m.group(0)
    y=re.sub(r'SPEC\.md,(?:\s+(?:\* )?)?\s*(\\?")([^"\\]+)\\?"',cite,y)
    if y!=x: open(p,'w').write(y)
SED=[('src/engines/engine.ts','a stable code (SPEC.md)','a stable code (spec/REHEARSAL.md)'),
('src/ledger/config.ts','see SPEC.md.','see spec/FORMAT.md.'),('src/ledger/config.ts','as SPEC.md describes','as spec/FORMAT.md describes'),
('src/store/scrub.ts','(SPEC.md, section 12)','(spec/FORMAT.md, "The ledger\'s folder")'),
('src/verify/policy-chain.ts','(SPEC.md, section 22)','(spec/REHEARSAL.md, "The validator")'),
('README.md','[SPEC.md](SPEC.md)','[spec/FORMAT.md](spec/FORMAT.md), [spec/REHEARSAL.md](spec/REHEARSAL.md), [spec/CLI.md](spec/CLI.md)'),
('ARCHITECTURE.md','[SPEC.md](SPEC.md)','[spec/](spec/FORMAT.md)'),
('CONTRIBUTING.md','SPEC.md is the only source','`spec/` is the only source'),
('CONTRIBUTING.md',"SPEC.md's examples anew","the examples and tables of codes of `spec/` anew"),
('CONTRIBUTING.md',"SPEC.md's tables are held","The tables of `spec/` are held"),
('CONTRIBUTING.md','`src/finding.ts`; its row in SPEC.md, `finding-codes`','`src/finding.ts`; what it says in `scripts/spec/codes.ts`'),
('CONTRIBUTING.md','number of its category; its row in SPEC.md,','number of its category; what it says in `scripts/spec/codes.ts`,'),
('package.json','"SPEC.md"','"spec"'),
('scripts/check-house.ts','SPEC.md takes','spec/ takes')]
for p,a,b in SED:
    y=open(p).read()
    if a not in y: print('NOT FOUND',p,a); continue
    open(p,'w').write(y.replace(a,b))
import shutil
shutil.copy('/tmp/t/specnew/spec-examples.ts','scripts/spec-examples.ts'); shutil.copy('/tmp/t/specnew/spec.test.ts','test/spec.test.ts')
for p in files:
    if not os.path.isfile(p) or p.startswith('test/vectors/'): continue
    try: y=open(p).read()
    except UnicodeDecodeError: continue
    z=re.sub(r'\bSPEC\.md\b','spec/',y)
    if z!=y: open(p,'w').write(z)
os.system('git rm -q --cached SPEC.md; rm -f SPEC.md')
print('uncited',bad)
os.system("grep -rn 'SPEC\\.md' --include=* src test/*.ts test/*/ scripts bench bin profiles schemas README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md package.json .prettierignore 2>/dev/null | grep -v '^test/vectors' | cut -c1-170")
os.system("grep -n 'section [0-9]\\|chapter [0-9]' spec/*.md | cut -c1-200 | grep -o '.\\{50\\}\\(section\\|chapter\\) [0-9].\\{10\\}'")
