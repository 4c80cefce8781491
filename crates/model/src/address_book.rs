//! The address objects of a file, found by their names: rules name them, and a firewall with a
//! thousand tunnels has thousands of both.

use crate::config::AddressObject;
use std::collections::BTreeMap;
use std::ops::Deref;

/// In the file's order. Of several with one name, the first is meant.
#[derive(Clone, Debug, Default)]
pub struct AddressBook {
    objects: Vec<AddressObject>,
    by_name: BTreeMap<String, usize>,
}

impl AddressBook {
    pub fn push(&mut self, object: AddressObject) {
        let name = object.name.value.clone();
        self.by_name.entry(name).or_insert(self.objects.len());
        self.objects.push(object);
    }

    pub fn named(&self, name: &str) -> Option<&AddressObject> {
        self.objects.get(*self.by_name.get(name)?)
    }
}

impl FromIterator<AddressObject> for AddressBook {
    fn from_iter<I: IntoIterator<Item = AddressObject>>(objects: I) -> Self {
        let mut book = Self::default();
        objects.into_iter().for_each(|object| book.push(object));
        book
    }
}

impl Deref for AddressBook {
    type Target = [AddressObject];

    fn deref(&self) -> &Self::Target {
        &self.objects
    }
}

impl<'a> IntoIterator for &'a AddressBook {
    type Item = &'a AddressObject;
    type IntoIter = std::slice::Iter<'a, AddressObject>;

    fn into_iter(self) -> Self::IntoIter {
        self.objects.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AddressValue;
    use crossgate_diag::Spanned;

    #[test]
    fn of_several_objects_with_one_name_the_first_is_meant() {
        let object = |name: &str, value: &str| AddressObject {
            name: Spanned::default_of(name.to_owned()),
            value: AddressValue::Fqdn(Spanned::default_of(value.to_owned())),
        };
        let objects = [object("b", "1"), object("a", "2"), object("b", "3")];
        let book: AddressBook = objects.into_iter().collect();
        let value = |name: &str| match &book.named(name)?.value {
            AddressValue::Fqdn(value) => Some(value.value.clone()),
            _ => None,
        };
        assert_eq!(value("b").as_deref(), Some("1"));
        assert_eq!(value("a").as_deref(), Some("2"));
        assert_eq!(value("c"), None);
        assert_eq!(book.len(), 3);
    }
}
