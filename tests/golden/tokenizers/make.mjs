// Writes ids.json: texts, and the ids that npm's tokenizers gives for them. Run: npm install && node make.mjs SHARED
// where SHARED/tokenizers holds the five families' tokenizer.json; the synthetic ones are made here.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import T from 'tokenizers';

let seed = 20261125;
const random = n => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return Math.floor(seed / 4294967296 * n); };
const ranges = [[0x20, 0x7f], [0x20, 0x7f], [0xa0, 0x250], [0x300, 0x370], [0x370, 0x530], [0x590, 0x780], [0x900, 0xe80], [0x1100, 0x1200], [0x1e00, 0x2070], [0x2000, 0x2c00], [0x3000, 0x3400], [0x4e00, 0x9fff], [0xac00, 0xd7a4], [0xe000, 0xe100], [0xf900, 0xfffe], [0x10000, 0x10600], [0x10900, 0x11800], [0x16800, 0x16f00], [0x1d100, 0x1d800], [0x1e800, 0x1f000], [0x1f000, 0x1fb00], [0x20000, 0x20200], [0x2f800, 0x2fa20], [0x30000, 0x30100], [0xe0000, 0xe0200], [0x100000, 0x100040], [0, 0x20]];
const pick = list => list[random(list.length)];
const word = () => { const [from, to] = pick(ranges); let s = ''; for (let i = 1 + random(8); i > 0; i--) s += String.fromCodePoint(from + random(to - from)); return s; };
const texts = ['', ' ', '   ', '\n', '\t \r\n', '\u00a0', '\u3000', '\u200b', '\u001c', '\u0085', '\ufeff', '\0', 'a\0b', '<s>', '</s>', '<pad>', '<unk>', '<mask>', ' <mask> x', 'a<mask>b', '[CLS]', '[SEP] [MASK][PAD]', '[mask]', '<|endoftext|>', '<|startoftext|> a <|ENDOFTEXT|>', '<eos><bos>', '<0x0A>', '<extra_id_0>', '\u2581', '\u2581\u2581a \u2581', "it's we'll I'D they'RE 'tis", 'x'.repeat(101), 'word'.repeat(300), '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}', '\u{1f1e9}\u{1f1ea}\u{1f1eb}', '\u{1f44d}\u{1f3fd}', 'שלום עולם', 'مرحبا بالعالم', 'e\u0301\u0327', 'a\u0323\u0302', '\u1112\u1161\u11ab', '각하', 'ΑΣ ΟΔΥΣΣΕΥΣ', 'İstanbul I\u0307', 'ﬁn ſ ½ ㎏ Ⅷ', '𝒜𝓫𝟗 𠀀𠮷', '東京タワー、ﾊﾝｶｸ', 'ไทยแลนด์', 'हिन्दी क्षत्रिय', '\u0e33\u0e33', '1234567890 ١٢٣ १२३', '\r\n\r\n', '\ufffd', '.'.repeat(200), 'a.b-c_d/e\\f', '\u00ad\u200d\u2060'];
while (texts.length < 640) { let s = ''; for (let i = 1 + random(7); i > 0; i--) s += word() + pick(['', ' ', '  ', '\n', '\u00a0', '-', '\u0301']); texts.push(s); }

