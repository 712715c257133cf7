//! The typed view as JSON, in either of two spellings of the same names.

use serde_json::{Map, Value};

/// How the typed view's names are spelt. Keys inside `fields`, `actions` and extras are always the wire's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// `result_code`: Rust, Python, C and every test vector.
    Snake,
    /// `resultCode`: Node.
    Camel,
}

impl Naming {
    /// Spells a snake_case name.
    #[must_use]
    pub fn spell(self, name: &str) -> String {
        if self == Self::Snake {
            return name.to_owned();
        }
        let mut spelt = String::with_capacity(name.len());
        let mut upper = false;
        for letter in name.chars() {
            if letter == '_' {
                upper = true;
            } else {
                spelt.push(if upper { letter.to_ascii_uppercase() } else { letter });
                upper = false;
            }
        }
        spelt
    }
}

/// An object of the view under construction.
pub(crate) struct View {
    naming: Naming,
    map: Map<String, Value>,
}

impl View {
    pub(crate) fn new(naming: Naming) -> Self {
        Self { naming, map: Map::new() }
    }

    pub(crate) fn set(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.map.insert(self.naming.spell(name), value.into());
        self
    }

    pub(crate) fn finish(self) -> Value {
        Value::Object(self.map)
    }
}

#[cfg(test)]
mod tests {
    use super::Naming;

    #[test]
    fn one_mechanical_rule() {
        for (snake, camel) in [
            ("image_links", "imageLinks"),
            ("phone_number2", "phoneNumber2"),
            ("id_number", "idNumber"),
            ("code", "code"),
        ] {
            assert_eq!((Naming::Snake.spell(snake).as_str(), Naming::Camel.spell(snake).as_str()), (snake, camel));
        }
    }
}
