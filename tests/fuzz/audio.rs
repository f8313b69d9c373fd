//! Recordings of every format, damaged.

use std::io::Cursor;
use std::time::Instant;

use millwright::entry::audio_file;

#[test]
fn audio() {
    super::fuzz("audio", |bytes| {
        let start = Instant::now();
        let result = audio_file::decode(Cursor::new(bytes.to_vec()));
        let taken = start.elapsed();
        assert!(taken < super::LONGEST, "{} bytes took {taken:?}", bytes.len());
        match result {
            Ok(audio) => {
                assert!(!audio.samples.is_empty());
                assert!(audio.samples.iter().all(|s| s.is_finite()));
                assert!(audio.samples.len() as u64 <= (audio_file::LONGEST_SECONDS + 2) * 16_000);
            }
            Err(error) => assert!(!error.what.is_empty()),
        }
    });
}
