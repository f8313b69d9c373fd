//! The retrieval suite: is the right passage found, how surely, how fast, and does the index
//! survive?
//!
//! [`set`] and [`techqa`] read the questions, [`gold`] knows a right hit, [`shelf`] makes an
//! index of a set, [`asked`] asks it by every way of searching, [`measure`] makes numbers of
//! the ranks; [`windows`] is the plain peer. [`speed`], [`kill`] and [`plant`] need no
//! questions: what they index is made up, always in the same way.

pub mod asked;
pub mod dice;
pub(in crate::operations::eval) mod gold;
mod kill;
mod measure;
mod plant;
pub(in crate::operations::eval) mod set;
pub mod shelf;
pub mod speed;
mod synth;
pub(in crate::operations::eval) mod techqa;
mod windows;

use std::path::{Path, PathBuf};

use crate::operations::outcome::{Error, Kind, Result};
use asked::{Asked, CodeMark, Row, WHOLE};
use measure::{Metric, Rank, difference, hits_at_5};
use set::Set;
use shelf::{Bench, Shelf};
use windows::Windows;

use super::report::{Bar, Figures, Want};
use super::score::share;
use super::scratch::Scratch;

/// Draws of the bootstrap, and where all randomness starts.
const RESAMPLES: usize = 2000;
const SEED: u64 = 0x31;

/// What is measured.
#[derive(Debug)]
pub struct Options {
    /// Laid out like the evaluation data.
    pub from: PathBuf,
    /// Where the embedder is, if it is installed.
    pub data: PathBuf,
    /// Which embedder: an id or a path.
    pub embedder: String,
    /// Threads to index with.
    pub threads: usize,
    /// A repository with `tests/golden` and `knowledge`, perhaps.
    pub repository: PathBuf,
    /// Our own binary, for the measurements that need a process of their own.
    pub program: PathBuf,
    /// Fewer questions, smaller indexes, fewer kills.
    pub quick: bool,
}

/// Who is told while it runs.
pub trait Listener {
    /// A question is judged.
    ///
    /// # Errors
    /// Where it cannot be printed.
    fn row(&mut self, row: &Row) -> Result<()>;
    /// A word to the person.
    fn note(&mut self, line: &str);
    /// `done` of `of` steps of `what`.
    fn progress(&mut self, what: &str, done: usize, of: usize);
}

/// What was measured.
#[derive(Debug)]
pub struct Outcome {
    /// By name.
    pub figures: Figures,
    /// What is wanted of some.
    pub bars: Vec<Bar>,
    /// The sets, in the order in which they were asked, "pooled" last.
    pub sets: Vec<String>,
}

/// Runs the whole suite.
///
/// # Errors
/// `Kind::Missing` where `from` holds neither knowledge bases nor technical questions; what
/// indexing and searching fail with.
pub fn run(options: &Options, listener: &mut dyn Listener) -> Result<Outcome> {
    let work = Scratch::new()?;
    let bench = &Bench::of(&options.data, &options.embedder, options.threads)?;
    if bench.embedder().is_none() {
        listener.note("no embedder (millwright models pull embedder): only words are searched");
    }
    let (sets, distractors) = sets(options, work.path(), listener)?;
    let mut figures = Figures::new();
    let all = questions(bench, &sets, listener)?;
    ranks(&all, &mut figures);
    codes(&all, &mut figures);
    keywords(&all, &sets, &mut figures)?;
    distracted(bench, &sets, &distractors, &all, &mut figures, listener)?;
    figures.extend(made_up(options, bench, listener)?);
    let bars = bars(&figures, options.quick);
    let mut names: Vec<String> = all.iter().map(|a| a.name.clone()).collect();
    names.push("pooled".into());
    Ok(Outcome { figures, bars, sets: names })
}

