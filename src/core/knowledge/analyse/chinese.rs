//! Words of Chinese.
//!
//! The index holds, of every run of ideographs, each character, each pair and each longer
//! word of the dictionary; so a passage is found however a question is cut. A question asks
//! for its dictionary words, the longer ones also by their pairs, and for lone characters
//! only where they are words ("泵"): every term that it asks for, the index holds of the
//! same text.

use std::sync::LazyLock;

use tantivy::tokenizer::{TokenStream, Tokenizer};
use tantivy_jieba::JiebaTokenizer;

use super::Each;

/// The dictionary takes a noticeable part of a second to load; only Chinese waits for it.
static DICTIONARY: LazyLock<JiebaTokenizer> = LazyLock::new(|| JiebaTokenizer::with_search_mode(false));

/// Characters and words that carry no meaning of their own.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "的", "了", "是", "在", "和", "与", "或", "及", "吗", "呢", "吧", "啊", "呀", "着", "过", "我", "你", "他", "她", "它",
    "们", "我们", "你们", "这", "那", "这个", "那个", "这台", "那台", "个", "台", "把", "被", "就", "也", "都", "还", "很", "请",
    "问", "请问", "什么", "怎么", "怎样", "怎么办", "如何", "为什么", "哪", "哪个", "哪些", "哪里", "多少", "几", "谁", "何时", "意思",
    "告诉", "一下", "一个", "可以", "能", "能否", "是否", "要", "需要", "应该", "该", "有", "没", "没有", "对", "从", "到", "为", "以",
    "其", "之", "而", "但", "如果", "则", "时", "上", "中", "后", "前", "不能", "能不能", "是什么", "处理", "办", "帮", "给", "让",
];

fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// The dictionary words of a run, in order, without overlaps.
fn words(run: &str, each: Each<'_>) {
    let mut tokenizer = DICTIONARY.clone();
    let mut stream = tokenizer.token_stream(run);
    while let Some(token) = stream.next() {
        each(&token.text);
    }
}

fn pairs(run: &str, each: Each<'_>) {
    let starts: Vec<usize> = run.char_indices().map(|(i, _)| i).chain([run.len()]).collect();
    for window in starts.windows(3) {
        if let [start, _, end] = window
            && let Some(pair) = run.get(*start..*end)
        {
            each(pair);
        }
    }
}

/// What the index holds of a run of ideographs.
pub(super) fn indexed(run: &str, each: Each<'_>) {
    let mut buffer = [0; 4];
    for c in run.chars() {
        let single: &str = c.encode_utf8(&mut buffer);
        if !is_stop_word(single) {
            each(single);
        }
    }
    pairs(run, each);
    words(run, &mut |word| {
        if word.chars().nth(2).is_some() {
            each(word);
        }
    });
}

/// What a question with this run asks for.
pub(super) fn asked(run: &str, each: Each<'_>) {
    words(run, &mut |word| {
        if is_stop_word(word) {
            return;
        }
        each(word);
        if word.chars().nth(2).is_some() {
            pairs(word, each);
        }
    });
}
