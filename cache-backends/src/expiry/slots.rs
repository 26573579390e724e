//! Numbered slots, each with one thing or free.
//!
//! Invariant: a place names one thing that was put in, never another that comes to the same slot later. Slots are made
//! in chunks, so that no insert copies all of them to make room.

use std::num::NonZeroU32;

/// How many slots are made room for at a time.
const CHUNK: usize = 512;

/// Counted from 1, so that none takes no room.
pub(super) type Number = NonZeroU32;

/// Where one thing was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) slot: Number,
    visit: NonZeroU32,
}

#[derive(Debug)]
pub(super) struct Slots<T> {
    chunks: Vec<Vec<Slot<T>>>,
    first_free: Option<Number>,
    len: usize,
    /// The last; it goes round after four billion.
    visit: NonZeroU32,
}

#[derive(Debug)]
enum Slot<T> {
    Holds { visit: NonZeroU32, thing: T },
    Free { next: Option<Number> },
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), first_free: None, len: 0, visit: NonZeroU32::MIN }
    }
}

impl<T> Slots<T> {
    /// `None` when four billion are held.
    pub(super) fn insert(&mut self, thing: T) -> Option<Place> {
        self.visit = self.visit.checked_add(1).unwrap_or(NonZeroU32::MIN);
        let (visit, held) = (self.visit, Slot::Holds { visit: self.visit, thing });
        let slot = match self.first_free {
            Some(free) => self.fill(free, held)?,
            None => self.push(held)?,
        };
        self.len += 1;
        Some(Place { slot, visit })
    }

    /// Takes out what was put there, if it is still there.
    pub(super) fn remove(&mut self, place: Place) -> Option<T> {
        let free = Slot::Free { next: self.first_free };
        let slot = self.slot_mut(place.slot).filter(|slot| slot.has(place))?;
        let Slot::Holds { thing, .. } = std::mem::replace(slot, free) else { return None };
        self.first_free = Some(place.slot);
        self.len -= 1;
        self.give_back();
        Some(thing)
    }

    pub(super) fn at(&self, slot: Number) -> Option<(Place, &T)> {
        let (chunk, within) = split(slot);
        match self.chunks.get(chunk)?.get(within)? {
            Slot::Holds { visit, thing } => Some((Place { slot, visit: *visit }, thing)),
            Slot::Free { .. } => None,
        }
    }

    pub(super) fn at_mut(&mut self, slot: Number) -> Option<&mut T> {
        match self.slot_mut(slot)? {
            Slot::Holds { thing, .. } => Some(thing),
            Slot::Free { .. } => None,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn slot_mut(&mut self, slot: Number) -> Option<&mut Slot<T>> {
        let (chunk, within) = split(slot);
        self.chunks.get_mut(chunk)?.get_mut(within)
    }

    fn fill(&mut self, number: Number, held: Slot<T>) -> Option<Number> {
        let slot = self.slot_mut(number)?;
        let Slot::Free { next } = std::mem::replace(slot, held) else { return None };
        self.first_free = next;
        Some(number)
    }

    /// All are held when this is called, so the last chunk is the only one with room.
    fn push(&mut self, held: Slot<T>) -> Option<Number> {
        let number = Number::new(u32::try_from(self.len + 1).ok()?)?;
        if self.chunks.last().is_none_or(|last| last.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks.last_mut()?.push(held);
        Some(number)
    }

    /// An empty store keeps room for few.
    fn give_back(&mut self) {
        if self.len == 0 && self.chunks.len() > 1 {
            self.chunks = Vec::new();
            self.first_free = None;
        }
    }
}

impl<T> Slot<T> {
    fn has(&self, place: Place) -> bool {
        matches!(self, Self::Holds { visit, .. } if *visit == place.visit)
    }
}

fn split(number: Number) -> (usize, usize) {
    let index = usize::try_from(number.get() - 1).unwrap_or(usize::MAX);
    (index / CHUNK, index % CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(slots: &Slots<usize>, place: Place) -> Option<usize> {
        slots.at(place.slot).filter(|(there, _)| *there == place).map(|(_, thing)| *thing)
    }

    #[test]
    fn a_place_names_what_was_put_there_and_nothing_later() {
        let mut slots = Slots::default();
        let places: Vec<_> = (0..3 * CHUNK).map(|thing| slots.insert(thing).unwrap()).collect();
        for (thing, place) in places.iter().enumerate() {
            assert_eq!(held(&slots, *place), Some(thing));
        }
        assert_eq!((slots.remove(places[700]), slots.remove(places[700])), (Some(700), None));
        let later = slots.insert(9).unwrap();
        assert_eq!((later.slot, later == places[700]), (places[700].slot, false), "its slot is used again");
        assert_eq!((slots.remove(places[700]), held(&slots, later), slots.len()), (None, Some(9), 3 * CHUNK));
    }

    #[test]
    fn the_last_that_leaves_gives_the_room_back() {
        let mut slots = Slots::default();
        let places: Vec<_> = (0..3 * CHUNK).map(|thing| slots.insert(thing).unwrap()).collect();
        for place in &places {
            assert_eq!(slots.chunks.len(), 3);
            slots.remove(*place).unwrap();
        }
        assert_eq!((slots.len(), slots.chunks.len()), (0, 0));
        let again = slots.insert(1).unwrap();
        assert_eq!((slots.remove(places[0]), held(&slots, again)), (None, Some(1)), "another visit");
        assert_eq!((slots.remove(again), slots.chunks.len()), (Some(1), 1), "one chunk stays");
        let place = slots.insert(2).unwrap();
        assert_eq!(held(&slots, place), Some(2));
    }

    #[test]
    fn a_slot_takes_no_more_than_what_it_holds() {
        assert_eq!(size_of::<Slot<[u64; 3]>>(), size_of::<[u64; 3]>() + 8);
        assert_eq!(size_of::<Option<Place>>(), 8);
    }
}