/// The sets that are there, and what only distracts.
fn sets(options: &Options, work: &Path, listener: &mut dyn Listener) -> Result<(Vec<Set>, Vec<PathBuf>)> {
    let bases = set::knowledge_bases(&options.from)?;
    let technical = techqa::sets(&options.from, work)?;
    if bases.sets.is_empty() && technical.is_empty() {
        let what = format!("neither kb/NAME nor techqa with questions in {}", options.from.display());
        return Err(Error::new(Kind::Missing, what)
            .hint("name a directory laid out like the evaluation data by --from DIR"));
    }
    let mut sets = Vec::new();
    match set::golden(&options.repository)? {
        Some(golden) => sets.push(golden),
        None => listener.note("no tests/golden and knowledge here: the golden set is left out"),
    }
    if bases.sets.is_empty() {
        listener.note("no kb/NAME with questions: those sets are left out");
    }
    sets.extend(bases.sets);
    if technical.is_empty() {
        listener.note("no techqa: those sets are left out");
    }
    sets.extend(technical);
    if options.quick {
        set::thin(&mut sets);
    }
    Ok((sets, bases.distractors))
}

/// Indexes and asks every set.
fn questions(bench: &Bench, sets: &[Set], listener: &mut dyn Listener) -> Result<Vec<Asked>> {
    let of = sets.iter().map(|s| s.questions.len()).sum();
    let mut done = 0;
    let mut all = Vec::new();
    for set in sets {
        listener.progress(&format!("indexing {}", set.name), done, of);
        let shelf = match Shelf::build(bench, &set.dirs, None) {
            Ok(shelf) => shelf,
            Err(e) => {
                listener.note(&format!("{}: nothing is found, for it cannot be indexed: {e}", set.name));
                all.push(asked::unanswered(set));
                done += set.questions.len();
                continue;
            }
        };
        for skipped in &shelf.report.skipped {
            listener.note(&format!("{}: skipped {}: {}", set.name, skipped.path, skipped.reason));
        }
        let asked = asked::ask(set, &shelf, &mut || {
            done += 1;
            listener.progress(&format!("asking {}", set.name), done, of);
        })?;
        all.push(asked);
    }
    for row in all.iter().flat_map(|asked| &asked.rows) {
        listener.row(row)?;
    }
    Ok(all)
}

/// Recall and reciprocal rank by way of searching, of each set and pooled, and whether the
/// whole is better than its better part.
fn ranks(all: &[Asked], figures: &mut Figures) {
    let mut pooled: asked::Ranks = asked::Ranks::new();
    for asked in all {
        for (mode, ranks) in &asked.ranks {
            pooled.entry(mode).or_default().extend(ranks);
        }
    }
    // Pooled is only what every set has; one that cannot be indexed has everything, found nowhere.
    pooled.retain(|mode, _| all.iter().all(|asked| asked.ranks.contains_key(mode)));
    put_ranks("retrieval", &pooled, figures);
    for asked in all {
        let mut ranks = asked.ranks.clone();
        ranks.retain(|mode, _| pooled.contains_key(mode));
        put_ranks(&format!("retrieval.{}", asked.name), &ranks, figures);
    }
    let Some(whole) = pooled.get(WHOLE) else { return };
    if pooled.contains_key("vectors") {
        for metric in Metric::ALL {
            let single = better_single(metric, &pooled);
            let (low, high) = difference(metric, whole, single, RESAMPLES, SEED);
            let name = metric.name();
            figures.insert(format!("retrieval.gain_{name}"), metric.mean(whole) - metric.mean(single));
            figures.insert(format!("retrieval.gain_{name}_low"), low);
            figures.insert(format!("retrieval.gain_{name}_high"), high);
        }
        // Questions that a set's better part has among its first five and the whole has not.
        let loss = |asked: &Asked| {
            let best = better_single(Metric::RecallAt5, &asked.ranks);
            let whole = asked.ranks.get(WHOLE).map_or(0, |r| hits_at_5(r));
            hits_at_5(best) as f64 - whole as f64
        };
        let worst = all.iter().map(loss).fold(f64::NEG_INFINITY, f64::max);
        figures.insert("retrieval.worst_set_loss_questions".into(), worst.max(0.0));
    }
}

