//! An hour's worth of anything, compressed: random lengths, classes, deadlines and cancels.
//!
//! As many requests as the rated load has in an hour, with as many in flight as there is room for.
//! Afterwards: nothing lost (every request ended, once), no slot stuck (the engine says that
//! nobody waits and nothing runs), nothing leaked (memory as after the first third), and a plain
//! question is answered as it was before, word for word.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::play::{End, Played, play};
use super::row::Row;
use super::subject::{Mode, Subject};
use super::trace::{self, Ask, RATED_DEVICES, RATED_EVERY};
use super::{Bench, Section, Told};
use crate::core::engine::Class;
use crate::operations::eval::report::{Bar, Want};
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::outcome::Result;
use crate::operations::platform;

/// Requests of one batch: they come within [`WITHIN`] of each other.
const BATCH: usize = 40;
const WITHIN: Duration = Duration::from_secs(4);

/// Measures.
///
/// # Errors
/// Where the model cannot be loaded.
pub fn measure(bench: &Bench<'_>, told: &mut dyn Told) -> Result<Vec<Row>> {
    let hour = RATED_DEVICES * 3_600 / RATED_EVERY.as_secs() as usize;
    let wanted = if bench.options.quick { BATCH } else { hour };
    let mut dice = Dice::new(61);
    let subject = bench.subject(Mode::Continuous, true)?;
    let question = trace::fresh(100, 24, &mut dice, &bench.card);
    let before = answer(&subject, &question)?;
    let (mut all, mut early) = (Played::default(), None);
    while all.seen.len() < wanted {
        let asks = anything(&mut dice, BATCH.min(wanted - all.seen.len()), bench);
        let played = play(&subject, &asks, &mut |done| {
            told.progress("hour: requests", all.seen.len() + done, wanted);
        })?;
        all.seconds += played.seconds;
        all.peak_rss_bytes = all.peak_rss_bytes.max(played.peak_rss_bytes);
        all.seen.extend(played.seen);
        if early.is_none() && all.seen.len() * 3 >= wanted {
            early = Some(platform::anonymous_bytes());
        }
    }
    let still_busy = !settled(&subject);
    let late = platform::anonymous_bytes();
    let after = answer(&subject, &question)?;
    let mut row = Row { devices: RATED_DEVICES, trace: "an hour's worth".into(), ..Row::of(&all) };
    let count = |is: fn(&End) -> bool| all.seen.iter().filter(|s| is(&s.end)).count() as f64;
    let grown = late.saturating_sub(early.unwrap_or(late)) as f64 / f64::from(1 << 20);
    row.figures = BTreeMap::from([
        ("lab.hour_requests".to_owned(), all.seen.len() as f64),
        ("lab.hour_answered".to_owned(), count(|e| *e == End::Whole)),
        ("lab.hour_refused".to_owned(), count(|e| matches!(e, End::Refused(_)))),
        ("lab.hour_cancelled".to_owned(), count(|e| *e == End::Cancelled)),
        ("lab.hour_late".to_owned(), count(|e| matches!(e, End::Cut(_)))),
        ("lab.hour_lost".to_owned(), count(|e| matches!(e, End::Failed(_)))),
        ("lab.hour_stuck".to_owned(), f64::from(u8::from(still_busy))),
        ("lab.hour_grown_mib".to_owned(), grown),
        ("lab.hour_answer_changed".to_owned(), f64::from(u8::from(before.is_none() || before != after))),
    ]);
    let none = ["lab.hour_lost", "lab.hour_stuck", "lab.hour_answer_changed"];
    row.bars = none.map(|name| Bar::of(&row.figures, name, Want::Equal(0.0))).into();
    row.bars.push(Bar::of(&row.figures, "lab.hour_grown_mib", Want::AtMost(16.0)));
    let row = bench.sign(row, Section::Hour, "millwright", Mode::Continuous.name());
    told.row(&row)?;
    Ok(vec![row])
}

/// Requests of any kind: most of them fit, some leave, some could never be in time.
fn anything(dice: &mut Dice, how_many: usize, bench: &Bench<'_>) -> Vec<Ask> {
    let asks = (0..how_many).map(|_| {
        let most = if dice.below(10) == 0 { 1_200 } else { 300 };
        let tokens = 60 + dice.below(most);
        let ask = trace::fresh(tokens, 1 + dice.below(48), dice, &bench.card);
        let most = dice.pick(&[200, 2_000, 20_000, 60_000]);
        let leaves = (dice.below(3) == 0).then(|| Duration::from_millis(dice.below(3_000) as u64));
        Ask {
            at: WITHIN.mul_f64(trace::unit(dice)),
            device: format!("headset-{}", dice.below(RATED_DEVICES)),
            class: dice.pick(&[Class::Person, Class::Person, Class::Person, Class::Event, Class::Idle]),
            deadline: Duration::from_millis(50 + dice.below(most) as u64),
            leaves,
            ..ask
        }
    });
    trace::in_order(asks.collect())
}

/// Does the engine say, soon, that nobody waits, nothing runs and no page is held?
fn settled(subject: &Arc<Subject>) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if subject.is_idle() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn answer(subject: &Arc<Subject>, question: &Ask) -> Result<Option<String>> {
    let played = play(subject, std::slice::from_ref(question), &mut |_| {})?;
    Ok(played.seen.into_iter().find(|s| s.end == End::Whole).map(|s| s.text))
}
