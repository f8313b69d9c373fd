//! CTranslate2 Whisper becomes ggml, byte by byte, and nothing that a file claims is trusted.

use super::tiny_whisper;
use millwright::operations::models::convert;
use std::io::Cursor;

fn converted(ct2: Vec<u8>) -> millwright::operations::outcome::Result<Vec<u8>> {
    let mut out = Vec::new();
    convert::ct2_to_ggml(Cursor::new(ct2), tiny_whisper::tokenizer().as_slice(), &mut out)?;
    Ok(out)
}

/// Header: magic, eleven numbers, the filterbank's dimensions; then 80 × 201 f32.
const HEADER: usize = 4 * 14;
const FILTERS: usize = 80 * 201 * 4;

#[test]
fn a_ctranslate2_whisper_becomes_the_ggml_file_that_another_writer_makes() {
    let ours = converted(tiny_whisper::ct2(4)).unwrap();
    let header: Vec<i32> = ours[..HEADER].as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b)).collect();
    assert_eq!(header, [0x67676d6c, 5, 6, 64, 1, 1, 4, 64, 1, 1, 80, 1, 80, 201]);
    assert!(ours[HEADER + FILTERS..] == tiny_whisper::expected_tail(), "tokens or tensors differ");
}

#[test]
fn float32_weights_give_the_same_file() {
    assert!(converted(tiny_whisper::ct2(0)).unwrap() == converted(tiny_whisper::ct2(4)).unwrap());
}

#[test]
fn integer_weights_and_foreign_files_are_refused() {
    let fault = converted(tiny_whisper::ct2(1)).unwrap_err();
    assert!(fault.to_string().contains("quantised to integers"), "{fault}");
    let mut other_version = tiny_whisper::ct2(4);
    other_version[0] = 5;
    assert!(converted(other_version).unwrap_err().to_string().contains("version is 5"));
    assert!(converted(b"GGUF".to_vec()).is_err());
}

#[test]
fn a_key_bias_is_refused_because_ggml_could_not_hold_it() {
    let name = b"encoder/layer_0/self_attention/linear_0/bias";
    let mut file = tiny_whisper::ct2(4);
    let at = file.windows(name.len()).position(|w| w == name).unwrap();
    // Closing NUL, rank, one dimension, type, length; then the query's bias.
    let data = at + name.len() + 1 + 1 + 4 + 1 + 4;
    file[data + 2 * tiny_whisper::WIDTH + 1] = 0x3c;
    assert!(converted(file).unwrap_err().to_string().contains("key bias"));
}

mod hostile {
    use super::{converted, tiny_whisper};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| tiny_whisper::ct2(4));

    /// Everything before the first weights, and a little of them.
    const FRONT: usize = 400;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_mutated_file_is_converted_or_refused_and_never_panics(
            changes in prop::collection::vec((0..FRONT, any::<u8>()), 1..8),
            keep in 0.0..=1.0_f64,
        ) {
            let mut file = WHOLE.clone();
            for (at, byte) in changes {
                file[at] = byte;
            }
            let length = file.len();
            file.truncate(if keep < 0.5 { (length as f64 * keep * 2.0) as usize } else { length });
            let _ = converted(file);
        }

        #[test]
        fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(converted(bytes).is_err());
        }

        #[test]
        fn a_torn_file_is_refused(at in 0..1000_usize) {
            let mut file = WHOLE.clone();
            // The aliases at the end are not weights: the cut lies before them.
            file.truncate((file.len() - 100) * at / 1000);
            prop_assert!(converted(file).is_err());
        }
    }
}
