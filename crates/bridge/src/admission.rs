//! Counting connections, in all and by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::refusal::{Code, Refusal};

/// How many connections there may be, and how many there are.
#[derive(Debug)]
pub(crate) struct Admission {
    max: usize,
    max_per_address: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Admission {
    pub(crate) fn new(max: usize, max_per_address: usize) -> Arc<Self> {
        Arc::new(Admission { max, max_per_address, counts: Mutex::default() })
    }

    /// How many connections there are now.
    pub(crate) fn current(&self) -> usize {
        self.counts().all
    }

    /// How many there may be.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Takes a place, which is given back when the result is dropped.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refusal> {
        let address = network_of(address);
        let mut counts = self.counts();
        if counts.all >= self.max {
            return Err(Refusal::new(
                Code::TooManyConnections,
                format!("this bridge has its limit of {} connections", self.max),
                "try again later, or start oraedge-bridge with a higher --max-connections",
            ));
        }
        let here = counts.by_address.get(&address).copied().unwrap_or(0);
        if here >= self.max_per_address {
            return Err(Refusal::new(
                Code::TooManyConnections,
                format!(
                    "this bridge has its limit of {} connections from {address}",
                    self.max_per_address
                ),
                "close some, or start oraedge-bridge with a higher --max-connections-per-address (behind a reverse proxy all clients share its address)",
            ));
        }
        counts.by_address.insert(address, here + 1);
        counts.all += 1;
        Ok(Place { admission: Arc::clone(self), address })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One IPv6 host has a whole /64 of addresses to its name, so that is what counts as one.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// A place that a connection holds.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.admission.counts();
        counts.all -= 1;
        match counts.by_address.get_mut(&self.address) {
            Some(here) if *here > 1 => *here -= 1,
            _ => {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_in_all_and_by_address_and_come_back() {
        let admission = Admission::new(3, 2);
        let [a, b]: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let first = admission.admit(a).unwrap();
        let _second = admission.admit(a).unwrap();
        assert!(admission.admit(a).unwrap_err().message.contains("10.0.0.1"));
        let _third = admission.admit(b).unwrap();
        assert!(admission.admit(b).unwrap_err().message.contains("limit of 3 connections"));
        drop(first);
        let _again = admission.admit(a).unwrap();
        assert_eq!(admission.current(), 3);
    }

    #[test]
    fn a_mapped_address_and_a_neighbour_in_the_same_64_count_as_one() {
        let admission = Admission::new(9, 1);
        for (first, second) in [("10.0.0.1", "::ffff:10.0.0.1"), ("2001:db8::1", "2001:db8::2")] {
            let _place = admission.admit(first.parse().unwrap()).unwrap();
            assert!(admission.admit(second.parse().unwrap()).is_err(), "{second}");
        }
        let _place = admission.admit("2001:db8::1".parse().unwrap()).unwrap();
        assert!(admission.admit("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn nothing_is_left_of_an_address_that_is_gone() {
        let admission = Admission::new(9, 9);
        drop(admission.admit("10.0.0.1".parse().unwrap()).unwrap());
        assert!(admission.counts().by_address.is_empty());
        assert_eq!(admission.current(), 0);
    }
}