const chars = Array.from("abcdeéxyz0189 .,-'▁ßσ中\n");
const vocab = () => { const v = { '<unk>': 0, '<s>': 1, '</s>': 2, '<mask>': 3 }; for (const c of chars) v[c] ??= Object.keys(v).length; for (const p of ['ab', 'abc', 'de', '##a', '##b', '##ab', 'a</w>', 'b</w>', 'ab</w>', 'x y', '▁a', '▁ab', '00', 'hello', 'aa']) v[p] ??= Object.keys(v).length; return v; };
const bytes = v => { for (let b = 0; b < 256; b++) v[`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`] ??= Object.keys(v).length; return v; };
const bpe = o => ({ type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab: vocab(), merges: [['a', 'b'], ['ab', 'c'], ['d', 'e'], ['▁', 'a'], ['0', '0'], ['a', 'a']], ...o });
const unigram = o => ({ type: 'Unigram', unk_id: 0, byte_fallback: false, vocab: Object.keys(o?.bytes ? bytes(vocab()) : vocab()).map((p, i) => [p, -(i % 17) / 3 - 1]), ...(o ? { byte_fallback: true } : {}) });
const level = { type: 'WordLevel', vocab: vocab(), unk_token: '<unk>' }, piece = { type: 'WordPiece', vocab: vocab(), unk_token: '<unk>', continuing_subword_prefix: '##', max_input_chars_per_word: 100 };
const tok = (content, id, o) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...o });
const file = parts => ({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, model: bpe({ byte_fallback: true, vocab: bytes(vocab()) }), ...parts });
const synthetic = {};
for (const n of ['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents']) synthetic[n] = file({ normalizer: { type: n } });
synthetic.strip = file({ normalizer: { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }, { type: 'Strip', strip_left: true, strip_right: true }, { type: 'Prepend', prepend: '▁' }, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }] } });
for (const [i, o] of [{}, { lowercase: false }, { strip_accents: false }, { clean_text: false, handle_chinese_chars: false, lowercase: false, strip_accents: true }].entries()) synthetic['bert' + i] = file({ normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true, ...o } });
for (const behavior of ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']) {
  for (const invert of [false, true]) synthetic[`split${behavior}${invert}`] = file({ pre_tokenizer: { type: 'Split', pattern: { Regex: '\\p{L}+|[0-9]' }, behavior, invert }, model: bpe({ end_of_word_suffix: '</w>' }) });
  synthetic['punctuation' + behavior] = file({ pre_tokenizer: { type: 'Punctuation', behavior }, model: bpe({ continuing_subword_prefix: '##', merges: [['a', '##b']], fuse_unk: true }) });
}
for (const scheme of ['first', 'always', 'never']) for (const split of [true, false]) synthetic[`metaspace${scheme}${split}`] = file({ pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split }, model: unigram(scheme === 'first' ? { bytes: true } : undefined), added_tokens: [tok('<mask>', 3, { lstrip: true })] });
for (const p of ['Whitespace', 'WhitespaceSplit', 'BertPreTokenizer']) { synthetic[p] = file({ pre_tokenizer: { type: p }, model: piece }); synthetic[p + 'Level'] = file({ pre_tokenizer: { type: p }, model: level }); }
for (const d of [true, false]) synthetic['digits' + d] = file({ pre_tokenizer: { type: 'Digits', individual_digits: d }, model: bpe({ fuse_unk: true }) });
const cl100k = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
synthetic.cl100k = file({ pre_tokenizer: { type: 'Split', pattern: { Regex: cl100k }, behavior: 'Isolated', invert: false } , model: bpe({ end_of_word_suffix: '</w>' }) });
for (const prefix of [true, false]) for (const regex of [true, false]) synthetic[`bytelevel${prefix}${regex}`] = file({ pre_tokenizer: { type: 'ByteLevel', add_prefix_space: prefix, trim_offsets: true, use_regex: regex }, model: bpe({ end_of_word_suffix: '</w>' }), post_processor: { type: 'Sequence', processors: [{ type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true }, { type: 'BertProcessing', sep: ['</s>', 2], cls: ['<s>', 1] }] } });
synthetic.added = file({ normalizer: { type: 'Lowercase' }, added_tokens: [tok('<s>', 1), tok('<mask>', 3, { lstrip: true, rstrip: true, normalized: true }), tok('Ab', 9000, { special: false, normalized: true, single_word: true }), tok('xyz', 9001, { special: false, rstrip: true }), tok('xy', 9002, { special: false })] });
texts.push('Ab ab abc xabx (AB)', 'xyz  xy xyzxy', ' <MASK>  ab<s>', 'a b  ab abc aab 00 000', '.,-a.-,b  ..c', '0a00b 8c', '  ab  de  ');

const run = async tokenizer => { const out = []; for (const text of texts) out.push((await tokenizer.encode(text)).getIds().map(Number)); return out; };
const shared = {};
for (const family of ['clip', 't5', 'gemma', 'mbert', 'xlmr']) {
  const path = join(process.argv[2], 'tokenizers', family, 'tokenizer.json');
  shared[family] = { sha256: createHash('sha256').update(readFileSync(path)).digest('hex'), ids: await run(T.Tokenizer.fromFile(path)) };
}
const made = {};
for (const [name, json] of Object.entries(synthetic)) {
  try { made[name] = { tokenizer: json, ids: await run(T.Tokenizer.fromString(JSON.stringify(json))) }; } catch (e) { console.error(name, String(e)); process.exitCode = 1; }
}
const out = JSON.stringify({ texts, shared, synthetic: made }).replace(/[\u0000-\u001f\u007f-\uffff]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
writeFileSync(new URL('ids.json', import.meta.url), out + '\n');
console.log(texts.length, 'texts', Object.keys(made).length, 'synthetic', out.length, 'bytes');