fn put_ranks(prefix: &str, ranks: &asked::Ranks, figures: &mut Figures) {
    for (mode, ranks) in ranks {
        let ending = if *mode == WHOLE { String::new() } else { format!("_{mode}") };
        for metric in Metric::ALL {
            figures.insert(format!("{prefix}.{}{ending}", metric.name()), metric.mean(ranks));
        }
    }
    figures.insert(format!("{prefix}.questions"), ranks.get(WHOLE).map_or(0, Vec::len) as f64);
}

fn better_single(metric: Metric, ranks: &asked::Ranks) -> &[Rank] {
    let of = |mode| ranks.get(mode).map_or(&[] as &[Rank], Vec::as_slice);
    let (words, vectors) = (of("words"), of("vectors"));
    if metric.mean(vectors) > metric.mean(words) { vectors } else { words }
}

/// Questions about codes, of all sets.
fn codes(all: &[Asked], figures: &mut Figures) {
    let marks = |spoken: bool| {
        let rows = all.iter().flat_map(|a| &a.rows).filter(move |r| r.spoken == spoken && r.answerable);
        rows.filter_map(|r| r.code).collect::<Vec<_>>()
    };
    for (form, spoken) in [("written", false), ("spoken", true)] {
        let marks = marks(spoken);
        let count = |wanted: CodeMark| marks.iter().filter(|m| **m == wanted).count();
        let (first, asked) = (count(CodeMark::First), count(CodeMark::Asked));
        figures.insert(format!("retrieval.codes_{form}"), marks.len() as f64);
        figures.insert(format!("retrieval.codes_{form}_top_1_share"), share(first, marks.len()));
        if spoken {
            figures.insert("retrieval.codes_spoken_asked_share".into(), share(asked, marks.len()));
            let right = share(first + asked, marks.len());
            figures.insert("retrieval.codes_spoken_top_1_or_asked_share".into(), right);
        }
    }
    let absent: Vec<CodeMark> =
        all.iter().flat_map(|a| &a.rows).filter(|r| !r.answerable).filter_map(|r| r.code).collect();
    let count = |wanted: CodeMark| absent.iter().filter(|m| **m == wanted).count();
    figures.insert("retrieval.codes_nonexistent".into(), absent.len() as f64);
    figures.insert("retrieval.codes_nonexistent_answered".into(), count(CodeMark::Answered) as f64);
    figures.insert(
        "retrieval.codes_nonexistent_named_share".into(),
        share(count(CodeMark::Named), absent.len()),
    );
}

/// All keywords of the gold answer in the first five, over the knowledge bases; beside it,
/// the same of plain windows of words.
fn keywords(all: &[Asked], sets: &[Set], figures: &mut Figures) -> Result<()> {
    let rows = || all.iter().filter(|a| a.is_kb).flat_map(|a| &a.rows).filter(|r| r.answerable);
    if rows().next().is_none() {
        return Ok(());
    }
    for asked in all.iter().filter(|a| a.is_kb) {
        let rows: Vec<&Row> = asked.rows.iter().filter(|r| r.answerable).collect();
        let whole = rows.iter().filter(|r| r.missing.is_empty()).count();
        figures.insert(format!("retrieval.{}.keywords_share", asked.name), share(whole, rows.len()));
    }
    let whole = rows().filter(|r| r.missing.is_empty()).count();
    figures.insert("retrieval.keywords_share".into(), share(whole, rows().count()));
    let (mut held, mut of) = (0, 0);
    for set in sets.iter().filter(|s| s.is_kb) {
        let windows = Windows::of(&set.dirs)?;
        for question in set.questions.iter().filter(|q| q.gold.is_some()) {
            let best = windows.best(&question.text, 5).join("\n");
            held += usize::from(asked::missing(&question.must_contain, &best).is_empty());
            of += 1;
        }
    }
    figures.insert("retrieval.windows_keywords_share".into(), share(held, of));
    Ok(())
}

