use super::*;

const RATE: usize = SAMPLE_RATE as usize;
const TAP: usize = 256;

/// Noise in syllables, four a second.
fn babble(seed: u64, len: usize, rate: usize) -> Vec<f32> {
    let mut state = seed;
    let mut low = 0.0_f32;
    (0..len)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let white = (state >> 40) as f32 / (1 << 23) as f32 - 1.0;
            low += 0.4 * (white - low);
            let syllable = (std::f32::consts::PI * 4.0 * i as f32 / rate as f32).sin().powi(2);
            0.3 * low * syllable
        })
        .collect()
}

/// A microphone that hears `near` and, `delay` samples late and at a third, `played`. The
/// tap's blocks come so many blocks of 10 ms late.
fn listen(played: &[f32], near: &[f32], delay: usize, tap_late: usize) -> (Vec<f32>, Vec<f32>) {
    let mut own = OwnVoice::new();
    let (mut heard, mut cleaned) = (Vec::new(), Vec::new());
    let mut tapped = 0;
    for n in 0..near.len() / 160 {
        let now = Duration::from_millis(10 * (n as u64 + 1));
        while tapped + TAP <= ((n + 1).saturating_sub(tap_late) * 160).min(played.len()) {
            let at = Duration::from_secs_f64(tapped as f64 / RATE as f64);
            own.played(&played[tapped..tapped + TAP], SAMPLE_RATE, tapped as u64, at);
            tapped += TAP;
        }
        let mut block: Vec<f32> = (n * 160..(n + 1) * 160)
            .map(|i| near[i] + i.checked_sub(delay).and_then(|i| played.get(i)).map_or(0.0, |p| p / 3.0))
            .collect();
        heard.extend_from_slice(&block);
        own.clean(&mut block, now);
        assert_eq!(block.len(), 160);
        cleaned.extend(block);
    }
    (heard, cleaned)
}

fn power(samples: &[f32]) -> f32 {
    crate::core::hear::loudness::dbfs(crate::core::hear::loudness::rms(samples))
}

#[test]
fn where_nothing_plays_the_sound_passes_as_it_is_and_8_ms_late() {
    let near = babble(1, RATE, RATE);
    let (heard, cleaned) = listen(&[], &near, 0, 0);
    assert_eq!(heard[..RATE - LATENCY], cleaned[LATENCY..]);
    assert!(cleaned[..LATENCY].iter().all(|s| *s == 0.0));
}

#[test]
fn the_output_is_as_long_as_the_input_whatever_the_blocks() {
    let near = babble(2, RATE, RATE);
    let mut own = OwnVoice::new();
    let (mut given, mut out) = (0, Vec::new());
    for size in [1, 63, 64, 65, 160, 7, 1_000, 0, 441].into_iter().cycle().take(40) {
        let mut block = near[given % 8_000..][..size].to_vec();
        given += size;
        own.clean(&mut block, Duration::from_secs_f64(given as f64 / RATE as f64));
        assert_eq!(block.len(), size);
        out.extend(block);
    }
    assert_eq!(out[LATENCY..LATENCY + 224], {
        let mut sizes = [1, 63, 64, 65, 160].into_iter();
        let mut first: Vec<f32> = Vec::new();
        let mut at = 0;
        while first.len() < 224 {
            let size = sizes.next().unwrap_or(1_000);
            first.extend_from_slice(&near[at % 8_000..][..size]);
            at += size;
        }
        first.truncate(224);
        first
    });
}

#[test]
fn what_is_played_is_taken_out_at_any_delay() {
    let played = babble(3, 6 * RATE, RATE);
    for delay in [320, 1_920, 3_200] {
        let (heard, cleaned) = listen(&played, &vec![0.0; 6 * RATE], delay, 0);
        let gone = power(&heard[3 * RATE..]) - power(&cleaned[3 * RATE..]);
        assert!(gone > 20.0, "{gone} dB at a delay of {delay} samples");
    }
}

#[test]
fn a_tap_that_is_emptied_late_costs_nothing_where_the_echo_is_late_too() {
    let played = babble(4, 6 * RATE, RATE);
    let (heard, cleaned) = listen(&played, &vec![0.0; 6 * RATE], 1_600, 4);
    let gone = power(&heard[3 * RATE..]) - power(&cleaned[3 * RATE..]);
    assert!(gone > 20.0, "{gone} dB");
}

