// Writes src/ImmichMl.Inference/Tokenizers/unicode.bin: what Hugging Face's tokenizers (the Rust crates it is built from, each with a
// Unicode version of its own) think of every code point, asked from the library itself. Run: npm install && node make-unicode.mjs
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import T from 'tokenizers';

const all = [];
for (let c = 0; c < 0x110000; c++) if (c < 0xd800 || c > 0xdfff) all.push(c);
const text = list => { let s = ''; for (let i = 0; i < list.length; i += 4096) s += String.fromCodePoint(...list.slice(i, i + 4096)); return s; };
const points = s => Array.from(s, c => c.codePointAt(0));
const everything = text(all);
const wordLevel = { type: 'WordLevel', vocab: { x: 0 }, unk_token: 'x' };
const build = parts => T.Tokenizer.fromString(JSON.stringify({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, model: wordLevel, ...parts }));
const normalizer = n => build({ normalizer: n }).getNormalizer();
const pretokenizer = p => build({ pre_tokenizer: p }).getPreTokenizer();

// General categories as the regular expressions see them.
const names = ['Lu', 'Ll', 'Lt', 'Lm', 'Lo', 'Mn', 'Mc', 'Me', 'Nd', 'Nl', 'No', 'Zs', 'Zl', 'Zp', 'Cc', 'Cf', 'Cs', 'Co', 'Pc', 'Pd', 'Ps', 'Pe', 'Pi', 'Pf', 'Po', 'Sm', 'Sc', 'Sk', 'So', 'Cn'];
const category = new Uint8Array(0x110000).fill(29);
category.fill(16, 0xd800, 0xe000);
names.forEach((name, i) => {
  if (name === 'Cs') return;
  for (const c of points(normalizer({ type: 'Replace', pattern: { Regex: `[^\\p{${name}}]` }, content: '' }).normalizeString(everything))) category[c] = i;
});

const flags = new Uint8Array(0x110000);
const mark = (bit, list) => list.forEach(c => { flags[c] |= 1 << bit; });
const missing = kept => { const set = new Set(points(kept)); return all.filter(c => !set.has(c)); };
// 0: dropped by StripAccents.
mark(0, missing(normalizer({ type: 'StripAccents' }).normalizeString(everything)));
// 1: dropped by BertNormalizer's strip_accents, which decomposes first: only what is its own decomposition can be asked.
const bert = o => normalizer({ type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false, ...o });
const nfd = normalizer({ type: 'NFD' }), nfc = normalizer({ type: 'NFC' }), nfkd = normalizer({ type: 'NFKD' });
const lines = (n, list, by) => n.normalizeString(list.map(c => String.fromCodePoint(c)).join(by)).split(by);
const each = (n, by = '\n') => { const separate = all.filter(c => c !== by.codePointAt(0)); const out = new Map(); for (let i = 0; i < separate.length; i += 10000) { const part = separate.slice(i, i + 10000); const got = lines(n, part, by); if (got.length !== part.length) throw new Error('lines'); part.forEach((c, k) => out.set(c, got[k])); } return out; };
mark(1, [...each(bert({ strip_accents: true }))].filter(([, v]) => v === '').map(([c]) => c));
// 2: dropped by BertNormalizer's clean_text.  3: made a space by it.
const cleaned = each(bert({ clean_text: true }), '\u4e00');
mark(2, [...cleaned].filter(([, v]) => v === '').map(([c]) => c));
mark(3, [...cleaned].filter(([, v]) => v === ' ').map(([c]) => c));
// 4: punctuation.  5: numeric.  6: a word character of Whitespace.  7: white space of WhitespaceSplit.
const pieces = (p, s) => p.preTokenizeString(s).map(x => x[0]);
const chunks = function* (list) { for (let i = 0; i < list.length; i += 5000) yield list.slice(i, i + 5000); };
const alone = (p, filler) => { const out = []; for (const part of chunks(all)) for (const x of pieces(p, part.map(c => filler + String.fromCodePoint(c)).join(''))) { const cs = points(x); if (cs.length === 1 && (x !== filler)) out.push(cs[0]); } return out; };
mark(4, alone(pretokenizer({ type: 'Punctuation', behavior: 'Isolated' }), 'a'));
mark(5, alone(pretokenizer({ type: 'Digits', individual_digits: true }), 'a'));
mark(6, [...alone(pretokenizer({ type: 'Whitespace' }), '!')]);
{ const kept = new Set(); for (const part of chunks(all)) for (const x of pieces(pretokenizer({ type: 'WhitespaceSplit' }), text(part))) points(x).forEach(c => kept.add(c)); mark(7, all.filter(c => !kept.has(c))); }

// Canonical combining classes: values from Python's unicodedata, kept where the library reorders by them.
const ccc = new Uint8Array(0x110000);
const listed = JSON.parse(execFileSync('python3', ['-c', 'import unicodedata,json;print(json.dumps([[c,unicodedata.combining(chr(c))] for c in range(0x110000) if unicodedata.combining(chr(c))]))'], { maxBuffer: 1 << 26 }));
for (const [c, value] of listed) {
  const s = String.fromCodePoint(c);
  const moves = value === 1 ? nfd.normalizeString('a\u0301' + s) !== 'a\u0301' + s : nfd.normalizeString('a' + s + '\u0338').endsWith(s);
  const decomposes = nfd.normalizeString(s) !== s;
  if (moves || decomposes) ccc[c] = value; else console.error('no class', c.toString(16), value);
}

const decomposed = each(nfd), compatible = each(nfkd), composed = each(nfc), lower = each(normalizer({ type: 'Lowercase' }));
const hangul = c => c >= 0xac00 && c <= 0xd7a3;
const out = [];
const varint = v => { while (v > 127) { out.push((v & 127) | 128); v >>= 7; } out.push(v); };
const runs = [];
for (let c = 0; c < 0x110000; c++) {
  const last = runs.at(-1);
  if (last && last[1] === category[c] && last[2] === flags[c] && last[3] === ccc[c]) last[0]++; else runs.push([1, category[c], flags[c], ccc[c]]);
}
varint(runs.length);
for (const [n, ...v] of runs) { varint(n); out.push(...v); }
const map = (entries, extra) => {
  varint(entries.length);
  let before = 0;
  for (const [c, v] of entries) { const to = points(v); varint(c - before); before = c; varint(to.length * 2 + (extra ? extra(c) : 0)); to.forEach(varint); }
};
// A canonical decomposition with bit 0 set composes again.
map([...decomposed].filter(([c, v]) => !hangul(c) && v !== String.fromCodePoint(c)), c => (composed.get(c) === String.fromCodePoint(c) ? 1 : 0));
map([...compatible].filter(([c, v]) => !hangul(c) && v !== decomposed.get(c)));
map([...lower].filter(([c, v]) => v !== String.fromCodePoint(c)));
writeFileSync(new URL('../../../src/ImmichMl.Inference/Tokenizers/unicode.bin', import.meta.url), Buffer.from(out));
console.log(runs.length, 'runs', out.length, 'bytes');
