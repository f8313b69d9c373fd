//! Numbers in a question that are codes: after code words, after "$", or by themselves.

use super::super::normalise;
use super::super::words::{Class, REPORTS, is_unit, name_of, words_of};
use super::{Hit, Query, What, is_weak_unit};

impl Query<'_> {
    /// "$130", "dollar one three zero".
    pub(super) fn setting(&self, at: usize) -> Option<Hit> {
        if self.text(at) != "$" {
            return None;
        }
        let readings = self.question.readings(at + 1);
        let known = readings.iter().find_map(|(digits, end)| Some((self.variant("$", digits)?, *end)));
        if let Some((code, end)) = known {
            return Some(Hit::new(code, What::Known, at, end));
        }
        let (digits, end) = readings.into_iter().next()?;
        let code = format!("${digits}");
        self.lookup.shapes.has_prefix("$").then(|| Hit::new(code, What::Unknown, at, end))
    }

    /// A number after code words: "alarm 1803", "error code one five", "fault bit 61",
    /// "código de fallo 15", "故障代码15".
    pub(super) fn numbered(&self, at: usize) -> Option<Hit> {
        let mut classes = vec![self.question.class(at)?];
        let mut start = at + 1;
        loop {
            match self.question.class(start) {
                Some(class) => classes.push(class),
                None if self.question.is_filler(start) => {}
                None => break,
            }
            start += 1;
        }
        let readings = self.question.readings(start);
        let first = readings.first()?.1;
        // 报警一直响: a lone numeral with a counter is no number of an alarm.
        let counted = self.question.is_han(start) && first == start + 1 && self.question.is_han(first);
        if counted && is_unit(self.text(first)) {
            return None;
        }
        for (digits, end) in &readings {
            if let Some(code) = self.of_classes(&classes, digits) {
                return Some(Hit::new(code, What::Known, at, *end));
            }
        }
        let (digits, end) = readings.into_iter().next()?;
        let code = self.unknown_number(&classes, &digits, start, end)?;
        Some(Hit::new(code, What::Unknown, at, end))
    }

    /// The code that the index has for a number after words of `classes`.
    fn of_classes(&self, classes: &[Class], digits: &str) -> Option<String> {
        let shapes = self.lookup.shapes;
        let with = |class: &Class| words_of(*class).iter().find_map(|w| self.variant(&normalise(w), digits));
        let specific = || classes.iter().rev().filter(|c| **c != Class::Code);
        if let Some(code) = specific().find_map(with) {
            return Some(code);
        }
        if classes.contains(&Class::Setting)
            && let Some(code) = self.variant("$", digits)
        {
            return Some(code);
        }
        if let Some(code) = self.variant("", digits) {
            return Some(code);
        }
        // "Fault code 9": any word that the manual has. A number of three digits or more is
        // clear enough whatever the word is, and so is one under a word of which the index
        // has no numbers.
        let none = !shapes.is_empty() && !specific().any(|c| shapes.has_word(*c));
        let open = specific().next().is_none() || digits.len() >= 3 || none && digits != "1";
        if open && let Some(code) = REPORTS.iter().chain([&Class::Bit, &Class::Code]).find_map(with) {
            return Some(code);
        }
        // "Fault 37" may be F37, where F is not the first half of pairs (F3-07).
        let initial = specific().find_map(|class| {
            let name = name_of(*class);
            let letter = name.get(..1).filter(|letter| shapes.pads(letter))?;
            self.variant(letter, digits)
        });
        initial.or_else(|| self.under_any_prefix(digits).filter(|_| specific().next().is_none()))
    }

    /// Where only one letter of the index's codes goes with the number, it is meant.
    fn under_any_prefix(&self, digits: &str) -> Option<String> {
        let mut found = self.lookup.shapes.prefixes().filter_map(|prefix| self.variant(prefix, digits));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    fn unknown_number(&self, classes: &[Class], digits: &str, start: usize, end: usize) -> Option<String> {
        let shapes = self.lookup.shapes;
        let unit = self.text(end);
        if (is_unit(unit) && !is_weak_unit(unit)) || self.follows(end, ["%", "°"]) {
            return None;
        }
        let class = classes.iter().rev().find(|c| **c != Class::Code);
        let reports = classes.iter().any(|c| REPORTS.contains(c));
        // Every machine has parameters and bits; only where the index numbers them is one missing.
        if matches!(class, Some(Class::Setting | Class::Bit)) && !reports {
            let numbered = class.is_some_and(|c| shapes.has_word(*c)) || shapes.has_prefix("$");
            if !numbered {
                return None;
            }
        }
        // "Alarm one more time": one spoken word is too little to call it a code, unless the
        // index numbers its alarms.
        let written = self.text(start).starts_with(|c: char| c.is_ascii_digit());
        let said = end == start + 1 && !written;
        let numbers = digits != "1" && class.is_some_and(|c| shapes.has_word(*c));
        if said && !numbers {
            return None;
        }
        Some(class.map_or_else(|| digits.to_owned(), |class| format!("{} {digits}", name_of(*class))))
    }

    fn follows(&self, at: usize, signs: [&str; 2]) -> bool {
        at < self.question.words.len() && signs.iter().any(|s| self.question.gap(at).starts_with(s))
    }

    /// A bare number that is some entry's code: "what is 1803"; 15号报警.
    pub(super) fn bare(&self, at: usize) -> Option<Hit> {
        self.question.numeral(at)?;
        let readings = self.question.readings(at);
        for (digits, end) in &readings {
            let class = match self.text(*end) {
                "号" => self.question.class(end + 1).map(|class| (class, end + 2)),
                _ => self.question.class(*end).filter(|_| self.question.is_han(*end)).map(|c| (c, end + 1)),
            };
            if let Some((class, end)) = class
                && let Some(code) = self.of_classes(&[class], digits)
            {
                return Some(Hit::new(code, What::Known, at, end));
            }
            if digits.len() < 3 || is_unit(self.text(*end)) || self.follows(*end, ["%", "°"]) {
                continue;
            }
            let prefixes = std::iter::once(String::new())
                .chain(REPORTS.iter().chain([&Class::Code]).flat_map(|c| words_of(*c)).map(|w| normalise(w)));
            if let Some(code) = prefixes.map(|w| format!("{w}{digits}")).find(|c| self.known(c)) {
                return Some(Hit::new(code, What::Known, at, *end));
            }
        }
        let (digits, end) = readings.into_iter().next()?;
        let class = self.question.class(end).filter(|c| *c != Class::Setting && *c != Class::Bit)?;
        let adjacent = self.question.is_han(end) && self.question.gap(end).is_empty();
        let code = if class == Class::Code { digits.clone() } else { format!("{} {digits}", name_of(class)) };
        (adjacent && digits.len() >= 3).then(|| Hit::new(code, What::Unknown, at, end + 1))
    }
}