#[test]
fn somebody_who_speaks_over_it_is_left() {
    let played = babble(5, 8 * RATE, RATE);
    let mut near = vec![0.0; 8 * RATE];
    let somebody = babble(99, RATE, RATE);
    near[6 * RATE..7 * RATE].copy_from_slice(&somebody);
    let (_, cleaned) = listen(&played, &near, 960, 0);
    let left = power(&cleaned[6 * RATE..7 * RATE]) - power(&somebody);
    assert!(left > -6.0, "{left} dB");
}

#[test]
fn playing_is_while_it_plays_and_while_it_may_still_be_heard() {
    let mut own = OwnVoice::new();
    assert!(!own.is_playing(Duration::ZERO));
    own.played(&[0.1; 4_800], 48_000, 48_000, Duration::from_secs(10));
    assert!(own.is_playing(Duration::from_millis(10_050)));
    assert!(own.is_playing(Duration::from_millis(10_500)));
    assert!(!own.is_playing(Duration::from_millis(10_700)));
    own.reset();
    assert!(!own.is_playing(Duration::from_millis(10_050)));
}

#[test]
fn the_canceller_runs_only_while_something_was_played() {
    let mut own = OwnVoice::new();
    let block = |own: &mut OwnVoice, n: u64| {
        let mut samples = vec![0.01; 160];
        own.clean(&mut samples, Duration::from_millis(10 * n));
        own.levels().is_some()
    };
    assert!(!(1..50).any(|n| block(&mut own, n)));
    own.played(&[0.1; 160], 16_000, 8_000, Duration::from_millis(500));
    assert!(block(&mut own, 51) && block(&mut own, 140));
    assert!(!(160..300).any(|n| block(&mut own, n)));
}

mod of_the_reference {
    use super::*;

    /// Of a tone of 500 Hz, what a shift by one sample makes.
    const WITHIN: f32 = 0.2;

    /// A second of tone in blocks of 100 at 48 kHz from a frame on.
    fn tone(reference: &mut Reference, from: u64, frames: u64) {
        for frame in (from..from + frames).step_by(100) {
            let block: Vec<f32> = (frame..frame + 100)
                .map(|i| (std::f32::consts::TAU * 500.0 * i as f32 / 48_000.0).sin())
                .collect();
            reference.push(&block, 48_000, frame, Duration::from_secs_f64(5.0 + frame as f64 / 48_000.0));
        }
    }

    fn off(reference: &Reference, from: i64, len: usize) -> f32 {
        let mut out = vec![0.0; len];
        reference.read(from, &mut out);
        let want = (from..).map(|i| (std::f32::consts::TAU * 500.0 * i as f32 / 16_000.0).sin());
        out.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn samples_lie_where_their_numbers_say_also_after_a_gap() {
        let mut reference = Reference::default();
        tone(&mut reference, 4_800, 9_600);
        assert!(off(&reference, 1_700, 2_000) < WITHIN, "{}", off(&reference, 1_700, 2_000));
        tone(&mut reference, 24_000, 9_600);
        assert!(off(&reference, 8_100, 2_000) < WITHIN, "{}", off(&reference, 8_100, 2_000));
        let mut between = [1.0; 1_000];
        reference.read(5_500, &mut between);
        assert!(between.iter().all(|s| s.abs() < 0.01));
        assert_eq!(reference.at(5.25), 4_000);
    }

    #[test]
    fn what_is_not_there_is_silence_and_what_is_old_is_forgotten() {
        let mut reference = Reference::default();
        let mut out = [1.0; 8];
        reference.read(-20, &mut out);
        assert_eq!(out, [0.0; 8]);
        tone(&mut reference, 0, 48_000 * 5);
        reference.read(100, &mut out);
        assert_eq!(out, [0.0; 8]);
        assert!(off(&reference, 16_000 * 4, 1_000) < WITHIN);
    }

    #[test]
    fn a_device_that_counts_anew_begins_anew() {
        let mut reference = Reference::default();
        tone(&mut reference, 48_000, 4_800);
        tone(&mut reference, 0, 4_800);
        assert!(off(&reference, 100, 1_000) < WITHIN);
    }
}
