//! A history as JSON has it: an array for each name.

use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{Epoch, History, Scores};

/// Names with a value for each epoch, in the order of the text. `null` stands for none, and for what JSON cannot write:
/// values that are not finite.
pub(super) struct Columns(Vec<(String, Vec<Option<f64>>)>);

impl From<&History> for Columns {
    fn from(history: &History) -> Self {
        let column =
            |name: &String| (0..history.epochs.len()).map(|epoch| history.value(epoch, name)).collect();
        Self(history.names().into_iter().map(|name| (name.clone(), column(&name))).collect())
    }
}

impl TryFrom<Columns> for History {
    type Error = String;

    fn try_from(Columns(columns): Columns) -> Result<Self, String> {
        let find = |name: &str| columns.iter().find(|(other, _)| other == name).map(|(_, column)| column);
        let losses = find("loss").ok_or("this is no history: it has no `loss`")?;
        if let Some((name, column)) = columns.iter().find(|(_, column)| column.len() != losses.len()) {
            let (found, expected) = (column.len(), losses.len());
            return Err(format!("`{name}` has {found} values, but `loss` has {expected}"));
        }
        let is_metric =
            |name: &str| !["loss", "seconds", "learning_rate"].contains(&name) && !name.starts_with("val_");
        let metrics: Vec<String> =
            columns.iter().map(|(name, _)| name).filter(|name| is_metric(name)).cloned().collect();
        let at = |name: &str, epoch: usize| find(name).and_then(|column| column[epoch]);
        let scores = |prefix: &str, epoch| {
            let value = |name: &str| at(&format!("{prefix}{name}"), epoch).unwrap_or(f64::NAN);
            Scores { loss: value("loss"), metrics: metrics.iter().map(|name| value(name)).collect() }
        };
        let epochs = (0..losses.len()).map(|epoch| Epoch {
            training: scores("", epoch),
            validation: at("val_loss", epoch).map(|_| scores("val_", epoch)),
            seconds: at("seconds", epoch).unwrap_or(f64::NAN),
            learning_rate: at("learning_rate", epoch).unwrap_or(f64::NAN),
        });
        Ok(Self { epochs: epochs.collect(), metrics })
    }
}

impl Serialize for Columns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, column)| (name, column)))
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Columns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with an array of numbers for each name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Columns, A::Error> {
                let mut columns = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    columns.push(entry);
                }
                Ok(Columns(columns))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