/// Each knowledge base again, with the manuals of those without questions in its index.
fn distracted(
    bench: &Bench,
    sets: &[Set],
    distractors: &[PathBuf],
    all: &[Asked],
    figures: &mut Figures,
    listener: &mut dyn Listener,
) -> Result<()> {
    let bases: Vec<(&Set, &Asked)> = sets.iter().zip(all).filter(|(s, _)| s.is_kb).collect();
    if distractors.is_empty() || bases.is_empty() {
        listener.note("no kb/NAME without questions: no run with distractors");
        return Ok(());
    }
    listener.progress("indexing the distractors", 0, bases.len());
    let crowd = match Shelf::build(bench, distractors, None) {
        Ok(crowd) => crowd,
        Err(e) => {
            listener.note(&format!("no run with distractors: {e}"));
            return Ok(());
        }
    };
    let (mut pooled, mut alone) = (Vec::new(), Vec::new());
    for (n, (set, asked)) in bases.iter().enumerate() {
        // What cannot be indexed was said above; its questions find nothing here either.
        let ranks = match Shelf::build(bench, &set.dirs, Some(&crowd)) {
            Ok(shelf) => asked::ask_whole(set, &shelf)?,
            Err(_) => asked.ranks.get(WHOLE).cloned().unwrap_or_default(),
        };
        let name = format!("retrieval.{}.recall_at_5_distracted", set.name);
        figures.insert(name, Metric::RecallAt5.mean(&ranks));
        pooled.extend(ranks);
        alone.extend(asked.ranks.get(WHOLE).into_iter().flatten().copied());
        listener.progress("with distractors", n + 1, bases.len());
    }
    for metric in Metric::ALL {
        let name = metric.name();
        figures.insert(format!("retrieval.{name}_distracted"), metric.mean(&pooled));
        figures.insert(format!("retrieval.{name}_undistracted"), metric.mean(&alone));
    }
    Ok(())
}

/// What needs no questions: speed, memory, kills, the plant.
fn made_up(options: &Options, bench: &Bench, listener: &mut dyn Listener) -> Result<Figures> {
    let (documents, kills) = if options.quick { (200, 5) } else { (1000, 50) };
    listener.progress("the plant", 0, 1);
    let mut figures = plant::measure(bench, documents, &mut |line| listener.note(&line))?;
    let mut done = 0;
    figures.extend(kill::measure(bench, &options.program, kills, SEED, &mut || {
        done += 1;
        listener.progress("kills", done, kills);
    })?);
    let mut done = 0;
    listener.progress("speed", 0, 3);
    figures.extend(speed::measure(options, bench, &mut || {
        done += 1;
        listener.progress("speed", done, 3);
    })?);
    Ok(figures)
}

/// What is wanted, and of which figure. Speed and memory are wanted at the largest size,
/// which a quick run leaves out.
fn bars(figures: &Figures, quick: bool) -> Vec<Bar> {
    let mut wanted = vec![
        ("gain_recall_at_5_low", Want::Above(0.0)),
        ("gain_mrr_at_10_low", Want::Above(0.0)),
        ("worst_set_loss_questions", Want::AtMost(1.0)),
        ("codes_written_top_1_share", Want::Equal(1.0)),
        ("codes_spoken_top_1_or_asked_share", Want::AtLeast(0.99)),
        ("codes_nonexistent_answered", Want::Equal(0.0)),
        ("codes_nonexistent_named_share", Want::Equal(1.0)),
        ("keywords_share", Want::AtLeast(0.95)),
        ("plant_newest_share", Want::Equal(1.0)),
        ("plant_superseded_quoted", Want::Equal(0.0)),
        ("plant_conflicts_named_share", Want::Equal(1.0)),
        ("kills_broken", Want::Equal(0.0)),
    ];
    if !quick {
        wanted.extend([
            ("query_ms_p99_100k", Want::AtMost(20.0)),
            ("query_reranked_ms_p99_100k", Want::AtMost(60.0)),
            ("anonymous_mib_100k", Want::AtMost(600.0)),
        ]);
    }
    wanted.into_iter().map(|(name, want)| Bar::of(figures, &format!("retrieval.{name}"), want)).collect()
}

