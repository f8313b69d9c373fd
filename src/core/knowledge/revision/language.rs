//! The language of a text, told by its script and its words; only the languages that this
//! program can search and speak, and only where it is sure.

use whatlang::Lang;

use super::super::read::{BlockKind, Document};

/// So much text is looked at, bytes.
const SAMPLE: usize = 16 << 10;
/// With fewer letters than this nothing is said.
const LEAST: usize = 100;

/// The BCP 47 tag of the language that most of a document's running text is in; `None`
/// where it is too short, another language, or unclear.
pub(super) fn of(document: &Document) -> Option<&'static str> {
    let mut sample = String::new();
    for block in &document.blocks {
        let running =
            matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { .. } | BlockKind::Warning { .. });
        if running && sample.len() < SAMPLE {
            sample.extend(block.text.chars().take(SAMPLE));
            sample.push('\n');
        }
    }
    of_text(&sample)
}

fn of_text(text: &str) -> Option<&'static str> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let han = text.chars().filter(|c| matches!(*c, '\u{4E00}'..='\u{9FFF}')).count();
    let kana = text.chars().filter(|c| matches!(*c, '\u{3040}'..='\u{30FF}')).count();
    // An ideograph says as much as a word.
    if han >= LEAST / 4 && han * 2 > letters && kana * 20 < han {
        return Some("zh");
    }
    if letters < LEAST {
        return None;
    }
    let found = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    match found.lang() {
        Lang::Eng => Some("en"),
        Lang::Spa => Some("es"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_only_where_it_is_clear() {
        let english = "Before you open the cover, wait until the pump has stopped and the gauge shows zero. \
                       Clean the filter every week and replace it when it is damaged.";
        let spanish = "Antes de abrir la tapa, espere hasta que la bomba se haya detenido y el manómetro \
                       marque cero. Limpie el filtro cada semana y cámbielo cuando esté dañado.";
        let german = "Warten Sie vor dem Öffnen der Abdeckung, bis die Pumpe steht und das Manometer null \
                      zeigt. Reinigen Sie den Filter jede Woche und ersetzen Sie ihn bei Schäden.";
        let chinese =
            "打开盖板之前，请等待泵停止运转，并确认压力表显示为零。每周清洁一次过滤器，如有损坏请更换。";
        assert_eq!(of_text(english), Some("en"));
        assert_eq!(of_text(spanish), Some("es"));
        assert_eq!(of_text(chinese), Some("zh"));
        assert_eq!(of_text(german), None);
        assert_eq!(of_text("Text."), None);
        assert_eq!(of_text("E203 45 Nm M16x60 24 VDC IP65"), None);
    }
}