/// The sets as a table: questions, then recall at 5 and reciprocal rank at 10 by way of
/// searching; a way that was absent is a dash.
pub fn table(outcome: &Outcome) -> String {
    let modes = ["_words", "_vectors", "_fused", ""];
    let mut text = format!("{:<24}{:>5}", "recall@5 / MRR@10", "n");
    for name in ["words", "vectors", "fused", WHOLE] {
        text.push_str(&format!("{name:>16}"));
    }
    text.push('\n');
    for set in &outcome.sets {
        let prefix = if set == "pooled" { "retrieval".to_owned() } else { format!("retrieval.{set}") };
        let figure = |name: &str| outcome.figures.get(&format!("{prefix}.{name}"));
        text.push_str(&format!("{set:<24}{:>5}", figure("questions").unwrap_or(&0.0)));
        for mode in modes {
            let cell = match (figure(&format!("recall_at_5{mode}")), figure(&format!("mrr_at_10{mode}"))) {
                (Some(recall), Some(mrr)) => format!("{recall:.3} / {mrr:.3}"),
                _ => "–".to_owned(),
            };
            text.push_str(&format!("{cell:>16}"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, ranks: &[(&'static str, &[Rank])]) -> Asked {
        let ranks = ranks.iter().map(|(mode, ranks)| (*mode, ranks.to_vec())).collect();
        Asked { name: name.into(), is_kb: true, ranks, rows: Vec::new() }
    }

    #[test]
    fn the_whole_is_held_against_its_better_part() {
        let (hit, miss): (Rank, Rank) = (Some(1), None);
        let all = [
            asked(
                "a",
                &[("words", &[hit, miss, hit]), ("vectors", &[miss, miss, hit]), (WHOLE, &[hit, hit, hit])],
            ),
            asked("b", &[("words", &[miss, miss]), ("vectors", &[hit, hit]), (WHOLE, &[miss, Some(2)])]),
        ];
        let mut figures = Figures::new();
        ranks(&all, &mut figures);
        let figure = |name: &str| figures.get(&format!("retrieval.{name}")).copied();
        assert_eq!(figure("recall_at_5"), Some(0.8));
        assert_eq!(figure("a.recall_at_5_words"), Some(2.0 / 3.0));
        assert_eq!(figure("questions"), Some(5.0));
        assert_eq!(figure("worst_set_loss_questions"), Some(1.0));
        assert!((figure("gain_recall_at_5").unwrap_or_default() - 0.2).abs() < 1e-9);
        assert!(figure("gain_recall_at_5_low") < Some(0.0));
    }

    #[test]
    fn a_way_that_is_absent_gives_no_figure_and_its_bar_does_not_hold() {
        let all = [asked("a", &[("words", &[Some(1)]), (WHOLE, &[Some(1)])])];
        let mut figures = Figures::new();
        ranks(&all, &mut figures);
        assert!(!figures.contains_key("retrieval.recall_at_5_vectors"));
        let bars = bars(&figures, true);
        assert!(
            bars.iter().any(|b| b.name == "retrieval.gain_recall_at_5_low" && b.value.is_none() && !b.holds)
        );
        let outcome = Outcome { figures, bars, sets: vec!["a".into(), "pooled".into()] };
        let table = table(&outcome);
        assert!(
            table.contains("pooled") && table.contains("1.000 / 1.000") && table.contains('–'),
            "{table}"
        );
    }
}
